package driver_test

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/kilnproject/kiln/cluster"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/link/wire"
)

// Executor 1 comes when executor 0 begins to drain, and executor 2 when executor 0 is lost all the same: which is one too many, as soon as it is
// heard of. Nothing orders what managers and links tell, so this is played often.
func TestALossIsHeardOfBeforeWhoComesInItsPlace(t *testing.T) {
	for range 50 {
		drive(t, nil, func(r *rig) {
			drains := r.executor(0)
			done := r.run(r.t.Context(), 1)
			drains.launch()
			drains.send(&wire.Up{Leaving: "its machine says so"})
			synctest.Wait()
			stays := r.executor(1)
			synctest.Wait()
			r.manager.handler.Gone(0, cluster.Loss{Text: "killed by signal 9"})
			r.executor(2)
			stays.send(&wire.Up{Ends: []task.End{ended(stays.launch(), "a")}})
			if o := <-done; o.err != nil || o.values[0] != "a" {
				t.Errorf("got %+v", o)
			}
			synctest.Wait()
			r.manager.mu.Lock()
			defer r.manager.mu.Unlock()
			if !slices.Contains(r.manager.released, 2) {
				t.Errorf("released %v, want executor 2 among them", r.manager.released)
			}
		})
	}
}
