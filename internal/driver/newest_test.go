package driver

import (
	"testing"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/link/wire"
)

// Map outputs have moved while a stage attempt runs: who asks because of an older list is told where they are now.
func TestTheNewestListOfAStageAttemptIsServed(t *testing.T) {
	var l listings
	ref := ids.StageRef{Stage: 4, Attempt: 1}
	for executor := range ids.ExecutorID(3) {
		l.offer(ref, []task.Input{{Outputs: []task.MapOutput{{Executor: executor}}}})
		for range 2 {
			b, err := l.open(ids.Inputs(ref))
			if err != nil {
				t.Fatal(err)
			}
			if in, err := wire.DecodeListing(b.Data); err != nil || in[0].Outputs[0].Executor != executor {
				t.Errorf("got %+v, %v; want executor %v", in, err, executor)
			}
		}
	}
	if _, err := l.open(ids.Inputs(ids.StageRef{Stage: 4})); err == nil {
		t.Error("another attempt of the stage has the same list")
	}
}
