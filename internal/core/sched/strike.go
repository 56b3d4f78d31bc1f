package sched

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

// A stage attempt that ends for lost map outputs is a strike against its stage, and several in a row fail its jobs: a disk or a link is
// bad, and to compute once more will not help. What goes with an executor that was decommissioned says nothing of the kind, and is
// excused, whether a task could not read it or the core heard of the loss first (Spark: stage.ignoreDecommissionFetchFailure).

// excusesPerStrike is how many times as many strikes may be excused as may count. A manager that decommissions all that it gives
// must not keep a job for ever.
const excusesPerStrike = 4

// strikes are those of a stage since it was last done.
type strikes struct {
	counted int
	excused int
	first   *blame // what ended the first that counts, or while none does the first
}

// excuses says that nobody is to blame when map outputs of an executor are lost: it was decommissioned, and may be gone since.
func (c *Core) excuses(e ids.ExecutorID) bool {
	return !c.cfg.CountDrained && e >= 0 && c.dismissed.has(int(e))
}

// strike counts a strike, and says whether it was one too many.
func (c *Core) strike(s *stage, why blame, excused bool) (out bool) {
	k := &s.strikes
	if k.first == nil || !excused && k.counted == 0 {
		k.first = &why
	}
	if excused {
		k.excused++
	} else {
		k.counted++
	}
	if k.counted < c.cfg.MaxStageAttempts && k.excused < c.cfg.MaxStageAttempts*excusesPerStrike {
		return false
	}
	c.abort(s, s.struckOut())
	return true
}

// failRun ends an attempt for lost map outputs, unless this happened too often.
func (c *Core) failRun(r *run, why blame, excused bool) {
	r.excused = excused && r.renewal == nil // what a task brings about that may go nowhere counts
	if !c.strike(r.stage, why, r.excused) {
		c.retryRun(r, why.err.Text)
	}
}

// blameAfterAll counts an attempt that was excused: another of its tasks complains of what nothing excuses.
func (c *Core) blameAfterAll(r *run, why blame) {
	r.excused = false
	if k := &r.stage.strikes; k.excused > 0 { // else the stage was done meanwhile, and they begin anew
		k.excused--
	}
	c.strike(r.stage, why, false)
}

// missingInput says which map outputs a run lacks, and whether their loss is excused.
func (c *Core) missingInput(r *run) (why blame, excused bool) {
	excused = true
	for _, p := range r.needs {
		in := c.outputs.Find(p)
		if in.Complete() {
			continue
		}
		if why.err == nil {
			text := fmt.Sprintf("%d of %d map outputs of shuffle %d were lost", in.Maps()-in.Present(), in.Maps(), p)
			if w := r.renewal; w != nil {
				text += fmt.Sprintf(" after executor %v made room for another one: %s", w.executor, r.stuck)
			}
			why.partition, why.executor, why.err = -1, ids.Driver, &task.Error{Text: text}
		}
		excused = excused && !c.byShuffle[p].faulty
	}
	return why, excused
}

// struckOut says that a stage lost map outputs too often.
func (s *stage) struckOut() *JobFailure {
	k := &s.strikes
	n := k.counted + k.excused
	text := "an attempt of the stage ended because map outputs were lost"
	if n > 1 {
		text = fmt.Sprintf("%d attempts of the stage in a row ended because map outputs were lost", n)
	}
	if k.excused > 0 {
		text += fmt.Sprintf(", %d of them with executors that were decommissioned", k.excused)
	}
	why := s.blame(FetchesFailed, k.first.partition, text+"; the first: "+k.first.err.Text)
	why.Attempts, why.Executor, why.Cause = n, k.first.executor, k.first.err
	return why
}
