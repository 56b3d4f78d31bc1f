package sched_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/sim"
)

// What the simulation writes as a script leads the core to the same decisions, so that it can be kept in testdata.
func TestScriptsOfTheSimulationLeadToTheSameDecisions(t *testing.T) {
	for seed := range uint64(60) {
		p := sim.Draw(sim.Random(seed))
		tape, err := sim.Record(p)
		if err != nil {
			t.Fatal(err)
		}
		want := decisions(tape)
		var got []string
		for line := range strings.Lines(sched.PlayScript(t, tape.Script(fmt.Sprint("seed ", seed)))) {
			if line = strings.TrimSpace(line); slices.ContainsFunc(decisive, func(word string) bool { return strings.HasPrefix(line, word) }) {
				got = append(got, line)
			}
		}
		for i := range max(len(want), len(got)) {
			if i >= len(want) || i >= len(got) || want[i] != got[i] {
				t.Fatalf("seed %d: decision %d of %d is other than in the simulation (%d):\n%q\n%q", seed, i, len(got), len(want), got[min(i, len(got)):][:1], want[min(i, len(want)):][:1])
			}
		}
	}
}

var decisive = []string{"launch ", "complete job ", "recall ", "refuse ", "drop shuffle "}

func decisions(tape *sim.Tape) (words []string) {
	core := sched.New(tape.Config)
	for _, told := range tape.Told {
		if told.Event == nil {
			continue
		}
		for _, a := range core.Step(told.At, told.Event, nil) {
			switch a := a.(type) {
			case *sched.Launch:
				text := fmt.Sprintf("launch %v on executor %v", a.Task.Ref, a.Executor)
				for _, r := range a.Task.Resources {
					text += fmt.Sprintf(" with %s %s", r.Name, strings.Join(r.Addresses, ","))
				}
				words = append(words, text)
			case sched.CompleteJob:
				text := fmt.Sprintf("complete job %d", a.Job)
				if a.Bytes != nil {
					text += fmt.Sprintf(": bytes %v", a.Bytes)
				}
				words = append(words, text)
			case sched.Kill:
				if a.Task.Recall {
					words = append(words, fmt.Sprintf("recall %v from executor %v: %s", a.Task.Ref, a.Executor, a.Task.Reason))
				}
			case sched.RefuseExecutor:
				words = append(words, fmt.Sprintf("refuse executor %v: %s", a.Executor, a.Reason))
			case sched.DropShuffle:
				words = append(words, fmt.Sprintf("drop shuffle %d", a.Shuffle))
			}
		}
	}
	return words
}
