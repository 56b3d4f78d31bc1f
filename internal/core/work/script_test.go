package work

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

var rewrite = flag.Bool("rewrite", false, "write what the core does into testdata/*.txt")

// TestScripts plays testdata/*.txt: events, "----", the actions that follow from them; "#" begins prose.
//
//	slots N | grace DURATION | patience DURATION | remember N      a fresh core, before the first event
//	at DURATION                                the time of the next events
//	stage S.A | forget S.A                     StageArrived, StageForgotten
//	launch P.T S.A | kill P.T S.A [reason]     partition and task attempt in stage and stage attempt
//	recall P.T S.A [reason]                    a kill of what has not started
//	finished P.T S.A | stopped [reason] | woke
//	wake?                                      what Core.Wake gives
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(text))
			if *rewrite {
				if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(text) {
				t.Fatalf("the core does otherwise (-rewrite accepts it):\n%s", got)
			}
		})
	}
}

// play gives the script with the actions that the core really took.
func play(t *testing.T, text string) string {
	var out bytes.Buffer
	var cfg Config
	var core *Core
	var now Time
	for _, part := range strings.Split(strings.TrimRight(text, "\n"), "\n\n") {
		input, _, hasActions := strings.Cut(part, "\n----")
		out.WriteString(input + "\n")
		var actions []string
		for line := range strings.Lines(input) {
			line = strings.TrimSpace(line)
			if line == "" || line[0] == '#' || configure(t, &cfg, line) {
				continue
			}
			if core == nil {
				core = New(cfg)
			}
			if moment, ok := strings.CutPrefix(line, "at "); ok {
				now = duration(t, moment)
				continue
			}
			if line == "wake?" {
				at, ok := core.Wake()
				actions = append(actions, fmt.Sprintf("wake at %v %v", at, ok))
				continue
			}
			for _, a := range core.Step(now, parseEvent(t, line), nil) {
				actions = append(actions, printAction(a))
			}
			if err := core.Check(); err != nil {
				t.Fatalf("after %q: %v", line, err)
			}
		}
		if hasActions {
			out.WriteString("----\n")
			for _, a := range actions {
				out.WriteString(a + "\n")
			}
		} else if len(actions) > 0 {
			t.Fatalf("%q leads to actions, and the script has no ----: %q", input, actions)
		}
		out.WriteString("\n")
	}
	return strings.TrimRight(out.String(), "\n") + "\n"
}

func configure(t *testing.T, cfg *Config, line string) bool {
	name, value, _ := strings.Cut(line, " ")
	var err error
	switch name {
	case "slots":
		_, err = fmt.Sscan(value, &cfg.Slots)
	case "remember":
		_, err = fmt.Sscan(value, &cfg.Remember)
	case "patience":
		cfg.Patience = duration(t, value)
	case "grace":
		cfg.Grace = duration(t, value)
	default:
		return false
	}
	if err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return true
}

func duration(t *testing.T, s string) time.Duration {
	d, err := time.ParseDuration(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func parseEvent(t *testing.T, line string) Event {
	word, rest, _ := strings.Cut(line, " ")
	if word == "stopped" {
		return Stopped{Reason: rest}
	}
	if word == "woke" {
		return Woke{}
	}
	var ref ids.TaskRef
	if word == "stage" || word == "forget" {
		if _, err := fmt.Sscanf(rest, "%d.%d", &ref.Stage, &ref.Attempt); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
	} else if _, err := fmt.Sscanf(rest, "%d.%d %d.%d", &ref.Partition, &ref.Try, &ref.Stage, &ref.Attempt); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	switch word {
	case "stage":
		return StageArrived{ref.StageRef}
	case "forget":
		return StageForgotten{ref.StageRef}
	case "launch":
		return LaunchArrived{task.Launch{Ref: ref}}
	case "finished":
		return TaskFinished{ref}
	case "kill", "recall":
		var reason string
		if f := strings.SplitN(rest, " ", 3); len(f) == 3 {
			reason = f[2]
		}
		return KillArrived{task.Kill{Ref: ref, Reason: reason, Recall: word == "recall"}}
	}
	t.Fatalf("no such event: %q", line)
	return nil
}

func printAction(a Action) string {
	switch a := a.(type) {
	case StartTask:
		return fmt.Sprintf("start %v", a.Launch.Ref)
	case CancelTask:
		return fmt.Sprintf("cancel %v: %s", a.Ref, a.Reason)
	case AnswerKilled:
		return fmt.Sprintf("answer killed %v: %s", a.Launch.Ref, a.Reason)
	case RefuseTask:
		return fmt.Sprintf("refuse %v: %v", a.Launch.Ref, a.Why)
	case DropStage:
		return fmt.Sprintf("drop %v", a.Ref)
	case GiveUp:
		return fmt.Sprintf("give up: %v goes on %v after it was cancelled", a.Ref, a.After)
	case Exit:
		return fmt.Sprintf("exit, %d left", a.Left)
	}
	return fmt.Sprintf("%#v", a)
}
