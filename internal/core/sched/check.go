package sched

import (
	"fmt"
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// Check gives an error when an invariant is broken. It is for tests: it looks at everything.
func (c *Core) Check() error {
	if err := c.outputs.Check(); err != nil {
		return err
	}
	running := map[ids.StageRef]int{}
	for _, e := range c.executors {
		if e == nil {
			continue
		}
		if e.free < 0 || e.free+len(e.running) != e.slots {
			return fmt.Errorf("executor %v: %d slots, %d free, %d running", e.id, e.slots, e.free, len(e.running))
		}
		if e.free > 0 && !e.queued {
			return fmt.Errorf("executor %v has %d free slots and is not offered", e.id, e.free)
		}
		for _, t := range e.running {
			running[t.ref.StageRef]++
		}
	}
	for _, s := range c.stages {
		if s == nil {
			continue
		}
		if err := c.checkStage(s, running); err != nil {
			return err
		}
	}
	for _, j := range c.order {
		if c.jobs[j.spec.ID] != j {
			return fmt.Errorf("job %d is listed and not known", j.spec.ID)
		}
		left := 0
		for _, p := range j.wanted {
			if !j.got[p] {
				left++
			}
		}
		if left != j.left || left == 0 && !j.spec.MapStage {
			return fmt.Errorf("job %d counts %d results left, has %d", j.spec.ID, j.left, left)
		}
	}
	return nil
}

func (c *Core) checkStage(s *stage, on map[ids.StageRef]int) error {
	sets := s.old
	if cur := s.current(); cur != nil {
		if cur.Zombie || len(s.jobs) == 0 || !slices.Contains(c.runnable, s) {
			return fmt.Errorf("%v runs for nobody", cur.Ref)
		}
		sets = append(slices.Clone(sets), cur)
	} else if slices.Contains(c.runnable, s) {
		return fmt.Errorf("stage %d is served and does not run", s.id)
	}
	for _, set := range sets {
		if err := set.Check(); err != nil {
			return err
		}
		if set.Running() != on[set.Ref] {
			return fmt.Errorf("%v counts %d running tasks, executors have %d", set.Ref, set.Running(), on[set.Ref])
		}
	}
	switch s.state.(type) {
	case waiting:
		if len(s.jobs) == 0 {
			return fmt.Errorf("stage %d waits for nobody", s.id)
		}
		for _, p := range s.spec.Parents {
			if !c.outputs.Available(p) {
				return nil
			}
		}
		return fmt.Errorf("stage %d waits for parents that are there", s.id)
	case failing:
		if !slices.Contains(c.failed, s) {
			return fmt.Errorf("stage %d failed and is forgotten", s.id)
		}
	}
	return nil
}

// Idle reports that nothing is left of any job: what must hold when all have ended and all tasks have answered.
func (c *Core) Idle() error {
	if len(c.order) > 0 || len(c.runnable) > 0 || len(c.failed) > 0 {
		return fmt.Errorf("%d jobs, %d running and %d failed stages are left", len(c.order), len(c.runnable), len(c.failed))
	}
	for _, s := range c.stages {
		if s != nil && (len(s.old) > 0 || !s.spec.IsMap) {
			return fmt.Errorf("stage %d is left", s.id)
		}
	}
	return nil
}
