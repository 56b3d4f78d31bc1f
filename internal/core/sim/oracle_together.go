package sim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/task"
)

// together: the tasks of an attempt of a barrier stage are launched at one moment, all of them or none, each once; nobody comes out of a
// round before all have come; and what such a stage gives, results or map outputs, comes from one attempt.
type together struct {
	world    *World
	now      Time
	fresh    []*band // launched at this moment
	bands    map[ids.StageRef]*band
	written  map[ids.ShuffleID][]*band // attempts that wrote map outputs of a shuffle
	resulted map[ids.JobID]string      // the attempt of the results that the job has
}

// band is an attempt of a barrier stage.
type band struct {
	ref      ids.StageRef
	tasks    int
	launched map[int32]bool
	came     map[int32]int              // calls of each task
	wrote    map[int32][]ids.ExecutorID // where the map outputs are, with copies

	generation int32 // of the map outputs
}

func newTogether(w *World) *together {
	return &together{world: w, bands: map[ids.StageRef]*band{}, written: map[ids.ShuffleID][]*band{}, resulted: map[ids.JobID]string{}}
}

func (o *together) step(ev sched.Event, actions []sched.Action) error {
	if o.world.now > o.now {
		if err := o.complete(); err != nil {
			return err
		}
		o.now = o.world.now
	}
	o.note(ev)
	for _, a := range actions {
		var err error
		switch a := a.(type) {
		case sched.ShipStage:
			err = o.shipped(a)
		case *sched.Launch:
			err = o.launched(a)
		case sched.AnswerCall:
			err = o.answered(a.Reply)
		case *sched.DeliverResult:
			err = o.delivered(a)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// complete looks whether what was launched at the last moment is whole.
func (o *together) complete() error {
	for _, b := range o.fresh {
		if len(b.launched) != b.tasks {
			return fmt.Errorf("%v is a barrier stage of %d tasks, and %d of them were launched at %v", b.ref, b.tasks, len(b.launched), o.now)
		}
	}
	o.fresh = nil
	return nil
}

func (o *together) note(ev sched.Event) {
	switch ev := ev.(type) {
	case sched.TaskCalled:
		if b := o.bands[ev.Call.Ref.StageRef]; b != nil && (ev.Call.Kind == task.Meet || ev.Call.Kind == task.Gather) {
			b.came[ev.Call.Ref.Partition] = max(b.came[ev.Call.Ref.Partition], int(ev.Call.Seq)+1)
		}
	case sched.TaskEnded:
		if b := o.bands[ev.End.Ref.StageRef]; b != nil && ev.End.Reason.Fate == task.Success {
			b.wrote[ev.End.Ref.Partition] = []ids.ExecutorID{ev.Executor}
		}
	case sched.CopyEnded:
		out, from, ok := outputCopied(ev)
		for _, b := range o.written[out.shuffle] {
			if ok && b.generation == ev.Copied.Generation && slices.Contains(b.wrote[out.part], from) {
				b.wrote[out.part] = append(b.wrote[out.part], ev.Executor)
			}
		}
	}
}

func (o *together) launched(a *sched.Launch) error {
	ref := a.Task.Ref
	st := o.world.core.Stage(ref.StageRef)
	if st == nil || rounds(st) < 0 {
		return nil
	}
	b := o.bands[ref.StageRef]
	if b == nil {
		b = &band{ref: ref.StageRef, tasks: len(st.Hosts), launched: map[int32]bool{}, came: map[int32]int{}, wrote: map[int32][]ids.ExecutorID{}, generation: st.Generation}
		o.bands[ref.StageRef], o.fresh = b, append(o.fresh, b)
		if st.IsMap {
			o.written[st.Shuffle] = append(o.written[st.Shuffle], b)
		}
	}
	switch host := o.world.executor(a.Executor).host; {
	case !slices.Contains(o.fresh, b) || b.launched[ref.Partition] || ref.Try != 0:
		return fmt.Errorf("%v is launched later than others of its barrier stage, or again", ref)
	case st.Hosts[ref.Partition] != host:
		return fmt.Errorf("%v runs on host %s, and its stage tells %s", ref, host, st.Hosts[ref.Partition])
	}
	b.launched[ref.Partition] = true
	return nil
}

func (o *together) answered(r task.Reply) error {
	if r.Places != nil {
		return nil // to a task that looked for a cached partition
	}
	b := o.bands[r.Ref.StageRef]
	if b == nil || r.Refused != "" || int(r.Seq) >= b.came[r.Ref.Partition] {
		return nil // to a commit
	}
	for p := range int32(b.tasks) {
		if b.came[p] <= int(r.Seq) {
			return fmt.Errorf("%v goes on after call %d, and partition %d has made %d", r.Ref, r.Seq, p, b.came[p])
		}
	}
	if len(r.Messages) > 0 && len(r.Messages) != b.tasks {
		return fmt.Errorf("%v hears of %d tasks of %d", r.Ref, len(r.Messages), b.tasks)
	}
	return nil
}

// delivered looks whether the results of a job are all of one attempt, where their stage is a barrier stage.
func (o *together) delivered(a *sched.DeliverResult) error {
	_, attempt, ok := strings.Cut(string(a.Value), " of attempt ")
	if !ok {
		return nil
	}
	if had, some := o.resulted[a.Job]; some && had != attempt {
		return fmt.Errorf("job %d gets results of attempts %s and %s of a barrier stage", a.Job, had, attempt)
	}
	o.resulted[a.Job] = attempt
	return nil
}

// shipped looks whether the map outputs that a stage reads are all of one attempt, where their stage is a barrier stage.
func (o *together) shipped(a sched.ShipStage) error {
	st := o.world.core.Stage(a.Stage)
	if st == nil {
		return nil
	}
	for _, in := range st.Inputs {
		if slices.ContainsFunc(in.Outputs, func(o task.MapOutput) bool { return o.Executor == ids.Driver }) {
			continue // it is not needed as long as what is made of it is cached, and cannot be read
		}
		if bands := o.written[in.Shuffle]; len(bands) > 0 && !someWrote(bands, in.Outputs) {
			return fmt.Errorf("%v reads map outputs of shuffle %d that no single attempt of its barrier stage has written", a.Stage, in.Shuffle)
		}
	}
	return nil
}

func someWrote(bands []*band, outputs []task.MapOutput) bool {
	for _, b := range bands {
		all := true
		for m, out := range outputs {
			all = all && slices.Contains(b.wrote[int32(m)], out.Executor)
		}
		if all {
			return true
		}
	}
	return false
}

func (o *together) rest() error { return o.complete() }
