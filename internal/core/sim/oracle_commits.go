package sim

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/task"
)

// commits: of the attempts of one partition at most one may make its output visible, until the core hears that it has not. What one
// comes to that was to be killed before, because what it read has changed, is not counted and so never seen.
type commits struct {
	world  *World
	holder map[partition]holding
	asked  map[asking]bool
	killed map[ids.TaskRef]bool
}

// asking is a call of a task attempt that wants to commit.
type asking struct {
	ref ids.TaskRef
	seq int32
}

// partition is one of a stage, whatever the attempt.
type partition struct {
	stage ids.StageID
	part  int32
}

// holding is the attempt that may commit.
type holding struct {
	ref ids.TaskRef
	at  ids.ExecutorID
}

func newCommits(w *World) *commits {
	return &commits{w, map[partition]holding{}, map[asking]bool{}, map[ids.TaskRef]bool{}}
}

func (o *commits) step(ev sched.Event, actions []sched.Action) error {
	if ended, ok := ev.(sched.TaskEnded); ok && (ended.End.Reason.Fate != task.Success || o.killed[ended.End.Ref]) {
		if of := partitionOf(ended.End.Ref); o.holder[of].ref == ended.End.Ref {
			delete(o.holder, of)
		}
	}
	if lost, ok := ev.(sched.ResultLost); ok && lost.Reason != "" {
		clear(o.holder) // whose it was is not known here
	}
	if called, ok := ev.(sched.TaskCalled); ok && called.Call.Kind == task.Commit {
		o.asked[asking{called.Call.Ref, called.Call.Seq}] = true
	}
	for _, a := range actions {
		if k, ok := a.(sched.Kill); ok && !k.Task.Recall {
			o.killed[k.Task.Ref] = true
		}
		answer, ok := a.(sched.AnswerCall)
		if !ok || answer.Reply.Refused != "" || !o.asked[asking{answer.Reply.Ref, answer.Reply.Seq}] {
			continue
		}
		of := partitionOf(answer.Reply.Ref)
		if h, held := o.holder[of]; held && h.ref != answer.Reply.Ref && o.living(h.at) && !o.disbanded(h.ref) {
			return fmt.Errorf("%v may commit, and %v may", answer.Reply.Ref, h.ref)
		}
		o.holder[of] = holding{answer.Reply.Ref, answer.Executor}
	}
	return nil
}

// living says that the core has not given up an executor.
func (o *commits) living(id ids.ExecutorID) bool {
	for _, l := range o.world.living {
		if l == id {
			return true
		}
	}
	return false
}

// disbanded says that an attempt is of a barrier stage and not of its newest attempt: what it commits does not count any more.
func (o *commits) disbanded(ref ids.TaskRef) bool {
	next := ref.StageRef
	next.Attempt++
	return o.world.gangs[next]
}

func partitionOf(r ids.TaskRef) partition { return partition{r.Stage, r.Partition} }

func (o *commits) rest() error { return nil }
