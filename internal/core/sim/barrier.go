package sim

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/task"
)

// makeBarrier makes a barrier stage of one, now and then. The body tells tasks how often they meet.
func (d *drawing) makeBarrier(spec *sched.StageSpec) {
	if d.Barriers == 0 || d.chance.Float64() >= d.Barriers {
		return
	}
	spec.Barrier = true
	spec.Body = append(spec.Body, byte(d.chance.IntN(3)))
	spec.Partitions = min(spec.Partitions, 1+d.chance.IntN(2*d.MaxSlots))
	if d.chance.IntN(3) == 0 {
		spec.KeptTogether = []ids.RDDID{ids.RDDID(d.chance.IntN(3))}
	}
}

// rounds is how often the tasks of a stage meet, or -1 when it is not a barrier stage.
func rounds(st *task.Stage) int {
	if st == nil || len(st.Body) < 5 {
		return -1
	}
	return int(st.Body[4])
}

// meet lets a task come to the others of its stage. Some are heard twice.
func (e *executor) meet(t *try) {
	call := task.Call{Ref: t.launch.Ref, ID: t.launch.ID, Seq: int32(t.met), Kind: task.Meet}
	if t.met%2 == 1 {
		call.Kind, call.Message = task.Gather, fmt.Append(nil, t.launch.Ref.Partition)
	}
	of := t.named(meetTime)
	of.c |= int64(t.met) << 40
	t.met, t.waits = t.met+1, true
	e.say(of, sched.TaskCalled{Executor: e.id, Call: call})
	if of.what = comesTwice; e.world.mishap(e.world.Twice, of) {
		of.what, of.c = meetTime, -of.c-1
		e.say(of, sched.TaskCalled{Executor: e.id, Call: call})
	}
}

// met lets a task go on that has met the others, or fail.
func (e *executor) met(t *try, r task.Reply) {
	if int(r.Seq) != t.met-1 {
		return
	}
	t.waits = false
	if r.Refused != "" {
		e.end(t, task.EndReason{Fate: task.Failed, Error: &task.Error{Text: r.Refused}})
		return
	}
	of := t.named(workTime)
	of.c |= int64(t.met) << 40
	e.after(e.world.upTo(e.world.MaxTask/5, of), func() { e.finish(t) })
}
