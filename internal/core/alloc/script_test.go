package alloc

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
)

var rewrite = flag.Bool("rewrite", false, "write what the allocator decides into testdata/*.txt")

// TestScripts plays testdata/*.txt: what the scheduler shows, "----", what the allocator decides; "#" begins prose.
//
//	min N | max N | initial N | ratio F | backlog D | sustained D | idle D | cached-idle D | shuffle-idle D | untracked | drain
//	                               the rules, before anything else; Spark's defaults hold otherwise, and slots 1
//	slots N [of P]                 one executor of profile P runs N tasks at once
//	stage S waits=N copies=N runs=N [profile=P] [each=N] [together] [stuck] [placed=N on=h0:N,h1:N]     the stage as it is from now on
//	stage S over
//	executor E idle|runs=N|leaving|gone [profile=P] [cached] [outputs] [needed]     the executor as it is from now on
//	executors A-B ...              the same for several
//	compute D                      Compute at this moment; it says nothing when nothing changes
//	until D                        Compute every 100 ms from the last moment to this one
//	refused D                      Compute, whose wish the cluster manager refuses
//	reset                          a new Allocator with the same rules: the cluster manager has begun anew
//	target?                        targets and steps
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
			got := newPlayer(t).play(string(text))
			if *rewrite {
				if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(text) {
				t.Fatalf("the allocator does otherwise (-rewrite accepts it):\n%s", got)
			}
		})
	}
}

// player plays one script.
type player struct {
	t      *testing.T
	cfg    Config
	alloc  *Allocator // nil until the rules are known
	now    Time
	view   View
	stages map[string]int // where in view
}

func newPlayer(t *testing.T) *player {
	return &player{
		t: t, stages: map[string]int{}, view: View{Profiles: []Profile{{0, 1}}},
		cfg: Config{
			Max: 1 << 30, Ratio: 1, Backlog: time.Second, Sustained: time.Second,
			Idle: time.Minute, CachedIdle: Never, ShuffleIdle: Never, TrackShuffles: true,
		},
	}
}

// play gives the script with what the allocator really decided.
func (p *player) play(text string) string {
	var out bytes.Buffer
	for _, part := range strings.Split(strings.TrimRight(text, "\n"), "\n\n") {
		input, _, decides := strings.Cut(part, "\n----")
		out.WriteString(input + "\n")
		var decided []string
		for line := range strings.Lines(input) {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
				decided = append(decided, p.line(line)...)
			}
		}
		if decides {
			out.WriteString("----\n")
			for _, d := range decided {
				out.WriteString(d + "\n")
			}
		} else if len(decided) > 0 {
			p.t.Fatalf("%q leads to decisions, and the script has no ----: %q", input, decided)
		}
		out.WriteString("\n")
	}
	return strings.TrimRight(out.String(), "\n") + "\n"
}

// line plays one line and gives the decisions in words.
func (p *player) line(line string) (decided []string) {
	f := strings.Fields(line)
	if p.rule(f) {
		if p.alloc != nil {
			p.t.Fatalf("%q comes too late", line)
		}
		return nil
	}
	if p.alloc == nil || f[0] == "reset" {
		a := New(p.cfg)
		p.alloc = &a
	}
	switch f[0] {
	case "reset":
	case "slots":
		p.slots(f[1:])
	case "stage":
		p.stage(f[1], f[2:])
	case "executor", "executors":
		p.executors(f[1], f[2:])
	case "compute":
		return p.compute(p.duration(f[1]), true)
	case "refused":
		return p.compute(p.duration(f[1]), false)
	case "until":
		for end := p.duration(f[1]); p.now < end; {
			decided = append(decided, p.compute(p.now+100*time.Millisecond, true)...)
		}
	case "target?":
		for _, g := range p.alloc.targets {
			decided = append(decided, fmt.Sprintf("profile %d: target %d, step %d", g.profile, g.target, g.step))
		}
	default:
		p.t.Fatalf("no such line: %q", line)
	}
	return decided
}

func (p *player) compute(now Time, accepted bool) []string {
	p.now = now
	next, w := p.alloc.Compute(&p.view, now)
	if accepted {
		*p.alloc = next
		p.leave(append(w.Release, w.Drain...))
	}
	var said []string
	if w.Changed {
		var all []string
		for _, t := range w.Targets {
			all = append(all, printTarget(t, len(w.Targets)))
		}
		said = append(said, "want "+strings.Join(all, ", "))
	}
	if len(w.Release) > 0 {
		said = append(said, fmt.Sprintf("release %v", w.Release))
	}
	if len(w.Drain) > 0 {
		said = append(said, fmt.Sprintf("drain %v", w.Drain))
	}
	if len(said) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%v: %s", now, strings.Join(said, "; "))}
}

// leave does as the cluster manager does: executors that were told to go are leaving, until the script says that they are gone.
func (p *player) leave(executors []ids.ExecutorID) {
	for i := range p.view.Executors {
		if e := &p.view.Executors[i]; slices.Contains(executors, e.ID) {
			e.Leaving = true
		}
	}
}

func printTarget(t Target, of int) string {
	s := strconv.Itoa(t.Executors)
	if of > 1 {
		s += fmt.Sprintf(" of profile %d", t.Profile)
	}
	if t.Placed > 0 {
		s += fmt.Sprintf(" (%d tasks prefer", t.Placed)
		for _, at := range t.Places {
			s += fmt.Sprintf(" %s:%d", at.Host, at.Tasks)
		}
		s += ")"
	}
	return s
}

// rule reads a line of Config.
func (p *player) rule(f []string) bool {
	c := &p.cfg
	durations := map[string]*Time{"backlog": &c.Backlog, "sustained": &c.Sustained, "idle": &c.Idle, "cached-idle": &c.CachedIdle, "shuffle-idle": &c.ShuffleIdle}
	counts := map[string]*int{"min": &c.Min, "max": &c.Max, "initial": &c.Initial}
	switch d, n := durations[f[0]], counts[f[0]]; {
	case d != nil:
		*d = p.duration(f[1])
	case n != nil:
		*n = p.number(f[1])
	case f[0] == "ratio":
		ratio, err := strconv.ParseFloat(f[1], 64)
		if err != nil {
			p.t.Fatal(err)
		}
		c.Ratio = ratio
	case f[0] == "untracked":
		c.TrackShuffles = false
	case f[0] == "drain":
		c.Drain = true
	default:
		return false
	}
	return true
}

func (p *player) slots(f []string) {
	var id ids.ProfileID
	if len(f) == 3 {
		id = ids.ProfileID(p.number(f[2]))
	}
	for i := range p.view.Profiles {
		if p.view.Profiles[i].ID == id {
			p.view.Profiles[i].Slots = p.number(f[0])
			return
		}
	}
	p.view.Profiles = append(p.view.Profiles, Profile{id, p.number(f[0])})
}

func (p *player) stage(name string, f []string) {
	at, known := p.stages[name]
	if !known {
		at = len(p.view.Stages)
		p.view.Stages, p.stages[name] = append(p.view.Stages, Stage{}), at
	}
	p.view.Begun = true
	s := &p.view.Stages[at]
	*s = Stage{}
	for _, o := range f {
		switch key, value, _ := strings.Cut(o, "="); key {
		case "over":
		case "waits":
			s.Waiting = p.number(value)
		case "copies":
			s.Copies = p.number(value)
		case "runs":
			s.Running = p.number(value)
		case "profile":
			s.Profile = ids.ProfileID(p.number(value))
		case "each":
			s.PerExecutor = p.number(value)
		case "together":
			s.Together = true
		case "stuck":
			s.Unschedulable = true
		case "placed":
			s.Placed = p.number(value)
		case "on":
			for _, one := range strings.Split(value, ",") {
				host, n, _ := strings.Cut(one, ":")
				s.Places = append(s.Places, Place{host, p.number(n)})
			}
		default:
			p.t.Fatalf("no such word: %q", o)
		}
	}
}

func (p *player) executors(which string, f []string) {
	from, to, several := strings.Cut(which, "-")
	if !several {
		to = from
	}
	for id := p.number(from); id <= p.number(to); id++ {
		p.executor(ids.ExecutorID(id), f)
	}
}

func (p *player) executor(id ids.ExecutorID, f []string) {
	at, known := slices.BinarySearchFunc(p.view.Executors, id, func(e Executor, id ids.ExecutorID) int { return int(e.ID - id) })
	if known {
		p.view.Executors = slices.Delete(p.view.Executors, at, at+1)
	}
	e := Executor{ID: id, Idle: p.now}
	for _, o := range f {
		switch key, value, _ := strings.Cut(o, "="); key {
		case "gone":
			return
		case "idle":
			if value != "" {
				e.Idle = p.duration(value)
			}
		case "runs":
			e.Running = p.number(value)
		case "leaving":
			e.Leaving = true
		case "profile":
			e.Profile = ids.ProfileID(p.number(value))
		case "cached":
			e.Cached = true
		case "outputs":
			e.Outputs = true
		case "needed":
			e.Outputs, e.Needed = true, true
		default:
			p.t.Fatalf("no such word: %q", o)
		}
	}
	p.view.Executors = slices.Insert(p.view.Executors, at, e)
}

func (p *player) number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

func (p *player) duration(s string) Time {
	if s == "never" {
		return Never
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		p.t.Fatal(err)
	}
	return d
}
