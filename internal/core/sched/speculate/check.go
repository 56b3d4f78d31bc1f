package speculate

import (
	"fmt"
	"time"
)

// Rule is why a task deserves a copy.
type Rule uint8

// The rules.
const (
	SlowRate  Rule = iota + 1 // it reads far more slowly than others did
	LongRun                   // it has run for so long that its rate does not matter
	AnyRate                   // it has run for longer than the threshold, and rates do not count
	Threshold                 // it has run for longer than a set of this size may, before others are done
	Doomed                    // its executor is killed before it can be done
)

// String gives the rule in words.
func (r Rule) String() string {
	switch r {
	case SlowRate:
		return "it reads far more slowly than the average"
	case LongRun:
		return "it has run far longer than the median"
	case AnyRate:
		return "it has run longer than the median"
	case Threshold:
		return "it has run longer than the threshold for small stages"
	case Doomed:
		return "its executor goes before it can be done"
	}
	return fmt.Sprintf("rule %d", r)
}

// Candidate is a task that deserves a copy.
type Candidate struct {
	Task  int32
	Try   int32 // the attempt that runs
	Rule  Rule
	Run   time.Duration // so far
	Limit time.Duration // which that exceeds; of a doomed one the median
	Again bool          // the same attempt was found before
}

// phase is what rule is in force.
type phase uint8

const (
	early   phase = iota // not enough is done to know what is slow
	small                // the same, and the threshold for sets that fit on one executor holds
	regular              // the median tells
)

// phase gives what rule is in force, and from which run time on an attempt can be slow.
func (s *Set) phase() (phase, time.Duration) {
	n := len(s.tasks)
	if n == 1 && s.cfg.Threshold == 0 {
		return early, 0
	}
	if s.done >= max(1, int(s.cfg.Quantile*float64(n))) && s.times.len() > 0 {
		slow := time.Duration(s.cfg.Multiplier * float64(s.times.value()))
		return regular, max(slow, s.cfg.MinRuntime)
	}
	if s.cfg.Threshold > 0 && n <= s.slots {
		return small, s.cfg.Threshold
	}
	return early, 0
}

// Check gives the tasks that deserve a copy, which have exactly one attempt. Each is given once.
func (s *Set) Check(now Time) (candidates []Candidate) {
	phase, threshold := s.phase()
	if phase == early {
		return nil
	}
	next := (*attempt)(nil)
	for a := s.oldest; a != nil; a = next {
		next = a.newer
		run := now - a.started
		if run <= threshold && (s.doomed == 0 || phase != regular) {
			break // all others are younger
		}
		t := &s.tasks[a.task]
		if t.done || t.running.twin != nil {
			continue
		}
		if rule, limit := s.judge(a, run, phase, threshold); rule != 0 {
			candidates = append(candidates, Candidate{a.task, a.try, rule, run, limit, a.found})
			t.marked, a.found = true, true
			s.unlist(a)
		}
	}
	return candidates
}

// judge gives the rule by which an attempt that has run for some time deserves a copy, or zero.
func (s *Set) judge(a *attempt, run time.Duration, phase phase, threshold time.Duration) (Rule, time.Duration) {
	if phase == small {
		if run > threshold {
			return Threshold, threshold
		}
		return 0, 0
	}
	if median := s.times.value(); a.dies && a.started+median > a.killedAt {
		return Doomed, median
	}
	if a.input == 0 || !s.rate.knowsBytes() {
		return s.judgeByRows(a, run, threshold), threshold
	}
	limit := max(threshold, seconds(s.cfg.Multiplier*s.rate.seconds(a.input)))
	return s.judgeByBytes(a, run, limit), limit
}

// seconds gives a duration, and the longest one for what is longer than any.
func seconds(s float64) time.Duration {
	const longest = time.Duration(1<<63 - 1)
	if s >= longest.Seconds() {
		return longest
	}
	return time.Duration(s * float64(time.Second))
}

// judgeByRows is Spark's rule.
func (s *Set) judgeByRows(a *attempt, run, limit time.Duration) Rule {
	switch average, known := s.rate.rowRate(); {
	case run <= limit:
		return 0
	case s.cfg.AnyRate:
		return AnyRate
	case float64(run) > s.cfg.LongRun*float64(limit):
		return LongRun
	case !known || float64(a.progress.Rows)/run.Seconds() < s.cfg.SlowRate*average:
		return SlowRate
	}
	return 0
}

// judgeByBytes is the rule where the size of the input is known. Without a sign of progress a long run is enough, and so is a very long
// one of a task that has read nearly all: what it does then does not show.
func (s *Set) judgeByBytes(a *attempt, run, limit time.Duration) Rule {
	switch {
	case run <= limit:
		return 0
	case s.cfg.AnyRate:
		return AnyRate
	case a.progress.Bytes == 0:
		return SlowRate
	case float64(run) > s.cfg.LongRun*float64(limit):
		return LongRun
	}
	rate := float64(a.progress.Bytes) / run.Seconds()
	left := (s.rate.reads(a.input) - float64(a.progress.Bytes)) / rate
	if rate >= s.cfg.SlowRate*s.rate.byteRate() || left <= s.rate.seconds(a.input) {
		return 0
	}
	return SlowRate
}

// Next gives when to check again: when the oldest attempt may become slow, but not before an interval has passed. Ask again when a
// task has ended.
func (s *Set) Next(now Time) (at Time, ok bool) {
	phase, threshold := s.phase()
	if phase == early || s.oldest == nil {
		return 0, false
	}
	at = now + s.cfg.Interval
	if s.doomed == 0 || phase != regular {
		at = max(at, s.oldest.started+threshold+1)
	}
	return at, true
}
