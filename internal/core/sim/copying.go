package sim

import (
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/task"
)

// copy lets an executor take a copy of a block as it was ordered, and tell.
func (e *executor) copy(x task.Copy) {
	w := e.world
	of := name{copyTime, int64(e.id), x.Block.A, int64(x.Block.B)}
	take := e.copyOutput
	if x.Block.Kind == ids.RDDBlock {
		of.b, take = -1-x.Block.A, e.copyCached(ids.RDDID(x.Block.A))
	}
	e.after(w.upTo(w.MaxDelay+w.MaxTask/5, of), func() {
		ended := sched.CopyEnded{Executor: e.id, Copied: task.Copied{Block: x.Block, Generation: x.Generation, From: x.From.Executor, Digest: x.Digest}}
		from, why := w.executor(x.From.Executor), ""
		var news []sched.Event
		switch {
		case w.mishap(w.Forget, name{isNotCopied, of.a, of.b, of.c}):
			why = "there is no room"
		case from == nil || !from.reachable():
			why = "it cannot be reached"
		default:
			news, why = take(x, from)
		}
		ended.Copied.Error = why
		e.say(of, append(news, ended)...)
	})
}

// copyOutput takes a copy of a map output, or says why not. What the executor has of another attempt it keeps.
func (e *executor) copyOutput(x task.Copy, from *executor) (news []sched.Event, why string) {
	o := output{ids.ShuffleID(x.Block.A), x.Block.B}
	had, copied := e.outputs[o], from.outputs[o]
	switch {
	case had.content != nil && had.generation > x.Generation:
		return nil, "what is here is newer"
	case had.content != nil && had.generation == x.Generation && (x.Digest == 0 || e.world.told(had.content) != x.Digest):
		return nil, "another attempt's is here"
	case copied.content == nil:
		return nil, "it is not there"
	case copied.generation != x.Generation:
		return nil, "what is there is of another generation"
	}
	e.outputs[o] = copied
	return nil, ""
}

// copyCached takes a copy of a partition of a cached RDD, of which it tells, unless the RDD is dropped before it is there.
func (e *executor) copyCached(rdd ids.RDDID) func(x task.Copy, from *executor) (news []sched.Event, why string) {
	drops := e.uncached[rdd]
	return func(x task.Copy, from *executor) (news []sched.Event, why string) {
		copied := from.cached(rdd, x.Block.B, x.Generation)
		switch {
		case e.uncached[rdd] != drops:
			return nil, "the RDD was dropped"
		case copied == nil:
			return nil, "it is not there"
		case e.cached(rdd, x.Block.B, x.Generation) != nil:
			return nil, "" // told already
		}
		e.blocks = append(e.blocks, block{rdd, x.Block.B, x.Generation, copied})
		e.world.cached[e.id] = true
		change := sched.BlockChange{RDD: rdd, Partition: x.Block.B, There: true, Generation: x.Generation, Level: x.Level}
		return []sched.Event{sched.BlocksChanged{Executor: e.id, Blocks: []sched.BlockChange{change}}}, ""
	}
}

// block names an output as one that is copied.
func (o output) block() ids.BlockID { return ids.Output(o.shuffle, int(o.part), 0) }

// outputCopied gives the map output of which an executor has a copy now, and from whom. It returns false when there is none.
func outputCopied(ev sched.CopyEnded) (o output, from ids.ExecutorID, ok bool) {
	b := ev.Copied.Block
	return output{ids.ShuffleID(b.A), b.B}, ev.Copied.From, ev.Copied.Error == "" && b.Kind == ids.OutputBlock
}
