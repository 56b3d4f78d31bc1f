package sched

import (
	"fmt"
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// The output of a map partition that was lost and computed again need not be what it was: the functions may depend on chance, on time, or
// on the order of rows. Nobody has to say so. Map tasks tell a digest of what they wrote, and when the new one differs, everything
// that was made of the old one, directly or not, is rolled back, so that no result is made of both: tasks that have read it do not
// count, map outputs and cached partitions made of it are worth nothing, and a job of which results were delivered already fails.
//
// It is not enough to roll back those that read the output, and to let the digests of what they then write speak for the next ones: a
// stage that reads the new output beside something that was made of the old one long ago would not wait for that.

// rollBack follows from a map output that is not what it was before.
func (c *Core) rollBack(s *stage, mapPartition int32) {
	reason := fmt.Sprintf("map output %d of stage %d is not what it was", mapPartition, s.id)
	changed := []ids.ShuffleID{s.outputs.ID()}
	for _, below := range c.below(s) {
		if below.isMap() {
			changed = append(changed, below.outputs.ID())
		}
		if c.stage(below.id) != below {
			continue // its job has failed for another one
		}
		if done, total := below.progress(); !below.isMap() && done > 0 {
			c.abort(below, s.changed(mapPartition, done, total))
			continue
		}
		c.takeBack(below, reason)
	}
	c.dropMadeOf(changed)
}

// dropMadeOf gives up the cached partitions that some shuffles went into. Tasks that were told to stop may leave such partitions after
// that, and executors may tell of what they had before: these are of an older generation, which nobody reads.
func (c *Core) dropMadeOf(shuffles []ids.ShuffleID) {
	for _, k := range c.kept.rdds {
		if !k.isMadeOf(shuffles) {
			continue
		}
		k.generation++
		if k.isSomewhere() {
			c.giveUpKept(k)
			c.do(DropRDD{k.id})
		}
	}
}

// below gives the stages that read what a map stage writes, and those that read what these write, and so on.
func (c *Core) below(s *stage) (list []*stage) {
	for next := []*stage{s}; len(next) > 0; next = next[1:] {
		for _, reader := range c.stages {
			if next[0].isMap() && slices.Contains(reader.spec.Parents, next[0].outputs.ID()) && !slices.Contains(list, reader) {
				list, next = append(list, reader), append(next, reader)
			}
		}
	}
	return list
}

// takeBack makes worth nothing what a stage has come to and has under way.
func (c *Core) takeBack(s *stage, reason string) {
	r := s.current()
	s.generation++
	if r != nil {
		c.closeRun(r, idle{}, reason)
		c.rolledBack = append(c.rolledBack, s)
	}
	for i := len(s.over) - 1; i >= 0; i-- {
		s.over[i].void = true
		c.killRun(s.over[i], reason)
	}
	if !s.isMap() {
		return
	}
	for m := range int32(s.outputs.Maps()) {
		c.reopenCommit(s, m)
	}
	s.outputs.Void()
	c.lookAtDrainers()
	if _, ok := s.state.(done); ok {
		s.state = idle{}
	}
}

// submitRolledBack submits the stages that were rolled back.
func (c *Core) submitRolledBack() {
	for _, s := range c.rolledBack {
		if _, ok := s.state.(idle); ok && c.stage(s.id) == s {
			c.submit(s)
		}
	}
	clear(c.rolledBack)
	c.rolledBack = c.rolledBack[:0]
}

// changed says that a job cannot go on, because some of its results were made of what is not there any more.
func (s *stage) changed(mapPartition int32, done, total int) *JobFailure {
	return s.blame(OutputChanged, mapPartition, fmt.Sprintf(
		"its output was lost, and is not the same now that it was computed again, while %d of %d results were made with the old one: "+
			"let its functions give the same rows whenever they run (a fixed seed, no time of day, a sort before what depends on the order "+
			"of rows), or checkpoint what it gives", done, total))
}
