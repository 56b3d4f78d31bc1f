package sim

import (
	"reflect"
	"slices"
	"testing"

	"github.com/kilnproject/kiln/internal/core/sched"
)

// broken is a core that is the real one but for what twist makes of its actions.
type broken struct {
	*sched.Core
	twist func(ev sched.Event, actions []sched.Action) []sched.Action
}

func (b *broken) Step(now Time, ev sched.Event, out []sched.Action) []sched.Action {
	return b.twist(ev, b.Core.Step(now, ev, out))
}

func breaking(twist func(sched.Event, []sched.Action) []sched.Action) func(sched.Config) scheduler {
	return func(cfg sched.Config) scheduler { return &broken{sched.New(cfg), twist} }
}

// large is a scenario with everything in it, of which the tests below need little.
func large(seed uint64) Plan {
	s := Random(seed)
	s.Profiles = 0
	s.Executors, s.Jobs, s.MaxTasks, s.Losses, s.Caches, s.DiskFaults, s.Partings, s.Pauses, s.Fail = 6, 12, 12, 6, 20, 8, 8, 4, 0.05
	return Draw(s)
}

func TestAFailureShrinksToTheOneJobThatItNeeds(t *testing.T) {
	deliversTwice := breaking(func(_ sched.Event, actions []sched.Action) []sched.Action {
		for i, a := range actions {
			if d, ok := a.(*sched.DeliverResult); ok && d.Partition == 2 {
				return slices.Insert(actions, i, a)
			}
		}
		return actions
	})
	for seed := range uint64(8) {
		p, f := shrink(large(seed), deliversTwice)
		if f == nil || f.Oracle != "once" {
			t.Fatalf("seed %d: %v", seed, f)
		}
		// The other partitions of the job may be needed for one of its jobs to have a partition 2 at all.
		if len(p.Jobs) != 1 || len(p.Joins) > 1 || len(p.Accidents) != 0 || len(p.Only) != 0 || p.Jobs[0].Last.Partitions != 3 || len(p.Jobs[0].Roots) > 0 {
			t.Errorf("seed %d shrinks to %+v", seed, p)
		}
		again, _ := shrink(large(seed), deliversTwice)
		if !reflect.DeepEqual(p, again) {
			t.Errorf("seed %d shrinks to %+v and then to %+v", seed, p, again)
		}
	}
}

func TestAnAccidentThatAFailureNeedsIsKept(t *testing.T) {
	forgetsWhy := breaking(func(ev sched.Event, actions []sched.Action) []sched.Action {
		if _, ok := ev.(sched.OutputsLost); ok {
			return append(actions, sched.FailJob{})
		}
		return actions
	})
	p, f := shrink(large(3), forgetsWhy)
	if f == nil || f.Oracle != "ends" || len(p.Accidents) != 1 || p.Accidents[0].Kind != DiskForgets || len(p.Jobs) > 0 {
		t.Errorf("%v: %+v", f, p)
	}
}

func TestAMishapThatAFailureNeedsIsKept(t *testing.T) {
	losesFailures := breaking(func(ev sched.Event, actions []sched.Action) []sched.Action {
		if ended, ok := ev.(sched.TaskEnded); ok && ended.End.Reason.Error != nil && ended.End.Reason.Error.Text == "the function failed" {
			panic("nobody thought of that")
		}
		return actions
	})
	p, f := shrink(large(9), losesFailures)
	if f == nil || f.Oracle != "panic" || len(p.Only) != 1 || p.Only[0].what != fails || len(p.Accidents) > 0 || len(p.Jobs) != 1 {
		t.Errorf("%v: mishaps %+v, accidents %+v, jobs %+v", f, p.Only, p.Accidents, p.Jobs)
	}
}

func TestAPlanThatDoesNotFailIsNotShrunk(t *testing.T) {
	p := large(5)
	if q, f := Shrink(p); f != nil || !reflect.DeepEqual(p, q) {
		t.Errorf("%v", f)
	}
}

func TestFewerKeepsExactlyWhatIsNeeded(t *testing.T) {
	needs := map[int]bool{3: true, 17: true, 18: true, 40: true}
	list := make([]int, 50)
	for i := range list {
		list[i] = i
	}
	tries := 0
	fewer(list, func(l []int) bool {
		tries++
		n := 0
		for _, x := range l {
			if needs[x] {
				n++
			}
		}
		if n < len(needs) {
			return false
		}
		list = l
		return true
	})
	if !reflect.DeepEqual(list, []int{3, 17, 18, 40}) || tries > 60 {
		t.Errorf("%v after %d tries", list, tries)
	}
}
