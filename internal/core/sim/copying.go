package sim

import (
	"github.com/kilnproject/kiln/internal/core/sched"
)

// copy lets an executor take a copy of a map output as it was ordered, and tell. What it has of another attempt it keeps, and says so.
func (e *executor) copy(a sched.CopyOutput) {
	w, o := e.world, output{a.Shuffle, a.Map}
	of := name{copyTime, int64(e.id), int64(a.Shuffle), int64(a.Map)}
	fails := func(why string) {
		e.say(sched.CopyFailed{Shuffle: a.Shuffle, Map: a.Map, From: a.From, To: a.To, Reason: why}, of)
	}
	e.after(w.upTo(w.MaxDelay+w.MaxTask/5, of), func() {
		from, had := w.executor(a.From), e.outputs[o]
		switch {
		case w.mishap(w.Forget, name{isNotCopied, of.a, of.b, of.c}):
			fails("the disk is full")
		case had.content != nil && had.generation > a.Generation:
			fails("what is here is newer")
		case had.content != nil && had.generation == a.Generation && (a.Digest == 0 || w.told(had.content) != a.Digest):
			fails("another attempt's is here")
		case from == nil || !from.reachable() || !from.has(o):
			fails("it is not there")
		case from.outputs[o].generation != a.Generation:
			fails("what is there is of another generation")
		default:
			e.outputs[o] = from.outputs[o]
			e.say(sched.OutputCopied{Shuffle: a.Shuffle, Map: a.Map, From: a.From, To: a.To, Generation: a.Generation, Digest: a.Digest}, of)
		}
	})
}
