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
	takes := e.copyOutput
	e.after(w.upTo(w.MaxDelay+w.MaxTask/5, of), func() {
		ended := task.Copied{Block: x.Block, Generation: x.Generation, From: x.From.Executor, Digest: x.Digest}
		from := w.executor(ended.From)
		switch {
		case w.mishap(w.Forget, name{isNotCopied, of.a, of.b, of.c}):
			ended.Error = "the disk is full"
		case from == nil || !from.reachable():
			ended.Error = "it cannot be reached"
		default:
			ended.Error = takes(x, from)
		}
		e.say(sched.CopyEnded{Executor: e.id, Copied: ended}, of)
	})
}

// copyOutput takes a copy of a map output, or says why not. What the executor has of another attempt it keeps.
func (e *executor) copyOutput(x task.Copy, from *executor) (why string) {
	o := output{ids.ShuffleID(x.Block.A), x.Block.B}
	had, copied := e.outputs[o], from.outputs[o]
	switch {
	case had.content != nil && had.generation > x.Generation:
		return "what is here is newer"
	case had.content != nil && had.generation == x.Generation && (x.Digest == 0 || e.world.told(had.content) != x.Digest):
		return "another attempt's is here"
	case copied.content == nil:
		return "it is not there"
	case copied.generation != x.Generation:
		return "what is there is of another generation"
	}
	e.outputs[o] = copied
	return ""
}

// block names an output as one that is copied.
func (o output) block() ids.BlockID { return ids.Output(o.shuffle, int(o.part), 0) }

// outputCopied gives the map output of which an executor has a copy now, and from whom. It returns false when there is none.
func outputCopied(ev sched.CopyEnded) (o output, from ids.ExecutorID, ok bool) {
	b := ev.Copied.Block
	return output{ids.ShuffleID(b.A), b.B}, ev.Copied.From, ev.Copied.Error == "" && b.Kind == ids.OutputBlock
}
