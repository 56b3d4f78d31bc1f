package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/kilnproject/kiln/internal/core/sim"
)

// outcome is what came of a simulation, and what it took here.
type outcome struct {
	*sim.ScaleReport
	took time.Duration
	heap uint64 // bytes that the system gave
}

func (s *simulation) tell(out io.Writer, o outcome) error {
	if s.output == "json" {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(s.document(o))
	}
	s.tellFacts(out, o)
	tellSpreads(out, o)
	most := float64(s.Executors * s.Slots)
	if s.Elastic != nil {
		plot(out, "slots", o.There.Slots(), o.There.Span, o.Makespan, most)
	}
	plot(out, "busy slots", o.Busy.Slots(), o.Busy.Span, o.Makespan, most)
	return nil
}

func (s *simulation) tellFacts(out io.Writer, o outcome) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(out, "%-13s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("cluster", "%s executors of %d slots on %s hosts", counted(s.Executors), s.Slots, counted(s.Hosts))
	line("load", "%s tasks of about %v in %s jobs, seed %d", counted(s.Tasks), s.Task, counted(s.Jobs), s.Seed)
	line("makespan", "%v, %.2f times the lower bound of %v", brief(o.Makespan), ratio(o.Makespan, o.Bound), brief(o.Bound))
	line("attempts", "%s, of which %s failed or were lost", counted(o.Launches), counted(o.Failures))
	if o.Moved > 0 {
		line("moved", "%s map outputs of executors that drain", counted(o.Moved))
	}
	if c := o.Copies; s.speculation {
		line("copies", "%s of slow tasks, %s of them first; the slower ones took %v of slots", counted(c.Copies), counted(c.Won), brief(c.Wasted))
	}
	if near, far := o.Levels[0], o.Levels[1]; near+far > 0 {
		line("locality", "%.1f%% of %s launches with a preference on a preferred host", 100*float64(near)/float64(near+far), counted(near+far))
	}
	line("simulated in", "%v, %v of it in %s Steps of the scheduler", brief(o.took), brief(o.Cost.Total), counted(o.Steps))
	line("heap", "%s MiB, %s bytes for each task", counted(int(o.heap>>20)), counted(int(o.heap)/s.Tasks))
	line("decisions", "%016x is the hash of all", o.Hash)
}

// tellSpreads prints a table of what Steps cost, and how long tasks waited and ran.
func tellSpreads(out io.Writer, o outcome) {
	fmt.Fprintf(out, "\n%-13s%11s%11s%11s%11s%11s\n", "", "mean", "p50", "p90", "p99", "max")
	for _, row := range []struct {
		name string
		of   *sim.Spread
	}{{"a Step costs", &o.Cost}, {"a task waits", &o.Wait}, {"a task runs", &o.Run}} {
		fmt.Fprintf(out, "%-13s", row.name)
		for _, d := range []time.Duration{row.of.Mean(), row.of.Quantile(0.5), row.of.Quantile(0.9), row.of.Quantile(0.99), row.of.Most} {
			fmt.Fprintf(out, "%11v", brief(d))
		}
		fmt.Fprintln(out)
	}
}

// brief rounds to three digits, and times from a minute on to seconds.
func brief(d time.Duration) time.Duration {
	if d >= time.Minute {
		return d.Round(time.Second)
	}
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit)
}

// counted writes a number with a comma after each third digit.
func counted(n int) string {
	digits := strconv.Itoa(n)
	var b strings.Builder
	for i, d := range digits {
		if left := len(digits) - i; i > 0 && left%3 == 0 && digits[i-1] != '-' {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(max(b, 1)) }

// report is the outcome as JSON. Times are in seconds.
type report struct {
	Seed          uint64      `json:"seed"`
	Executors     int         `json:"executors"`
	Slots         int         `json:"slots"` // of each
	Hosts         int         `json:"hosts"`
	Tasks         int         `json:"tasks"`
	Jobs          int         `json:"jobs"`
	Makespan      float64     `json:"makespan"`
	Bound         float64     `json:"bound"`
	Launches      int         `json:"launches"`
	Failures      int         `json:"failures"`
	Moved         int         `json:"moved"` // map outputs of executors that drain
	Copies        *copies     `json:"copies,omitempty"`
	Locality      locality    `json:"locality"`
	Steps         int         `json:"steps"`
	Cost          spread      `json:"stepCost"`
	Wait          spread      `json:"taskWait"`
	Run           spread      `json:"taskRun"`
	Took          float64     `json:"took"`
	TookScheduler float64     `json:"tookScheduler"`
	HeapBytes     uint64      `json:"heapBytes"`
	Hash          string      `json:"hash"`
	There         *slotSeries `json:"thereSlots,omitempty"` // with --elastic
	Busy          *slotSeries `json:"busySlots"`
}

type copies struct {
	Launched int     `json:"launched"`
	Won      int     `json:"won"`
	Wasted   float64 `json:"wasted"`
}

// locality is how many launches were near the data of their tasks.
type locality struct {
	Preferred    int `json:"preferred"`
	Elsewhere    int `json:"elsewhere"`
	NoPreference int `json:"noPreference"`
}

type spread struct {
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	Max  float64 `json:"max"`
}

// slotSeries is the mean number of slots in each span of time.
type slotSeries struct {
	Span  float64   `json:"span"`
	Slots []float64 `json:"slots"`
}

func (s *simulation) document(o outcome) report {
	r := report{
		Seed: s.Seed, Executors: s.Executors, Slots: s.Slots, Hosts: s.Hosts, Tasks: s.Tasks, Jobs: s.Jobs,
		Makespan: o.Makespan.Seconds(), Bound: o.Bound.Seconds(), Launches: o.Launches, Failures: o.Failures, Moved: o.Moved,
		Locality: locality{o.Levels[0], o.Levels[1], o.Levels[2]},
		Steps:    o.Steps, Cost: spreadOf(&o.Cost), Wait: spreadOf(&o.Wait), Run: spreadOf(&o.Run),
		Took: o.took.Seconds(), TookScheduler: o.Cost.Total.Seconds(), HeapBytes: o.heap, Hash: fmt.Sprintf("%016x", o.Hash),
		Busy: seriesOf(&o.Busy),
	}
	if s.speculation {
		r.Copies = &copies{o.Copies.Copies, o.Copies.Won, o.Copies.Wasted.Seconds()}
	}
	if s.Elastic != nil {
		r.There = seriesOf(&o.There)
	}
	return r
}

func spreadOf(s *sim.Spread) spread {
	at := func(part float64) float64 { return s.Quantile(part).Seconds() }
	return spread{s.Mean().Seconds(), at(0.5), at(0.9), at(0.99), s.Most.Seconds()}
}

func seriesOf(b *sim.Busy) *slotSeries { return &slotSeries{b.Span.Seconds(), b.Slots()} }
