package sim

import (
	"math/rand/v2"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/task"
)

// content stands for the rows of a map output or of a result.
type content struct {
	digest uint64
	of     []output          // all map outputs that went into it
	made   map[output]uint64 // their digests
	mixed  bool              // two different outputs of one map partition did
}

// The kinds of functions that the tasks of a stage have, in its body.
const (
	exact    = iota // the same rows of the same rows
	constant        // the same rows of whatever they read
	random          // other rows each time
)

// makeContent gives what a task attempt comes to, with what it has read.
func (w *World) makeContent(t *try, itself output) *content {
	kind := t.stage.Body[3]
	c := &content{digest: scramble(uint64(itself.shuffle)<<32|uint64(itself.part)) | 1, made: map[output]uint64{}}
	for _, from := range t.has {
		if kind != constant {
			c.digest = scramble(c.digest^from.digest) | 1
			c.add(from)
		}
	}
	if kind == random {
		c.digest = w.draw(t.named(rowsOf)) | 1
	}
	if itself.shuffle >= 0 {
		c.note(itself, c.digest)
	}
	return c
}

// add notes what went into something that went into this.
func (c *content) add(from *content) {
	c.mixed = c.mixed || from.mixed
	for _, o := range from.of {
		c.note(o, from.made[o])
	}
}

func (c *content) note(o output, digest uint64) {
	had, ok := c.made[o]
	if !ok {
		c.of = append(c.of, o)
	}
	c.mixed = c.mixed || ok && had != digest
	c.made[o] = digest
}

// stored is a map output on an executor.
type stored struct {
	*content
	generation int32
}

// find gives a map output from one of the places where it should be, or else the place that was tried last.
func (w *World) find(shuffle ids.ShuffleID, m int, out *task.MapOutput) (c *content, last ids.ExecutorID) {
	places := append([]task.Location{{Executor: out.Executor}}, out.Copies...)
	for _, at := range places {
		last = at.Executor
		if from := w.executor(last); from != nil && from.reachable() {
			if got, ok := from.outputs[output{shuffle, int32(m)}]; ok {
				return got.content, last
			}
		}
	}
	return nil, last
}

// copyOutput lets an executor take a copy of an output of another one, and tell.
func (w *World) copyOutput(r *rand.Rand, from *executor) {
	var all []output
	for s := range w.Shuffles {
		for m := range int32(w.Shuffles[s].Partitions) {
			if o := (output{ids.ShuffleID(s), m}); from.has(o) {
				all = append(all, o)
			}
		}
	}
	if len(all) == 0 || !from.reachable() {
		return
	}
	o, to := all[r.IntN(len(all))], w.executors[r.IntN(len(w.executors))]
	copied := from.outputs[o]
	of := name{copyTime, int64(to.id), int64(o.shuffle), int64(o.part)}
	to.after(w.upTo(w.MaxDelay, of), func() {
		if to.has(o) || !to.reachable() {
			return
		}
		to.outputs[o] = copied
		to.say(of, sched.CopyEnded{Executor: to.id, Copied: task.Copied{Block: o.block(), From: from.id, Generation: copied.generation, Digest: w.told(copied.content)}})
	})
}

func (e *executor) has(o output) bool {
	_, ok := e.outputs[o]
	return ok
}

// told is the digest as the core gets it.
func (w *World) told(c *content) uint64 {
	if w.Digests {
		return c.digest
	}
	return 0
}
