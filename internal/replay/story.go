package replay

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/task"
)

// Story plays the log again and tells what happened, a line for each thing that somebody would want to know. Tasks that are launched
// and end well are counted between other lines. What the core did begins with an arrow.
func (l *Log) Story(tell func(line string)) (Outcome, error) { return l.telling().story(tell) }

// telling gives the same run as one that was published: the core tells more, and decides the same. The digest shows whether it does;
// a Step with more actions than go into one is cut elsewhere, and such a log is played as it is.
func (l *Log) telling() *Log {
	published := *l
	published.Config.Publish = true
	if o, err := published.Play(nil); err != nil || o.Different > 0 {
		return l
	}
	return &published
}

// story tells a run. When it is not published, the begin and end of stages are seen by their first launch, and when executors are told
// to forget them.
func (l *Log) story(tell func(line string)) (Outcome, error) {
	s := &story{tell: tell, published: l.Config.Publish, stages: map[ids.StageRef]bool{}}
	if l.About != "" {
		tell(l.About)
	}
	o, err := l.Play(s.step)
	s.count()
	tell(o.String())
	return o, err
}

// String gives the outcome in words.
func (o Outcome) String() string {
	words := fmt.Sprintf("%d steps, ", o.Steps)
	if o.Different > 0 {
		words += fmt.Sprintf("of which number %d is the first that differs from what was recorded", o.Different)
	} else {
		words += "all as they were recorded"
	}
	switch o.Ending {
	case Complete:
		return words + "; the run ended"
	case Stopped:
		return words + "; " + o.Stopped
	case CutOff:
		return words + "; the file ends before the run"
	}
	return words
}

// story tells a log. It counts tasks until another line comes.
type story struct {
	tell      func(string)
	now       sched.Time
	counts    []counted // in the order in which the stage attempts were met
	published bool
	stages    map[ids.StageRef]bool // those that began and are not over, unless published
}

// counted is what happened to the tasks of a stage attempt since the last line.
type counted struct {
	stage          ids.StageRef
	launched, done int
	executors      []ids.ExecutorID
}

func (s *story) step(at Step) bool {
	s.line(at.Record.Now, wordsOfEvent(at.Record.Event))
	if ev, ok := at.Record.Event.(sched.TaskEnded); ok && ev.End.Reason.Fate == task.Success {
		s.of(ev.End.Ref.StageRef).done++
	}
	s.now = at.Record.Now
	for _, a := range at.Actions {
		switch a := a.(type) {
		case *sched.Launch:
			s.begins(a.Task.Ref.StageRef, at)
			s.of(a.Task.Ref.StageRef).launch(a.Executor)
		case sched.ForgetStage:
			s.ends(a.Stage)
		default:
			s.line(at.Record.Now, wordsOfAction(a))
		}
	}
	return true
}

// begins tells of a stage attempt that nobody told of.
func (s *story) begins(ref ids.StageRef, at Step) {
	if s.published || s.stages[ref] {
		return
	}
	s.stages[ref] = true
	for _, v := range at.Core.View().Stages {
		if v.Ref == ref {
			s.line(s.now, fmt.Sprintf("-> %v begins: %s at %s, %d of %d tasks are done", ref, v.Name, v.Site, v.Done, v.Total))
		}
	}
}

// ends tells that a stage attempt is over that nobody told of.
func (s *story) ends(ref ids.StageRef) {
	if s.stages[ref] {
		delete(s.stages, ref)
		s.line(s.now, fmt.Sprintf("-> %v is over", ref))
	}
}

// launch counts a launch.
func (c *counted) launch(on ids.ExecutorID) {
	c.launched++
	if len(c.executors) <= manyExecutors && !slices.Contains(c.executors, on) {
		c.executors = append(c.executors, on)
	}
}

// manyExecutors are so many that they are not named.
const manyExecutors = 4

func (s *story) of(stage ids.StageRef) *counted {
	at := slices.IndexFunc(s.counts, func(c counted) bool { return c.stage == stage })
	if at < 0 {
		at = len(s.counts)
		s.counts = append(s.counts, counted{stage: stage})
	}
	return &s.counts[at]
}

// line tells a line, after what was counted before it. No words are no line.
func (s *story) line(now sched.Time, words string) {
	if words == "" {
		return
	}
	s.count()
	s.now = now
	s.say(words)
}

func (s *story) say(words string) { s.tell(fmt.Sprintf("%10.3fs  %s", s.now.Seconds(), words)) }

// count tells what was counted.
func (s *story) count() {
	for _, c := range s.counts {
		var words []string
		if c.launched > 0 {
			where := fmt.Sprintf("more than %d executors", manyExecutors)
			if len(c.executors) <= manyExecutors {
				where = "executors " + list(c.executors)
			}
			words = append(words, fmt.Sprintf("%d launched on %s", c.launched, where))
		}
		if c.done > 0 {
			words = append(words, fmt.Sprintf("%d done", c.done))
		}
		s.say(fmt.Sprintf("tasks of %v: %s", c.stage, strings.Join(words, ", ")))
	}
	s.counts = s.counts[:0]
}
