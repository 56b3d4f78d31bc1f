package commit

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

// said is one thing that a coordinator was told or answered. The dumb second implementation is the list of these.
type said struct {
	what string // granted, ended
	ref  ids.TaskRef
}

// holder looks back for the last one that was authorised and has not ended since.
func holder(log []said, stage ids.StageID, partition int32) (ids.TaskRef, bool) {
	for i := len(log) - 1; i >= 0; i-- {
		g := log[i]
		if g.what == "granted" && g.ref.Stage == stage && g.ref.Partition == partition {
			return g.ref, !slices.Contains(log[i:], said{"ended", g.ref})
		}
	}
	return ids.TaskRef{}, false
}

func TestOneAttemptAtATimeMayCommit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := New()
		open := map[ids.StageID]bool{}
		var log []said
		number := func(t *rapid.T, what string, n int32) int32 { return rapid.Int32Range(0, n-1).Draw(t, what) }
		anyTask := func(t *rapid.T) ids.TaskRef {
			return ids.TaskRef{
				StageRef:  ids.StageRef{Stage: ids.StageID(number(t, "stage", 2)), Attempt: ids.StageAttempt(number(t, "stage attempt", 2))},
				Partition: number(t, "partition", 2), Try: ids.TaskAttempt(number(t, "try", 3)),
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"open": func(t *rapid.T) {
				s := ids.StageID(number(t, "opened", 2))
				c.Open(s, 2)
				open[s] = true
			},
			"close": func(t *rapid.T) {
				s := ids.StageID(number(t, "closed", 2))
				c.Close(s)
				open[s] = false
				log = slices.DeleteFunc(log, func(l said) bool { return l.ref.Stage == s })
			},
			"ask": func(t *rapid.T) {
				ref := anyTask(t)
				has, held := holder(log, ref.Stage, ref.Partition)
				want := Granted
				switch {
				case !open[ref.Stage]:
					want = NoStage
				case slices.Contains(log, said{"ended", ref}):
					want = Ended
				case held && has != ref:
					want = Held
				}
				if got := c.Ask(ref); got != want {
					t.Fatalf("%v is told %v, want %v", ref, got, want)
				}
				if want == Granted {
					log = append(log, said{"granted", ref})
				}
			},
			"end": func(t *rapid.T) {
				ref, fate := anyTask(t), task.Fate(rapid.IntRange(int(task.Success), int(task.CommitDenied)).Draw(t, "fate"))
				c.Ended(ref, fate)
				if open[ref.Stage] && fate != task.Success && fate != task.CommitDenied {
					log = append(log, said{"ended", ref})
				}
			},
			"": func(t *rapid.T) {
				for s := range ids.StageID(2) {
					for p := range int32(2) {
						got, ok := c.Holder(s, p)
						want, held := holder(log, s, p)
						if ok != held || held && got != want {
							t.Fatalf("%v may commit (%v), want %v (%v)", got, ok, want, held)
						}
					}
				}
			},
		})
	})
}

func TestWhatDoesNotExistIsDenied(t *testing.T) {
	c := New()
	c.Open(1, 2)
	for ref, want := range map[ids.TaskRef]Answer{
		{StageRef: ids.StageRef{Stage: 1}, Partition: 2}:  NoPartition,
		{StageRef: ids.StageRef{Stage: 1}, Partition: -1}: NoPartition,
		{StageRef: ids.StageRef{Stage: 2}}:                NoStage,
	} {
		c.Ended(ref, task.Failed)
		if got := c.Ask(ref); got != want {
			t.Errorf("%v: %v, want %v", ref, got, want)
		}
		if _, ok := c.Holder(ref.Stage, ref.Partition); ok {
			t.Errorf("%v has a holder", ref)
		}
	}
	c.Close(1)
	if c.Stages() != 0 {
		t.Error("a stage is left")
	}
}

func ExampleCoordinator() {
	c := New()
	c.Open(3, 10)
	first := ids.TaskRef{StageRef: ids.StageRef{Stage: 3}, Partition: 7}
	again := first
	again.Try = 1
	fmt.Println(c.Ask(first))
	fmt.Println(c.Ask(again))
	c.Ended(first, task.Lost)
	fmt.Println(c.Ask(again))
	fmt.Println(c.Ask(first))
	// Output:
	// granted
	// another attempt may commit
	// granted
	// this attempt has ended
}
