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
// and end well are counted between other lines. What the core did begins with an arrow; stages have lines of their own when the run
// was published.
func (l *Log) Story(tell func(line string)) (Outcome, error) {
	s := &story{tell: tell}
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
	tell   func(string)
	now    sched.Time
	counts []counted // in the order in which the stage attempts were met
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
		if l, ok := a.(sched.Launch); ok {
			c := s.of(l.Task.Ref.StageRef)
			c.launched++
			if len(c.executors) <= manyExecutors && !slices.Contains(c.executors, l.Executor) {
				c.executors = append(c.executors, l.Executor)
			}
			continue
		}
		s.line(at.Record.Now, wordsOfAction(a))
	}
	return true
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
