package sched

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched/speculate"
	"github.com/kilnproject/kiln/internal/core/task"
)

// TestNonsenseDoesNotBreakTheCore tells events that no shell should tell, between some that make sense.
func TestNonsenseDoesNotBreakTheCore(t *testing.T) {
	for seed := range uint64(300) {
		n := &nonsense{r: rand.New(rand.NewPCG(seed, 0))}
		c := New(Config{Seed: seed, MaxResultSize: 50, Silence: time.Duration(seed%3) * time.Second, ReasonWait: time.Duration(seed%5) * time.Second, Publish: seed%2 == 0, Ahead: int(seed % 4), Speculation: speculate.Config{
			Enabled: seed%3 > 0, Quantile: 0.1, Multiplier: 1, MinRuntime: 1, AnyRate: seed%2 == 0, Threshold: time.Duration(seed%2) * time.Millisecond,
		}})
		now := Time(0)
		for range 200 {
			now += time.Duration(n.r.IntN(50)) * time.Millisecond
			ev := n.event()
			for _, a := range c.Step(now, ev, nil) {
				if l, ok := a.(*Launch); ok {
					n.launched = append(n.launched, *l)
				}
			}
			if err := c.Check(); err != nil {
				t.Fatalf("seed %d, after %#v: %v", seed, ev, err)
			}
			c.View()
		}
	}
}

type nonsense struct {
	r        *rand.Rand
	launched []Launch
	jobs     ids.JobID
}

// some gives a number from -1 to 3, or a huge one.
func (n *nonsense) some() int32 {
	if n.r.IntN(30) == 0 {
		return 1<<31 - 1 - n.r.Int32N(2)*(1<<31-1)*2
	}
	return n.r.Int32N(5) - 1
}

func (n *nonsense) event() Event {
	switch n.r.IntN(20) {
	case 0, 1:
		return n.job()
	case 2:
		return ExecutorRegistered{ID: ids.ExecutorID(n.some()), Host: "h", Slots: int(n.some())}
	case 3:
		return ExecutorLost{ids.ExecutorID(n.some()), "gone", n.r.IntN(2) == 0}
	case 4:
		return OutputsLost{ids.ExecutorID(n.some())}
	case 5:
		return ResultFetched{Task: ids.TaskID(n.some())}
	case 6:
		return ResultLost{Task: ids.TaskID(n.some())}
	case 7:
		return ShuffleReleased{ids.ShuffleID(n.some())}
	case 8:
		return JobCancelled{Job: ids.JobID(n.some())}
	case 9:
		return Woke{}
	case 10:
		return nil
	case 12:
		return ExecutorSuspected{ids.ExecutorID(n.some()), "broken"}
	case 13:
		return ExecutorsDecommissioned{[]ids.ExecutorID{ids.ExecutorID(n.some()), ids.ExecutorID(n.some())}, "age", time.Duration(n.some()) * time.Millisecond, n.r.IntN(2) == 0}
	case 14:
		return KillAsked{[]ids.ExecutorID{ids.ExecutorID(n.some())}, "age", n.r.IntN(2) == 0, n.r.IntN(2) == 0, n.r.IntN(2) == 0}
	case 15:
		return n.host()
	case 11:
		return ExecutorRegistered{ID: ids.ExecutorID(n.r.IntN(300)), Host: "h", Slots: 2}
	}
	return n.end()
}

func (n *nonsense) host() Event {
	switch n.r.IntN(9) {
	case 2, 3, 4:
		if len(n.launched) > 0 {
			l := n.launched[n.r.IntN(len(n.launched))]
			return TaskCalled{l.Executor, task.Call{Ref: l.Task.Ref, ID: l.Task.ID, Kind: task.CallKind(n.r.IntN(4))}}
		}
	case 5:
		block := ids.BlockID{Kind: ids.BlockKind(n.r.IntN(7)), A: int64(n.some()), B: n.some(), C: n.some()}
		return CopyEnded{ids.ExecutorID(n.some()), task.Copied{Block: block, Generation: n.some(), From: ids.ExecutorID(n.some()), Error: []string{"", "no"}[n.r.IntN(2)]}}
	case 6:
		block := BlockChange{RDD: ids.RDDID(n.some()), Partition: n.some(), There: n.r.IntN(3) > 0, Generation: n.some() / 2}
		return BlocksChanged{ids.ExecutorID(n.some()), []BlockChange{block, block}}
	case 7:
		return RDDReleased{ids.RDDID(n.some())}
	case 0:
		return HostLost{"h", "gone"}
	case 1:
		return HostDecommissioned{"nobody's", "age", 0}
	}
	if n.r.IntN(2) == 0 && len(n.launched) > 0 {
		l := n.launched[n.r.IntN(len(n.launched))]
		ref := ids.TaskRef{StageRef: l.Task.Ref.StageRef, Partition: n.some(), Try: l.Task.Ref.Try}
		return Progressed{ids.ExecutorID(n.some()), []TaskProgress{{l.Task.Ref, int64(n.some()), int64(n.some())}, {ref, 1, 1}}}
	}
	return Heard{ids.ExecutorID(n.some())}
}

func (n *nonsense) job() Event {
	n.jobs++
	j := Job{ID: n.jobs, MapStage: n.r.IntN(4) == 0}
	for range n.r.IntN(4) {
		s := StageSpec{IsMap: n.r.IntN(4) > 0, Shuffle: ids.ShuffleID(n.r.IntN(4)), Partitions: int(n.r.Int32N(5)) - 1, Reduces: n.r.IntN(3) - 1}
		if n.r.IntN(2) == 0 {
			s.Parents = []ids.ShuffleID{ids.ShuffleID(n.r.IntN(4))}
		}
		j.Stages = append(j.Stages, s)
	}
	if len(j.Stages) > 0 && !j.MapStage {
		last := &j.Stages[len(j.Stages)-1]
		last.IsMap = false
		if n.r.IntN(5) == 0 {
			j.Partitions = []int32{n.some(), n.some()}
		}
	}
	return JobSubmitted{j}
}

func (n *nonsense) end() Event {
	end := task.End{
		Ref: ids.TaskRef{StageRef: ids.StageRef{Stage: ids.StageID(n.some()), Attempt: ids.StageAttempt(n.some())}, Partition: n.some(), Try: ids.TaskAttempt(n.some())},
		ID:  ids.TaskID(n.some()), Stored: n.r.IntN(4) == 0, ResultSize: int64(n.r.IntN(30)) - 5,
	}
	at := ids.ExecutorID(n.some())
	if len(n.launched) > 0 && n.r.IntN(8) > 0 {
		l := n.launched[n.r.IntN(len(n.launched))]
		end.Ref, end.ID, at = l.Task.Ref, l.Task.ID, l.Executor
	}
	for range n.r.IntN(4) {
		end.Sizes.Codes = append(end.Sizes.Codes, byte(n.some()))
	}
	for range n.r.IntN(8) / 6 {
		end.Sizes.Exact = append(end.Sizes.Exact, task.ExactSize{Reduce: n.some(), Bytes: task.ExactFrom + int64(n.some())})
	}
	end.Reason = task.EndReason{
		Fate:  task.Fate(n.r.IntN(9)),
		Fetch: task.Fetch{Shuffle: ids.ShuffleID(n.some()), Map: n.some(), Reduce: n.some(), Executor: ids.ExecutorID(n.some())},
	}
	if n.r.IntN(2) == 0 {
		end.Reason.Fate = task.Success
	}
	if n.r.IntN(2) == 0 {
		end.Reason.Error = &task.Error{Text: "nonsense", Final: n.r.IntN(20) == 0}
	}
	return TaskEnded{at, end}
}
