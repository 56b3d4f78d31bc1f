package replay

import (
	"fmt"
	"strings"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/task"
)

// wordsOfEvent gives an event in words, or nothing when it is not worth a line: tasks that end well are counted, and of what they ask only
// refusals are told.
func wordsOfEvent(ev sched.Event) string {
	switch ev := ev.(type) {
	case sched.Woke, sched.Heard, sched.Progressed, sched.ResultFetched, sched.BlocksChanged, sched.TaskCalled:
		return ""
	case sched.DriverResumed:
		return "the driver's process stood still, and goes on"
	case sched.JobSubmitted:
		return wordsOfJob(&ev.Job)
	case sched.JobCancelled:
		return fmt.Sprintf("job %d is cancelled: %s", ev.Job, ev.Reason)
	case sched.GroupCancelled:
		return fmt.Sprintf("the jobs of group %s are cancelled: %s", ev.Group, ev.Reason)
	case sched.TagCancelled:
		return fmt.Sprintf("the jobs with tag %s are cancelled: %s", ev.Tag, ev.Reason)
	case sched.StageCancelled:
		return fmt.Sprintf("the jobs that need stage %d are cancelled: %s", ev.Stage, ev.Reason)
	case sched.AllCancelled:
		return "all jobs are cancelled: " + ev.Reason
	case sched.TaskEnded:
		return wordsOfEnd(&ev)
	case sched.ResultLost:
		return fmt.Sprintf("the result of TID %d is lost: %s", ev.Task, ev.Reason)
	case sched.RDDReleased:
		return fmt.Sprintf("RDD %d is not cached any more", ev.RDD)
	case sched.PoolDefined:
		return fmt.Sprintf("pool %s is defined: %v, weight %d, minimum share %d", ev.Pool.Name, ev.Pool.Policy, ev.Pool.Weight, ev.Pool.MinShare)
	case sched.ShuffleReleased:
		return fmt.Sprintf("shuffle %d is released", ev.Shuffle)
	}
	return wordsOfExecutor(ev)
}

func wordsOfJob(j *sched.Job) string {
	words := fmt.Sprintf("job %d is submitted", j.ID)
	for _, of := range []struct{ what, is string }{{"group", j.Group}, {"pool", j.Pool}, {"tags", strings.Join(j.Tags, " ")}} {
		if of.is != "" {
			words += fmt.Sprintf(", %s %s", of.what, of.is)
		}
	}
	words += ":"
	for i := range j.Stages {
		s := &j.Stages[i]
		words += fmt.Sprintf(" %s at %s (%d)", s.Name, s.Site, s.Partitions)
	}
	return words
}

func wordsOfEnd(ev *sched.TaskEnded) string {
	if ev.End.Reason.Fate == task.Success {
		return ""
	}
	words := fmt.Sprintf("%v on executor %v: %v", ev.End.Ref, ev.Executor, ev.End.Reason.Fate)
	if f := ev.End.Reason.Fetch; ev.End.Reason.Fate == task.FetchFailed {
		words += fmt.Sprintf(" (map %d of shuffle %d on executor %v)", f.Map, f.Shuffle, f.Executor)
	}
	if ev.End.Reason.Error != nil {
		text, _, _ := strings.Cut(ev.End.Reason.Error.Text, "\n")
		words += ": " + text
	}
	return words
}

// wordsOfExecutor gives events about executors in words, and all others as they are.
func wordsOfExecutor(ev sched.Event) string {
	switch ev := ev.(type) {
	case sched.ExecutorRegistered:
		return fmt.Sprintf("executor %v registers on host %s with %d slots", ev.ID, ev.Host, ev.Slots)
	case sched.ExecutorLost:
		return fmt.Sprintf("executor %v is lost: %s", ev.ID, ev.Reason)
	case sched.ExecutorSuspected:
		return fmt.Sprintf("executor %v is suspected: %s", ev.ID, ev.Reason)
	case sched.ExecutorsDecommissioned:
		return fmt.Sprintf("executors %s are decommissioned: %s", list(ev.Executors), ev.Reason)
	case sched.HostDecommissioned:
		return fmt.Sprintf("host %s is decommissioned: %s", ev.Host, ev.Reason)
	case sched.KillAsked:
		return fmt.Sprintf("executors %s are to go: %s", list(ev.Executors), ev.Reason)
	case sched.HostLost:
		return fmt.Sprintf("host %s is lost: %s", ev.Host, ev.Reason)
	case sched.ExecutorsUnavailable:
		return "no more executors come: " + ev.Reason
	case sched.CopyEnded:
		if ev.Copied.Error != "" {
			return fmt.Sprintf("executor %v could not copy %s from executor %v: %s", ev.Executor, wordsOfBlock(ev.Copied.Block), ev.Copied.From, ev.Copied.Error)
		}
		return fmt.Sprintf("executor %v has a copy of %s, taken from executor %v", ev.Executor, wordsOfBlock(ev.Copied.Block), ev.Copied.From)
	case sched.OutputsLost:
		return fmt.Sprintf("the map outputs of executor %v are lost", ev.Executor)
	}
	return asItIs(ev)
}

// wordsOfBlock names a block that is copied.
func wordsOfBlock(b ids.BlockID) string {
	if b.Kind == ids.RDDBlock {
		return fmt.Sprintf("cached partition %d of RDD %d", b.B, b.A)
	}
	return fmt.Sprintf("map output %d of shuffle %d", b.B, b.A)
}

func list(executors []ids.ExecutorID) string {
	words := make([]string, len(executors))
	for i, e := range executors {
		words[i] = e.String()
	}
	return strings.Join(words, ", ")
}

// asItIs gives what has no words of its own: its type and fields.
func asItIs(x any) string {
	name := fmt.Sprintf("%T", x)
	return fmt.Sprintf("%s %+v", name[strings.LastIndexByte(name, '.')+1:], x)
}

// wordsOfAction gives an action in words, or nothing when an event has said it, or when it is counted.
func wordsOfAction(a sched.Action) string {
	switch a := a.(type) {
	case sched.ShipStage, *sched.Launch, sched.ForgetStage, sched.FetchResult, sched.DropResult, *sched.DeliverResult, sched.MergeUpdates,
		sched.JobStarted, sched.JobEnded, sched.TaskDone, sched.ExecutorAdded, sched.ExecutorRemoved:
		return ""
	case sched.Kill:
		if a.Task.Recall {
			return fmt.Sprintf("-> recall %v from executor %v: %s", a.Task.Ref, a.Executor, a.Task.Reason)
		}
		return fmt.Sprintf("-> kill %v on executor %v: %s", a.Task.Ref, a.Executor, a.Task.Reason)
	case sched.CompleteJob:
		return fmt.Sprintf("-> job %d is done", a.Job)
	case sched.FailJob:
		return fmt.Sprintf("-> job %d fails (%v): %v", a.Job, a.Why.Kind, a.Why)
	case sched.DropShuffle:
		return fmt.Sprintf("-> drop shuffle %d", a.Shuffle)
	case sched.DrainExecutor:
		return fmt.Sprintf("-> drain executor %v: %s", a.Executor, a.Reason)
	case sched.AnswerCall:
		if a.Reply.Refused == "" {
			return ""
		}
		return fmt.Sprintf("-> what %v on executor %v asks for is refused: %s", a.Reply.Ref, a.Executor, a.Reply.Refused)
	case sched.CopyBlock:
		return fmt.Sprintf("-> executor %v is to copy %s from executor %v", a.Executor, wordsOfBlock(a.Copy.Block), a.Copy.From.Executor)
	case sched.KillExecutor:
		return fmt.Sprintf("-> kill executor %v: %s", a.Executor, a.Reason)
	case sched.RefuseExecutor:
		return fmt.Sprintf("-> refuse executor %v: %s", a.Executor, a.Reason)
	case sched.StageSubmitted:
		return fmt.Sprintf("-> %v begins for job %d with %d tasks", a.Stage, a.Job, a.Tasks)
	case sched.StageEnded:
		return wordsOfStageEnd(a)
	case sched.TaskStarted:
		if a.Copy {
			return fmt.Sprintf("-> %v is launched on executor %v, a copy", a.Ref, a.Executor)
		}
		return "" // it is counted
	case sched.Speculated:
		return fmt.Sprintf("-> %v on executor %v deserves a copy: %s", a.Ref, a.Executor, wordsOfSlow(a))
	case sched.HealthChanged:
		return "-> " + a.Fact.String()
	case sched.StageWarned:
		return fmt.Sprintf("-> %v: %s", a.Stage, a.Text)
	case sched.ExecutorChanged:
		return fmt.Sprintf("-> executor %v is %s: %s", a.ID, a.State, a.Reason)
	case sched.Starving:
		return fmt.Sprintf("-> %d tasks of %v wait since %v and none runs; there are %d executors", a.Waiting, a.Stage, a.For, a.Executors)
	}
	return "-> " + asItIs(a)
}

func wordsOfStageEnd(e sched.StageEnded) string {
	words := fmt.Sprintf("-> %v is done", e.Stage)
	if e.Reason != "" {
		words = fmt.Sprintf("-> %v ends: %s", e.Stage, e.Reason)
	}
	if c := e.Copies; c.Copies > 0 {
		words += fmt.Sprintf(" (%d copies of slow tasks, of which %d were first; attempts that were not first took %.3fs)", c.Copies, c.Won, c.Wasted.Seconds())
	}
	return words
}

// wordsOfSlow says why a task attempt deserves a copy.
func wordsOfSlow(s sched.Speculated) string {
	return fmt.Sprintf("%v, for %.3fs where %.3fs is the limit", s.Rule, s.Run.Seconds(), s.Limit.Seconds())
}
