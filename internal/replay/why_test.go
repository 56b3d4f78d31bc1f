package replay

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/sched/health"
	"github.com/kilnproject/kiln/internal/core/sched/pool"
	"github.com/kilnproject/kiln/internal/core/sched/speculate"
	"github.com/kilnproject/kiln/internal/core/task"
)

// one is a job of one stage that a test can tell from others.
func one(id, tasks int) sched.JobSubmitted {
	return sched.JobSubmitted{Job: sched.Job{ID: ids.JobID(id), Stages: []sched.StageSpec{{Name: "count", Partitions: tasks}}}}
}

// finish ends the task attempt that was launched first.
func (c *cluster) finish(reason task.EndReason) {
	l := c.running[0]
	c.running = c.running[1:]
	c.tell(sched.TaskEnded{Executor: l.Executor, End: task.End{Ref: l.Task.Ref, ID: l.Task.ID, Reason: reason, Sizes: task.PackSizes([]int64{1, 1})}})
}

func (c *cluster) at(seconds float64) { c.now = time.Duration(seconds * float64(time.Second)) }

var well = task.EndReason{Fate: task.Success}

func checkWhy(t *testing.T, l *Log, stage ids.StageID, partition int32, want string) {
	t.Helper()
	spells, err := l.Why(stage, partition)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, s := range spells {
		got.WriteString(strings.TrimSpace(s.String()) + "\n")
	}
	if want = strings.TrimSpace(strings.ReplaceAll(want, "\t", "")) + "\n"; got.String() != want {
		t.Errorf("task %d of stage %d:\n%swant\n%s", partition, stage, got.String(), want)
	}
}

func TestATaskWaitsForAnExecutorAndForASlot(t *testing.T) {
	l := logOf(t, sched.Config{}, func(c *cluster) {
		c.at(1)
		c.tell(one(0, 2))
		c.at(2)
		c.tell(sched.ExecutorRegistered{ID: 0, Host: "a", Slots: 1})
		c.at(3)
		c.finish(well)
		c.at(5)
		c.finish(well)
	})
	checkWhy(t, l, 0, 1, `
		1.000s to 2.000s  waits for an executor
		2.000s to 3.000s  waits for a free slot: none came free
		3.000s to 5.000s  it runs: task 1.0 in stage 0.0 on executor 0, success`)
}

func TestATaskWaitsForAnExecutorOfItsProfile(t *testing.T) {
	l := logOf(t, sched.Config{}, func(c *cluster) {
		c.tell(sched.ExecutorRegistered{ID: 0, Host: "a", Slots: 4})
		wide := one(0, 2)
		wide.Job.Stages[0].Profile = 1
		c.tell(wide)
		c.at(2)
		c.tell(sched.ExecutorRegistered{ID: 1, Host: "a", Slots: 1, Profile: 1})
		c.at(3)
		c.finish(well)
		c.at(4)
		c.finish(well)
	})
	checkWhy(t, l, 0, 1, `
		0.000s to 2.000s  waits for an executor: none of profile 1 is there
		2.000s to 3.000s  waits for a free slot: none came free
		3.000s to 4.000s  it runs: task 1.0 in stage 0.0 on executor 1, success`)
}

func TestATaskOfABarrierStageWaitsForSlotsForAll(t *testing.T) {
	l := logOf(t, sched.Config{}, func(c *cluster) {
		c.tell(sched.ExecutorRegistered{ID: 0, Host: "a", Slots: 2})
		c.tell(one(0, 1))
		both := one(1, 2)
		both.Job.Stages[0].Barrier = true
		c.tell(both)
		c.at(3)
		c.finish(well)
		c.at(4)
		c.finish(well)
	})
	checkWhy(t, l, 1, 0, `
		0.000s to 3.000s  waits until all tasks of its barrier stage can run: 2 tasks, each of which takes 1 slots; 1 slots are free
		3.000s to 4.000s  it runs: task 0.0 in stage 1.0 on executor 0, success`)
}

func TestATaskWaitsForItsTurn(t *testing.T) {
	l := logOf(t, sched.Config{}, func(c *cluster) {
		c.tell(sched.ExecutorRegistered{ID: 0, Host: "a", Slots: 1})
		c.tell(one(0, 3))
		c.tell(one(1, 2))
		for i := range 5 {
			c.at(float64(i + 1))
			c.finish(well)
		}
	})
	checkWhy(t, l, 1, 1, `
		0.000s to 4.000s  waits for its turn: of the slots that came free 2 went to stage 0 of job 0, 1 went to other tasks of its stage
		4.000s to 5.000s  it runs: task 1.0 in stage 1.0 on executor 0, success`)
}

func TestASlowTaskHasACopy(t *testing.T) {
	cfg := sched.Config{Speculation: speculate.Config{Enabled: true, Quantile: 0.5, AnyRate: true}}
	l := logOf(t, cfg, func(c *cluster) {
		c.tell(sched.ExecutorRegistered{ID: 0, Host: "a", Slots: 1})
		c.tell(sched.ExecutorRegistered{ID: 1, Host: "b", Slots: 1})
		c.tell(one(0, 2))
		c.at(1)
		c.finish(well)
		c.at(4)
		c.tell(sched.Progressed{Executor: 1})
		c.at(5)
		slow := c.running[0]
		c.running = c.running[1:]
		c.finish(well)
		c.tell(sched.TaskEnded{Executor: slow.Executor, End: task.End{Ref: slow.Task.Ref, ID: slow.Task.ID, Reason: task.EndReason{Fate: task.Killed}}})
	})
	checkWhy(t, l, 0, 1, `
		0.000s to 5.000s  it runs: task 1.0 in stage 0.0 on executor 1, killed
		4.000s to 5.000s  it runs: task 1.1 in stage 0.0 on executor 0, success; a copy, for of the other one: it has run longer than the median, for 4.000s where 3.000s is the limit`)
	story := storyOf(t, l)
	for _, want := range []string{
		"4.000s  -> task 1.0 in stage 0.0 on executor 1 deserves a copy: it has run longer than the median, for 4.000s where 3.000s is the limit\n",
		"4.000s  -> task 1.1 in stage 0.0 is launched on executor 0, a copy\n",
		"5.000s  -> stage 0.0 is done (1 copies of slow tasks, of which 1 were first; attempts that were not first took 5.000s)\n",
	} {
		if !strings.Contains(story, want) {
			t.Errorf("the story lacks %q:\n%s", want, story)
		}
	}
}

func TestATaskWaitsForItsParentsAndForLosses(t *testing.T) {
	l := logOf(t, sched.Config{}, func(c *cluster) {
		c.tell(sched.ExecutorRegistered{ID: 0, Host: "red", Slots: 2})
		c.tell(sched.JobSubmitted{Job: job(0, 1)})
		c.at(1)
		c.finish(well)
		c.at(2)
		c.finish(task.EndReason{Fate: task.FetchFailed, Error: &task.Error{Text: "gone"}, Fetch: task.Fetch{Shuffle: 0, Map: 0, Executor: 0}})
		c.at(2.2)
		c.tell(sched.Woke{})
		c.at(3)
		c.finish(well) // the other reducer, launched before
		c.at(4)
		c.finish(well)
		c.at(5)
		c.finish(well)
	})
	checkWhy(t, l, 1, 0, `
		0.000s to 1.000s  waits for the stages that it reads from: stage 0
		1.000s to 2.000s  it runs: task 0.0 in stage 1.0 on executor 0, fetch failed
		2.000s to 2.200s  waits until losses of map outputs have been gathered
		2.200s to 4.000s  waits for the stages that it reads from: stage 0
		4.000s to 5.000s  it runs: task 0.0 in stage 1.1 on executor 0, success`)
	checkWhy(t, l, 0, 0, `
		0.000s to 1.000s  it runs: task 0.0 in stage 0.0 on executor 0, success
		2.000s to 2.200s  waits until losses of map outputs have been gathered
		2.200s to 4.000s  it runs: task 0.0 in stage 0.1 on executor 0, success`)
}

func TestATaskWaitsForEnoughExecutors(t *testing.T) {
	l := logOf(t, sched.Config{Expected: 2, MinRegistered: 1, RegisteredWait: time.Minute}, func(c *cluster) {
		c.tell(one(0, 1))
		c.tell(sched.ExecutorRegistered{ID: 0, Host: "a", Slots: 1})
		c.at(9)
		c.tell(sched.ExecutorRegistered{ID: 1, Host: "a", Slots: 1})
		c.at(10)
		c.tell(sched.ExecutorLost{ID: c.running[0].Executor, Reason: "it crashed"})
	})
	spells, err := l.Why(0, 0)
	if err != nil || len(spells) != 3 {
		t.Fatalf("%v, %v", spells, err)
	}
	if s := spells[0]; s.Rule != TooFewExecutors || s.From != 0 || s.To != 9*time.Second {
		t.Errorf("it waits %v", s)
	}
	if s := spells[1]; s.Rule != Runs || !strings.HasSuffix(s.Detail, "which was lost") {
		t.Errorf("its executor is lost: %v", s)
	}
	if s := spells[2]; s.Rule != Runs || !strings.HasSuffix(s.Detail, "still there at the end of the log") {
		t.Errorf("the log ends: %v", s)
	}
}

func TestATaskWaitsForASlotNearItsData(t *testing.T) {
	l := logOf(t, sched.Config{NodeWait: 3 * time.Second}, func(c *cluster) {
		c.tell(sched.ExecutorRegistered{ID: 0, Host: "red", Slots: 1})
		c.tell(sched.ExecutorRegistered{ID: 1, Host: "blue", Slots: 1})
		near := [][]sched.Place{{{Host: "red"}}, {{Host: "red"}}}
		c.tell(sched.JobSubmitted{Job: sched.Job{Stages: []sched.StageSpec{{Name: "count", Partitions: 2, Prefer: near}}}})
		c.now, _ = c.core.Wake()
		c.tell(sched.Woke{})
		c.at(8)
		c.finish(well)
		c.finish(well)
	})
	checkWhy(t, l, 0, 1, `
		0.000s to 3.000s  waits for a slot near its data: others are free
		3.000s to 8.000s  it runs: task 1.0 in stage 0.0 on executor 1, success`)
}

func TestATaskWaitsForWhatItTakes(t *testing.T) {
	l := logOf(t, sched.Config{}, func(c *cluster) {
		c.tell(sched.ExecutorRegistered{ID: 0, Host: "a", Slots: 3})
		c.tell(sched.JobSubmitted{Job: sched.Job{Stages: []sched.StageSpec{{Name: "count", Partitions: 2, Slots: 2}}}})
		c.at(4)
		c.finish(well)
		c.at(5)
		c.tell(sched.ExecutorsDecommissioned{Executors: []ids.ExecutorID{0}, Reason: "too many"})
		c.tell(one(1, 1))
		c.at(6)
		c.tell(sched.JobCancelled{Job: 1, Reason: "not wanted"})
	})
	checkWhy(t, l, 0, 1, `
		0.000s to 4.000s  waits for a slot where it may go and fits: others are free, and it takes 2 slots
		4.000s to 6.000s  it runs: task 1.0 in stage 0.0 on executor 0, still there at the end of the log`)
	checkWhy(t, l, 1, 0, `
		5.000s to 6.000s  waits for an executor: 1 are there and take no tasks`)
}

func TestATaskWaitsForItsPool(t *testing.T) {
	pools := pool.Config{Policy: pool.Fair, Pools: []pool.Definition{{Name: "first", Weight: 1, MinShare: 2}}}
	l := logOf(t, sched.Config{Pools: pools}, func(c *cluster) {
		c.tell(sched.ExecutorRegistered{ID: 0, Host: "a", Slots: 1})
		c.tell(one(0, 2))
		preferred := one(1, 2)
		preferred.Job.Pool = "first"
		c.tell(preferred)
		for i := range 4 {
			c.at(float64(i + 1))
			c.finish(well)
		}
	})
	checkWhy(t, l, 0, 1, `
		0.000s to 3.000s  waits for its turn: of the slots that came free 2 went to stage 1 of job 1 in pool first
		3.000s to 4.000s  it runs: task 1.0 in stage 0.0 on executor 0, success`)
}

func TestATaskThatIsNotThereIsAnError(t *testing.T) {
	l := logOf(t, sched.Config{}, func(c *cluster) { c.play(1, 3) })
	for _, c := range []struct {
		stage     ids.StageID
		partition int32
		want      string
	}{{9, 0, "no job of this log has stage 9"}, {0, 3, "stage 0 has partitions from 0 to 2, and not 3"}, {0, -1, "stage 0 has partitions from 0 to 2, and not -1"}} {
		if _, err := l.Why(c.stage, c.partition); err == nil || err.Error() != c.want {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

func TestATaskThatFailedKeepsAway(t *testing.T) {
	w := &watcher{spec: &sched.StageSpec{Partitions: 1}, running: []attempt{{executor: 3}}}
	w.ended(&sched.TaskEnded{Executor: 3, End: task.End{Reason: task.EndReason{Fate: task.Failed}}})
	v := &sched.View{Stages: []sched.StageView{{State: "running"}}, Executors: []sched.ExecutorView{{ID: 3, Slots: 1, State: "active"}}}
	if rule, detail := w.rule(v); rule != Excluded || detail != "it failed on executors 3" {
		t.Errorf("%v: %s", rule, detail)
	}
}

func TestATaskKeepsAwayFromWhereOthersFailed(t *testing.T) {
	cfg := sched.Config{Health: health.Config{TaskAndStage: true, StageOnExecutor: 1, TaskOnHost: 3}}
	l := logOf(t, cfg, func(c *cluster) {
		c.tell(sched.ExecutorRegistered{ID: 0, Host: "a", Slots: 1})
		c.tell(one(0, 2))
		c.at(1)
		c.finish(task.EndReason{Fate: task.Failed, Error: &task.Error{Text: "the disk is full"}})
		c.at(4)
		c.tell(sched.ExecutorRegistered{ID: 1, Host: "b", Slots: 2})
		c.at(5)
		c.finish(well)
		c.finish(well)
	})
	checkWhy(t, l, 0, 1, `
		0.000s to 1.000s  waits for a free slot: none came free
		1.000s to 4.000s  keeps away from where tasks failed: stage 0.0 excludes executor 0 on host a: 1 failed task; one made room for another, which has not come
		4.000s to 5.000s  it runs: task 1.0 in stage 0.0 on executor 1, success`)
	checkWhy(t, l, 0, 0, `
		0.000s to 1.000s  it runs: task 0.0 in stage 0.0 on executor 0, failed
		1.000s to 4.000s  keeps away from where tasks failed: it failed on executors 0; stage 0.0 excludes executor 0 on host a: 1 failed task; one made room for another, which has not come
		4.000s to 5.000s  it runs: task 0.1 in stage 0.0 on executor 1, success`)
}

func TestLookingOnlyWhenItMattersFindsTheSame(t *testing.T) {
	for seed := range uint64(15) {
		cfg := sched.Config{Seed: seed, Publish: seed%2 == 0, NodeWait: time.Duration(seed%3) * 300 * time.Millisecond}
		l := logOf(t, cfg, func(c *cluster) {
			c.faults = true
			c.play(3, 12)
		})
		for stage := range ids.StageID(6) {
			for partition := range int32(2) {
				got, err := l.watch(stage, partition, false)
				if err != nil {
					t.Fatal(err)
				}
				if want, _ := l.watch(stage, partition, true); !slices.Equal(got, want) {
					t.Errorf("seed %d, task %d of stage %d:\n%v\nwant\n%v", seed, partition, stage, got, want)
				}
			}
		}
	}
}
