package console

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scene is a scheduler whose view the test sets, and a terminal on which it looks.
type scene struct {
	*Progress
	mu     sync.Mutex
	view   sched.View
	looks  int
	during func()
	screen strings.Builder
}

// play runs a test on virtual time and stops the Progress after it.
func play(t *testing.T, test func(t *testing.T, s *scene)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &scene{}
		s.Progress = Start(Config{Out: &s.screen, View: s.look, Width: func() int { return 40 }})
		defer s.Stop()
		test(t, s)
	})
}

func (s *scene) look() *sched.View {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looks++
	v := s.view
	if s.during != nil {
		s.during()
	}
	return &v
}

// whileLooking says what happens from now on while the scheduler makes a view.
func (s *scene) whileLooking(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.during = f
}

// show says what the scheduler shows from now on.
func (s *scene) show(stages ...sched.StageView) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.view.Stages = stages
}

// written is all that the terminal got. The lock is the one that the Progress takes before it draws.
func (s *scene) written() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.screen.String()
}

// after lets time pass and gives what stands on the terminal then, without the blanks behind it.
func (s *scene) after(d time.Duration) string {
	time.Sleep(d) // virtual
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	screen := make([]byte, 0, 80)
	for _, written := range strings.Split(s.screen.String(), "\r") {
		screen = append([]byte(written), screen[min(len(written), len(screen)):]...)
	}
	return strings.TrimRight(string(screen), " ")
}

func (s *scene) want(t *testing.T, d time.Duration, line string) {
	t.Helper()
	if got := s.after(d); got != line {
		t.Fatalf("after %v more the terminal shows %q, want %q", d, got, line)
	}
}

const ms = time.Millisecond

func TestAStageIsShownAfterHalfASecondAndFollowedFiveTimesASecond(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.show(stage(0, 0, 2, 8))
		s.JobBegan()
		s.want(t, 499*ms, "")
		s.want(t, 101*ms, "[Stage 0:>                  (0 + 2) / 8]")
		s.show(stage(0, 4, 2, 8))
		s.want(t, 199*ms, "[Stage 0:>                  (0 + 2) / 8]")
		s.want(t, 1*ms, "[Stage 0:=========>         (4 + 2) / 8]")
		s.JobEnded()
	})
}

func TestTheLineIsGoneWhenTheJobsCallerGoesOn(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.show(stage(0, 0, 2, 8))
		s.JobBegan()
		s.want(t, 600*ms, "[Stage 0:>                  (0 + 2) / 8]")
		s.JobEnded()
		s.want(t, 0, "")
		s.want(t, time.Hour, "")
	})
}

func TestAStageThatEndsLeavesTheLineToTheNextOne(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.show(stage(0, 0, 2, 8), stage(1, 0, 0, 20))
		s.JobBegan()
		defer s.JobEnded()
		s.want(t, 600*ms, "[Stage 0:>                  (0 + 2) / 8]") // the columns are too few for two
		s.show(stage(1, 5, 2, 20))
		s.want(t, 200*ms, "[Stage 1:====>             (5 + 2) / 20]")
		s.show()
		s.want(t, 200*ms, "")
	})
}

func TestStagesThatSayNothingAreHidden(t *testing.T) {
	waiting, done := stage(1, 0, 0, 8), stage(2, 8, 0, 8)
	waiting.State, done.State = "waiting", "done"
	play(t, func(t *testing.T, s *scene) {
		s.show(stage(0, 0, 1, 1), waiting, done)
		s.JobBegan()
		defer s.JobEnded()
		s.want(t, time.Minute, "")
	})
}

func TestAStageThatBeginsLaterWaitsItsOwnHalfSecond(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.JobBegan()
		defer s.JobEnded()
		s.want(t, time.Minute, "")
		s.show(stage(0, 0, 2, 8))
		s.want(t, 400*ms, "")
		s.want(t, 200*ms, "[Stage 0:>                  (0 + 2) / 8]")
	})
}

func TestShortJobsNeverAskTheScheduler(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		for range 1000 {
			s.JobBegan()
			s.JobEnded()
		}
		s.want(t, time.Hour, "")
		if s.looks != 0 {
			t.Errorf("%d looks at the scheduler", s.looks)
		}
	})
}

func TestTheSchedulerIsLeftAloneBetweenJobs(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		for range 3 {
			s.JobBegan()
			s.after(900 * ms)
			s.JobEnded()
			s.after(time.Hour)
		}
		if s.looks != 3*4 {
			t.Errorf("%d looks at the scheduler, want those of the jobs' time only", s.looks)
		}
	})
}

func TestAJobOfAnotherGoroutineGetsItsLineBack(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.show(stage(0, 0, 2, 8))
		s.JobBegan()
		s.JobBegan()
		s.want(t, 600*ms, "[Stage 0:>                  (0 + 2) / 8]")
		s.JobEnded()
		s.want(t, 0, "")
		s.want(t, 200*ms, "[Stage 0:>                  (0 + 2) / 8]")
		s.JobEnded()
		s.want(t, 0, "")
	})
}

func TestAViewFromBeforeTheEndOfAJobIsNotDrawn(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.show(stage(0, 0, 2, 8))
		s.JobBegan()
		s.JobBegan()
		s.after(400 * ms)
		s.whileLooking(s.JobEnded)
		s.want(t, 200*ms, "")
		s.whileLooking(func() {})
		s.want(t, 200*ms, "[Stage 0:>                  (0 + 2) / 8]")
		s.JobEnded()
	})
}

func TestStopClearsTheLineAndLaterCallsDoNothing(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.show(stage(0, 0, 2, 8))
		s.JobBegan()
		s.want(t, 600*ms, "[Stage 0:>                  (0 + 2) / 8]")
		s.Stop()
		s.want(t, 0, "")
		s.Stop()
		s.JobEnded()
		s.JobBegan()
		s.JobBegan()
		s.want(t, time.Hour, "")
	})
}

func TestNobodyLooksWithoutAProgress(t *testing.T) {
	var p *Progress
	p.JobBegan()
	p.JobEnded()
	p.Stop()
}

// A stage that comes back, after its outputs were lost, is new: it may be gone as quickly.
func TestAStageThatComesBackWaitsAgain(t *testing.T) {
	var w watch
	at := time.Now()
	w.begin(at)
	seen := func(stages ...sched.StageView) int {
		at = at.Add(refresh)
		return len(w.visible(&sched.View{Stages: stages}, at))
	}
	for i, want := range []int{0, 0, 1} {
		if got := seen(stage(0, 1, 1, 4)); got != want {
			t.Fatalf("look %d shows %d stages, want %d", i, got, want)
		}
	}
	seen()
	if got := seen(stage(0, 1, 1, 4)); got != 0 {
		t.Error("it is shown at once")
	}
}

func BenchmarkJob(b *testing.B) {
	p := Start(Config{Out: &strings.Builder{}, View: func() *sched.View { return &sched.View{} }, Width: func() int { return 80 }})
	defer p.Stop()
	b.ReportAllocs()
	for b.Loop() {
		p.JobBegan()
		p.JobEnded()
	}
}

func BenchmarkLook(b *testing.B) {
	v := &sched.View{}
	for i := range 20 {
		v.Stages = append(v.Stages, stage(ids.StageID(i), i, 4, 96))
	}
	var w watch
	now := time.Now()
	w.begin(now)
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(refresh)
		Line(w.visible(v, now), 120)
	}
}

func TestANoteStaysAboveTheLine(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.show(stage(0, 0, 2, 8))
		s.JobBegan()
		defer s.JobEnded()
		s.want(t, 600*ms, "[Stage 0:>                  (0 + 2) / 8]")
		s.Note("kiln: something to know")
		line, after, _ := strings.Cut(s.written(), "kiln: something to know\n")
		if after != "" || !strings.HasSuffix(line, strings.Repeat(" ", 40)+"\r") {
			t.Fatalf("the terminal got %q", s.written())
		}
		time.Sleep(200 * ms)
		synctest.Wait()
		if _, after, _ = strings.Cut(s.written(), "something to know\n"); !strings.Contains(after, "[Stage 0:>") {
			t.Errorf("the line is not drawn again: %q", after)
		}
	})
}
