package sched

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kilnproject/kiln/internal/core/sched/health"
	"github.com/kilnproject/kiln/internal/core/sched/pool"
)

var rewrite = flag.Bool("rewrite", false, "write what the core does into testdata/*.txt")

// TestScripts plays testdata/*.txt: events, "----", the actions that follow from them; "#" begins prose. The words are in
// parse_test.go and print_test.go. Core.Check runs after each event.
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
			p := &player{t: t, launched: map[string]Launch{}}
			got := p.play(string(text))
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

// player plays one script.
type player struct {
	t        *testing.T
	cfg      Config
	core     *Core
	now      Time
	launched map[string]Launch // by "partition.try stage.attempt"
}

// play gives the script with the actions that the core really took.
func (p *player) play(text string) string {
	var out bytes.Buffer
	for _, part := range strings.Split(strings.TrimRight(text, "\n"), "\n\n") {
		input, _, hasActions := strings.Cut(part, "\n----")
		out.WriteString(input + "\n")
		var actions []string
		for line := range strings.Lines(input) {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
				actions = append(actions, p.line(line)...)
			}
		}
		if hasActions {
			out.WriteString("----\n")
			for _, a := range actions {
				out.WriteString(a + "\n")
			}
		} else if len(actions) > 0 {
			p.t.Fatalf("%q leads to actions, and the script has no ----: %q", input, actions)
		}
		out.WriteString("\n")
	}
	return strings.TrimRight(out.String(), "\n") + "\n"
}

// line plays one line and gives the actions in words.
func (p *player) line(line string) (actions []string) {
	word, rest, _ := strings.Cut(line, " ")
	if p.configure(word, rest) {
		return nil
	}
	if p.core == nil {
		p.core = New(p.cfg)
	}
	switch word {
	case "at":
		p.now = duration(p.t, rest)
		return nil
	case "wake?":
		at, ok := p.core.Wake()
		if !ok {
			return []string{"no wake"}
		}
		return []string{fmt.Sprintf("wake at %v", at)}
	case "view?":
		return printView(p.core.View())
	case "idle?":
		if err := p.core.Idle(); err != nil {
			return []string{err.Error()}
		}
		return []string{"idle"}
	}
	for _, a := range p.core.Step(p.now, p.event(word, rest), nil) {
		if l, ok := a.(*Launch); ok {
			p.launched[refText(l.Task.Ref)] = *l
		}
		actions = append(actions, p.print(a))
	}
	if err := p.core.Check(); err != nil {
		p.t.Fatalf("after %q: %v", line, err)
	}
	return actions
}

// configure reads a setting, which stands before the first event.
func (p *player) configure(word, rest string) bool {
	var to any
	switch word {
	case "seed":
		to = &p.cfg.Seed
	case "max-failures":
		to = &p.cfg.MaxFailures
	case "max-stage-attempts":
		to = &p.cfg.MaxStageAttempts
	case "max-stage-total":
		to = &p.cfg.MaxStageTotal
	case "max-result-size":
		to = &p.cfg.MaxResultSize
	case "max-actions":
		to = &p.cfg.MaxActions
	case "ahead":
		to = &p.cfg.Ahead
	case "most-slots":
		to = &p.cfg.MostSlots
	case "drain-within", "move-wait", "barrier-wait", "barrier-hold", "barrier-timeout", "silence", "reason-wait", "registered-wait", "unschedulable-wait", "locality-wait", "process-wait", "node-wait", "rack-wait":
		p.configureWait(word, duration(p.t, rest))
		return true
	case "move-off":
		p.cfg.Move.Off = true
		return true
	case "leave-kept":
		p.cfg.Move.LeaveKept = true
		return true
	case "move-at-once":
		to = &p.cfg.Move.AtOnce
	case "move-failures":
		to = &p.cfg.Move.Failures
	case "expected":
		to = &p.cfg.Expected
	case "min-registered":
		to = &p.cfg.MinRegistered
	case "exclude":
		p.exclude(rest)
		return true
	case "speculate":
		p.speculate(rest)
		return true
	case "hosts":
		p.cfg.Hosts = strings.Fields(rest)
		return true
	case "fair":
		p.cfg.Pools.Policy = pool.Fair
		return true
	case "count-drained":
		p.cfg.CountDrained = true
		return true
	case "far-reduces":
		p.cfg.FarReduces = true
		return true
	case "strict-pools":
		p.cfg.Pools.Strict = true
		return true
	case "pool":
		p.cfg.Pools.Pools = append(p.cfg.Pools.Pools, p.pool(rest))
		return true
	case "publish":
		p.cfg.Publish = true
		return true
	case "warn":
		p.cfg.Warn = true
		return true
	default:
		return false
	}
	if _, err := fmt.Sscan(rest, to); err != nil {
		p.t.Fatalf("%s %q: %v", word, rest, err)
	}
	return true
}

func (p *player) configureWait(word string, d time.Duration) {
	switch word {
	case "silence":
		p.cfg.Silence = d
	case "reason-wait":
		p.cfg.ReasonWait = d
	case "unschedulable-wait":
		p.cfg.UnschedulableWait = d
	case "locality-wait":
		p.cfg.ProcessWait, p.cfg.NodeWait, p.cfg.RackWait = d, d, d
	case "process-wait":
		p.cfg.ProcessWait = d
	case "node-wait":
		p.cfg.NodeWait = d
	case "rack-wait":
		p.cfg.RackWait = d
	case "registered-wait":
		p.cfg.RegisteredWait = d
	case "drain-within":
		p.cfg.DrainWithin = d
	case "move-wait":
		p.cfg.Move.Wait = d
	case "barrier-wait":
		p.cfg.BarrierWait = d
	case "barrier-hold":
		p.cfg.BarrierHold = d
	case "barrier-timeout":
		p.cfg.BarrierTimeout = d
	}
}

// exclude reads what tasks keep away from: any of task, app, fetch, fetch-host, kill, decommission, drain-idle, timeout=DURATION, app-executor=N,
// app-host=N, stage-executor=N, task-host=N, task-executor=N.
func (p *player) exclude(text string) {
	h := &p.cfg.Health
	for _, o := range strings.Fields(text) {
		key, value, _ := strings.Cut(o, "=")
		switch key {
		case "task":
			h.TaskAndStage = true
		case "app":
			h.Application = true
		case "fetch":
			h.Fetch = true
		case "fetch-host":
			h.Fetch, h.FetchByHost = true, true
		case "kill":
			h.Ending = health.Kill
		case "decommission":
			h.Ending = health.Decommission
		case "drain-idle":
			h.DrainIdle = true
		case "timeout":
			h.Timeout = duration(p.t, value)
		case "app-executor":
			h.AppOnExecutor = p.number(value)
		case "app-host":
			h.AppOnHost = p.number(value)
		case "stage-executor":
			h.StageOnExecutor = p.number(value)
		case "task-host":
			h.TaskOnHost = p.number(value)
		case "task-executor":
			h.TaskOnExecutor = p.number(value)
		}
	}
}

// speculate reads which tasks get a copy: any of quantile=PART, multiplier=N, min=DURATION, long-run=N, threshold=DURATION, any-rate.
func (p *player) speculate(text string) {
	s := &p.cfg.Speculation
	s.Enabled = true
	for _, o := range strings.Fields(text) {
		key, value, _ := strings.Cut(o, "=")
		switch key {
		case "quantile":
			p.scan(value, "%g", &s.Quantile)
		case "multiplier":
			p.scan(value, "%g", &s.Multiplier)
		case "min":
			s.MinRuntime = duration(p.t, value)
		case "long-run":
			p.scan(value, "%g", &s.LongRun)
		case "threshold":
			s.Threshold = duration(p.t, value)
		case "any-rate":
			s.AnyRate = true
		default:
			p.t.Fatalf("no such option: %q", o)
		}
	}
}

func duration(t *testing.T, s string) time.Duration {
	d, err := time.ParseDuration(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
