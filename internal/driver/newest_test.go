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

func TestNobodyIsSentToAnExecutorThatHasAnOlderList(t *testing.T) {
	var d Driver
	ref := ids.StageRef{Stage: 4, Attempt: 1}
	place := func(e ids.ExecutorID) string { return d.directory.Place(ids.Inputs(ref), 1<<20, nil, e).Addr }
	for e := range ids.ExecutorID(4) {
		d.directory.Joined(e, "blocks-"+e.String())
	}
	for e := range ids.ExecutorID(4) {
		d.list(ref, nil)
		if addr := place(e); addr != "" {
			t.Errorf("the first who asks for the newest list is sent to %s", addr)
		}
		if addr := place((e + 1) % 4); addr != "blocks-"+e.String() {
			t.Errorf("the second who asks for the newest list is sent to %q, and not to executor %v", addr, e)
		}
	}
	if d.unship(ref); d.directory.Len() != 0 {
		t.Error("the stage attempt is over, and who has its list is remembered")
	}
}
