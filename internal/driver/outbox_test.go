package driver

import (
	"runtime"
	"testing"

	"github.com/kilnproject/kiln/internal/core/task"
)

func TestAMergeThatEndsItsGoroutineHoldsUpNothingBehindIt(t *testing.T) {
	var merged []int
	o := &outbox{merge: func(u task.Update) error {
		if u.Accumulator == 1 {
			runtime.Goexit()
		}
		merged = append(merged, int(u.Accumulator))
		return nil
	}}
	done := make(chan struct{})
	o.updates([]task.Update{{Accumulator: 0}, {Accumulator: 1}, {Accumulator: 2}})
	o.updates([]task.Update{{Accumulator: 3}})
	o.put(func() { close(done) })
	<-done
	o.wait()
	if len(merged) != 3 {
		t.Errorf("merged are %v, want all but 1", merged)
	}
}
