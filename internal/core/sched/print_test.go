package sched

import (
	"fmt"
	"strings"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

func refText(r ids.TaskRef) string {
	return fmt.Sprintf("%d.%d %d.%d", r.Partition, r.Try, r.Stage, r.Attempt)
}

// print gives an action in words.
func (p *player) print(a Action) string {
	switch a := a.(type) {
	case ShipStage:
		again := ""
		if a.Listing > 0 {
			again = fmt.Sprintf(" (listing %d)", a.Listing)
		}
		return fmt.Sprintf("ship %v%s to executor %v%s", a.Stage, again, a.Executor, inputs(p.core, a.Stage))
	case *Launch:
		text := fmt.Sprintf("launch %v on executor %v", a.Task.Ref, a.Executor)
		for _, r := range a.Task.Resources {
			text += fmt.Sprintf(" with %s %s", r.Name, strings.Join(r.Addresses, ","))
		}
		return text
	case Kill:
		if a.Task.Recall {
			return fmt.Sprintf("recall %v from executor %v: %s", a.Task.Ref, a.Executor, a.Task.Reason)
		}
		return fmt.Sprintf("kill %v on executor %v: %s", a.Task.Ref, a.Executor, a.Task.Reason)
	case ForgetStage:
		return fmt.Sprintf("forget %v on executor %v", a.Stage, a.Executor)
	case AnswerCall:
		if a.Reply.Refused != "" {
			return fmt.Sprintf("answer %v on executor %v: no, %s", a.Reply.Ref, a.Executor, a.Reply.Refused)
		}
		if a.Reply.Places != nil {
			return fmt.Sprintf("answer %v on executor %v: %s", a.Reply.Ref, a.Executor, listed(a.Reply.Places))
		}
		return fmt.Sprintf("answer %v on executor %v: yes%s", a.Reply.Ref, a.Executor, said(a.Reply.Messages))
	case FetchResult:
		return fmt.Sprintf("fetch the result of TID %d, %d bytes, from executor %v", a.Task, a.Bytes, a.Executor)
	case DropResult:
		return fmt.Sprintf("drop the result of TID %d on executor %v", a.Task, a.Executor)
	case *DeliverResult:
		return fmt.Sprintf("deliver partition %d to job %d: %s", a.Partition, a.Job, a.Value)
	case MergeUpdates:
		return fmt.Sprintf("merge %d updates", len(a.Updates))
	case CompleteJob:
		if a.Bytes != nil {
			return fmt.Sprintf("complete job %d: bytes %v", a.Job, a.Bytes)
		}
		return fmt.Sprintf("complete job %d", a.Job)
	case FailJob:
		return fmt.Sprintf("fail job %d: %s", a.Job, printFailure(a.Why))
	case DropShuffle:
		return fmt.Sprintf("drop shuffle %d", a.Shuffle)
	case DropRDD:
		return fmt.Sprintf("drop RDD %d", a.RDD)
	case DrainExecutor:
		if a.Replace {
			return fmt.Sprintf("drain and replace executor %v: %s", a.Executor, a.Reason)
		}
		return fmt.Sprintf("drain executor %v: %s", a.Executor, a.Reason)
	case CopyBlock:
		return copyBlockText(a)
	case KillExecutor:
		if a.Replace {
			return fmt.Sprintf("kill and replace executor %v: %s", a.Executor, a.Reason)
		}
		return fmt.Sprintf("kill executor %v: %s", a.Executor, a.Reason)
	case RefuseExecutor:
		return fmt.Sprintf("refuse executor %v: %s", a.Executor, a.Reason)
	}
	return "- " + printFact(a.(Fact))
}

// said gives what everybody said, by partition.
func said(messages [][]byte) (text string) {
	for _, m := range messages {
		text += fmt.Sprintf(" %q", m)
	}
	return text
}

// listed gives where a cached partition is.
func listed(places []task.Location) string {
	if len(places) == 0 {
		return "nowhere"
	}
	text := "at executor"
	for _, at := range places {
		text += fmt.Sprintf(" %v", at.Executor)
	}
	return text
}

// inputs tells where the map outputs are that a stage reads, and of which cached RDDs some partitions are somewhere.
func inputs(c *Core, ref ids.StageRef) string {
	var b strings.Builder
	st := c.Stage(ref)
	if st == nil {
		return ", which is over"
	}
	for _, in := range st.Inputs {
		fmt.Fprintf(&b, ", shuffle %d from", in.Shuffle)
		for _, o := range in.Outputs {
			fmt.Fprintf(&b, " %v", o.Executor)
			for _, at := range o.Copies {
				fmt.Fprintf(&b, "/%v", at.Executor)
			}
		}
	}
	for _, k := range st.Cached {
		fmt.Fprintf(&b, ", RDD %d", k.RDD)
		if k.Generation > 0 {
			fmt.Fprintf(&b, " anew (%d)", k.Generation)
		}
		if k.Somewhere {
			b.WriteString(" is cached")
		}
	}
	return b.String()
}

func printFailure(f *JobFailure) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v: %v", f.Kind, f)
	if f.Attempts > 0 {
		fmt.Fprintf(&b, " [%d attempts, executor %v]", f.Attempts, f.Executor)
	}
	return b.String()
}

func printFact(f Fact) string {
	switch f := f.(type) {
	case JobStarted:
		return fmt.Sprintf("job %d started with stages %v", f.Job, f.Stages)
	case JobEnded:
		return fmt.Sprintf("job %d ended", f.Job)
	case StageSubmitted:
		return fmt.Sprintf("%v submitted for job %d, %d tasks", f.Stage, f.Job, f.Tasks)
	case StageEnded:
		text := fmt.Sprintf("%v ended %s", f.Stage, f.Reason)
		if s := f.Copies; s.Copies > 0 {
			text += fmt.Sprintf("[%d copies, %d won, %v wasted]", s.Copies, s.Won, s.Wasted)
		}
		return text
	case Speculated:
		return fmt.Sprintf("%v on executor %v deserves a copy: %v: %v of %v", f.Ref, f.Executor, f.Rule, f.Run, f.Limit)
	case TaskStarted:
		text := fmt.Sprintf("%v started on executor %v, %v", f.Ref, f.Executor, f.Level)
		if f.Copy {
			text += ", a copy"
		}
		return text
	case TaskDone:
		return fmt.Sprintf("%v: %v", f.End.Ref, f.End.Reason.Fate)
	case ExecutorAdded:
		return fmt.Sprintf("executor %v added", f.ID)
	case ExecutorChanged:
		return fmt.Sprintf("executor %v is %s: %s", f.ID, f.State, f.Reason)
	case HealthChanged:
		return f.Fact.String()
	case ExecutorRemoved:
		return fmt.Sprintf("executor %v removed: %s", f.ID, f.Reason)
	case StageWarned:
		return fmt.Sprintf("%v: %s", f.Stage, f.Text)
	case Starving:
		return fmt.Sprintf("%v starves for %v: %d tasks wait, %d executors", f.Stage, f.For, f.Waiting, f.Executors)
	}
	return fmt.Sprintf("%#v", f)
}

func printView(v *View) (lines []string) {
	for _, j := range v.Jobs {
		lines = append(lines, fmt.Sprintf("job %d: %d of %d left, stages %v", j.ID, j.Left, j.Total, j.Stages))
	}
	for _, s := range v.Stages {
		lines = append(lines, fmt.Sprintf("%v %s at %s is %s: %d of %d done, %d waiting, %d running", s.Ref, s.Name, s.Site, s.State, s.Done, s.Total, s.Waiting, s.Running))
		if s.Excluded {
			lines[len(lines)-1] += "; all executors are excluded for it"
		}
		if s.Awaits {
			lines[len(lines)-1] += "; one makes room for it"
		}
		if s.Slow > 0 || s.Copies.Copies > 0 {
			lines[len(lines)-1] += fmt.Sprintf("; %d slow, %d copies, %d won, %v wasted", s.Slow, s.Copies.Copies, s.Copies.Won, s.Copies.Wasted)
		}
	}
	for _, e := range v.Executors {
		profile := ""
		if e.Profile != 0 {
			profile = fmt.Sprintf(" of profile %d", e.Profile)
		}
		line := fmt.Sprintf("executor %v%s on %s: %d of %d slots used, %d outputs", e.ID, profile, e.Host, e.Used, e.Slots, e.Outputs)
		if e.Cached > 0 {
			line += fmt.Sprintf(", %d cached partitions", e.Cached)
		}
		if e.State != "active" {
			line += ", " + e.State
		}
		lines = append(lines, line)
	}
	return lines
}

func copyBlockText(a CopyBlock) string {
	b, from := a.Copy.Block, a.Copy.From.Executor
	if b.Kind == ids.RDDBlock {
		text := fmt.Sprintf("copy cached partition %d of RDD %d from executor %v to executor %v", b.B, b.A, from, a.Executor)
		if a.Copy.Generation > 0 {
			text += fmt.Sprintf(", generation %d", a.Copy.Generation)
		}
		if a.Copy.Level > 0 {
			text += fmt.Sprintf(", level %d", a.Copy.Level)
		}
		return text
	}
	return fmt.Sprintf("copy map output %d of shuffle %d from executor %v to executor %v", b.B, b.A, from, a.Executor)
}
