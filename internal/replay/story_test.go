package replay

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
)

// logOf records what a test tells a cluster.
func logOf(t testing.TB, cfg sched.Config, tell func(*cluster)) *Log {
	r := NewRecorder(cfg, "", 0)
	tell(newCluster(cfg, r.Step))
	l, err := Open(r.Take(true))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// storyOf gives the lines of a log.
func storyOf(t testing.TB, l *Log) string {
	var b strings.Builder
	if _, err := l.Story(func(line string) { b.WriteString(line + "\n") }); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAStoryIsRead(t *testing.T) {
	got := storyOf(t, logOf(t, sched.Config{Publish: true}, func(c *cluster) {
		c.play(1, 4)
		c.now = 2 * time.Second
		c.tell(sched.ExecutorsDecommissioned{Executors: []ids.ExecutorID{0, 2}, Reason: "too many"})
		c.tell(sched.JobSubmitted{Job: job(1, 1)})
		c.tell(sched.JobCancelled{Job: 1, Reason: "not wanted"})
		c.tell(sched.ExecutorLost{ID: 1, Reason: "it crashed"})
	}))
	for _, want := range []string{
		"     0.000s  executor 0 registers on host red with 2 slots\n",
		"     0.000s  job 0 is submitted, group tests, tags a b: keyBy at main.go:12 (4) count at main.go:13 (2)\n",
		"     0.000s  -> stage 0.0 begins for job 0 with 4 tasks\n",
		"s  -> stage 0.0 is done\n",
		"s  -> job 0 is done\n",
		"     2.000s  executors 0, 2 are decommissioned: too many\n",
		"     2.000s  job 1 is cancelled: not wanted\n",
		"     2.000s  -> job 1 fails (cancelled): not wanted\n",
		"     2.000s  executor 1 is lost: it crashed\n",
		" steps, all as they were recorded; the run ended\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the story lacks %q", want)
		}
	}
	launched, done := 0, 0
	for line := range strings.Lines(got) {
		if _, counts, ok := strings.Cut(line, "tasks of stage 0.0: "); ok {
			var n int
			if _, err := fmt.Sscanf(counts, "%d launched", &n); err == nil {
				launched += n
			}
			if at := strings.Index(counts, " done"); at > 0 {
				fmt.Sscan(counts[strings.LastIndexByte(counts[:at], ' ')+1:at], &n)
				done += n
			}
		}
	}
	if launched != 4 || done != 4 {
		t.Errorf("%d launched and %d done of 4", launched, done)
	}
	if t.Failed() {
		t.Log("\n" + got)
	}
}

func TestARunThatWasNotPublishedIsToldAsIfItWere(t *testing.T) {
	run := func(c *cluster) { c.play(2, 10) }
	got, want := storyOf(t, logOf(t, sched.Config{}, run)), storyOf(t, logOf(t, sched.Config{Publish: true}, run))
	if got != want {
		t.Errorf("unpublished:\n%s\npublished:\n%s", got, want)
	}
}

func TestARunThatCannotBePublishedHasItsStages(t *testing.T) {
	l := logOf(t, sched.Config{MaxActions: 8}, func(c *cluster) { c.play(1, 4) })
	if l.telling() != l {
		t.Fatal("with so few actions in a Step, facts leave less room for orders")
	}
	got := storyOf(t, l)
	for _, want := range []string{
		"     0.000s  -> stage 0.0 begins: keyBy at main.go:12, 0 of 4 tasks are done\n",
		"s  -> stage 0.0 is over\n",
		"s  -> stage 1.0 begins: count at main.go:13, 0 of 2 tasks are done\n",
		"s  -> stage 1.0 is over\n",
	} {
		if strings.Count(got, want) != 1 {
			t.Errorf("the story lacks %q, or tells it twice:\n%s", want, got)
		}
	}
}

func TestEveryEventAndActionHasWords(t *testing.T) {
	l := logOf(t, sched.Config{Publish: true, Seed: 3}, func(c *cluster) {
		c.faults = true
		c.play(10, 20)
	})
	for line := range strings.Lines(storyOf(t, l)) {
		if strings.Contains(line, "{") {
			t.Errorf("no words for %s", line)
		}
	}
}
