package replay

import (
	"slices"
	"strings"
	"testing"

	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/sched/pool"
)

func TestWhatBreaksTheCoreIsAnError(t *testing.T) {
	broken := logOf(t, sched.Config{}, func(c *cluster) { c.tell(sched.Woke{}) })
	broken.Config.Pools.Pools = []pool.Definition{{Name: "a"}}
	if _, err := broken.Play(nil); err == nil || !strings.HasPrefix(err.Error(), "the configuration in the log cannot be: pool \"a\" has weight 0") {
		t.Errorf("a pool that cannot be: %v", err)
	}
	r := NewRecorder(sched.Config{}, "", 0)
	r.Step(0, sched.Woke{}, nil)
	r.Step(0, sched.PoolDefined{}, nil) // the shell checks what it tells
	l, err := Open(r.Take(true))
	if err != nil {
		t.Fatal(err)
	}
	if o, err := l.Play(nil); err == nil || !strings.HasPrefix(err.Error(), "step 2: the core broke at the event PoolDefined {") || o.Steps != 2 {
		t.Errorf("an event that cannot be: %+v, %v", o, err)
	}
}

// FuzzPlay plays records that nobody checked. Large numbers are left out: the core may ask for memory for them.
func FuzzPlay(f *testing.F) {
	r := NewRecorder(sched.Config{}, "", 0)
	newCluster(sched.Config{}, r.Step).play(1, 2)
	f.Add(slices.Clone(r.block))
	header := NewRecorder(sched.Config{}, "", 0).Take(false)
	f.Fuzz(func(t *testing.T, payload []byte) {
		r := &Recorder{out: slices.Clone(header), block: payload}
		r.seal()
		l, err := Open(r.Take(false))
		if err != nil {
			t.Fatal(err)
		}
		for rec := range (&contents{log: l}).all() {
			switch ev := rec.Event.(type) {
			case sched.JobSubmitted:
				for _, s := range ev.Job.Stages {
					if s.Partitions > 1000 || s.Reduces > 1000 {
						return
					}
				}
			case sched.ExecutorRegistered:
				if ev.ID > 1000 || ev.Slots > 1000 {
					return
				}
			}
		}
		_, err1 := l.Story(func(string) {})
		_, err2 := l.Why(0, 0)
		if err1 != nil && err2 == nil {
			t.Errorf("one of two plays breaks: %v", err1)
		}
	})
}
