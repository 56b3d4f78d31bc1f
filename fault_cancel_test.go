package kiln_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"

	"github.com/kilnproject/kiln"
)

// endless gives rows without end, and says so once it has begun.
func endless(env string, _ int) iter.Seq[int64] {
	return func(yield func(int64) bool) {
		for i := int64(0); ; i++ {
			if i == 5000 {
				reached(env)
			}
			if !yield(i) {
				return
			}
		}
	}
}

// gates are channels by name: a function that ships can hold none.
var gates = map[string]chan struct{}{
	"context": make(chan struct{}, 8), "group": make(chan struct{}, 8), "tag": make(chan struct{}, 8),
	"stage": make(chan struct{}, 8), "barrier": make(chan struct{}, 8),
	"all": make(chan struct{}, 8), "close": make(chan struct{}, 8), "map stage": make(chan struct{}, 8), "other": make(chan struct{}, 8),
	"blocked": make(chan struct{}, 8), "unblock": make(chan struct{}),
}

func reached(gate string) { gates[gate] <- struct{}{} }

var errEnough = errors.New("we have seen enough")

func TestATaskThatNeverEndsEndsWithItsJob(t *testing.T) {
	for name, c := range map[string]struct {
		context func(context.Context) context.Context
		cancel  func(*kiln.Session, context.CancelCauseFunc)
		cause   error
		words   string
	}{
		"context": {cancel: func(_ *kiln.Session, cancel context.CancelCauseFunc) { cancel(errEnough) }, cause: errEnough, words: "we have seen enough"},
		"group": {
			context: func(ctx context.Context) context.Context { return kiln.WithJobGroup(ctx, "night", "a nightly job") },
			cancel:  func(s *kiln.Session, _ context.CancelCauseFunc) { s.CancelJobGroup("night", "the group goes") }, words: "the group goes",
		},
		"tag": {
			context: func(ctx context.Context) context.Context { return kiln.WithTag(kiln.WithTag(ctx, "one"), "two") },
			cancel:  func(s *kiln.Session, _ context.CancelCauseFunc) { s.CancelTag("one", "the tag goes") }, words: "the tag goes",
		},
		"stage": {
			cancel: func(s *kiln.Session, _ context.CancelCauseFunc) {
				s.CancelStage(s.Status().Stages[0].ID, "the stage goes")
			},
			words: "the stage goes",
		},
		"all": {cancel: func(s *kiln.Session, _ context.CancelCauseFunc) { s.CancelAll("all go") }, words: "all go"},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			jobCtx := ctx
			if c.context != nil {
				jobCtx = c.context(ctx)
			}
			go func() {
				<-gates[name]
				c.cancel(s, cancel)
			}()
			_, err := kiln.Generate(s, 1, name, endless).Count(jobCtx)
			if !errors.Is(err, kiln.ErrCancelled) {
				t.Errorf("got %v, want ErrCancelled", err)
			}
			if c.cause != nil && !errors.Is(err, c.cause) {
				t.Errorf("%v is not the context's cause", err)
			}
			wantWords(t, err, c.words, "fault_cancel_test.go")
			if n, err := kiln.Range(s, 0, 100, 1, 4).Count(t.Context()); n != 100 || err != nil {
				t.Errorf("the next job gives %d, %v", n, err)
			}
		})
	}
}

func TestCancellingOneGroupLeavesTheOthers(t *testing.T) {
	s := start(t)
	kept := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, err := kiln.Generate(s, 1, "other", endless).Count(kiln.WithJobGroup(ctx, "kept", ""))
		kept <- err
	}()
	<-gates["other"]
	s.CancelJobGroup("dropped", "not this one")
	s.CancelTag("kept", "a tag is no group")
	if n, err := kiln.Range(s, 0, 10, 1, 1).Count(t.Context()); n != 10 || err != nil {
		t.Errorf("a job beside it gives %d, %v", n, err)
	}
	select {
	case err := <-kept:
		t.Errorf("the group was cancelled: %v", err)
	default:
	}
	cancel()
	if err := <-kept; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestAMapStageThatNeverEndsEndsWithItsJob(t *testing.T) {
	s := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-gates["map stage"]
		cancel()
	}()
	_, err := kiln.ReduceByKey(kiln.KeyBy(kiln.Generate(s, 1, "map stage", endless), parity), add).Collect(ctx)
	if !errors.Is(err, kiln.ErrCancelled) {
		t.Errorf("got %v, want ErrCancelled", err)
	}
}

func TestClosingTheSessionEndsItsJobs(t *testing.T) {
	s := start(t)
	go func() {
		<-gates["close"]
		s.Close()
	}()
	_, err := kiln.Generate(s, 2, "close", endless).Count(t.Context())
	if !errors.Is(err, kiln.ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
	if _, err := kiln.NewBroadcast(s, 1); !errors.Is(err, kiln.ErrClosed) {
		t.Errorf("NewBroadcast: got %v, want ErrClosed", err)
	}
}

func block(i int64) int64 {
	reached("blocked")
	<-gates["unblock"]
	return i
}

// A function that listens to nothing cannot be stopped inside a process; its job ends all the same.
func TestAJobEndsEvenWhereItsTaskDoesNot(t *testing.T) {
	s := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-gates["blocked"]
		cancel()
	}()
	_, err := kiln.Map(kiln.Range(s, 0, 1, 1, 1), block).Count(ctx)
	if !errors.Is(err, kiln.ErrCancelled) {
		t.Errorf("got %v, want ErrCancelled", err)
	}
	if n, err := kiln.Range(s, 0, 100, 1, 4).Count(t.Context()); n != 100 || err != nil {
		t.Errorf("the other slot gives %d, %v", n, err)
	}
	gates["unblock"] <- struct{}{}
}

func TestJobsWithoutAGroupAreInNone(t *testing.T) {
	s := start(t)
	done := make(chan error, 1)
	go func() { done <- second(kiln.Generate(s, 1, "group", endless).Count(t.Context())) }()
	<-gates["group"]
	s.CancelJobGroup("", "whoever has no group is meant") // such as the group that an unset variable names
	s.CancelAll("")                                       // the next thing that the driver hears
	err := <-done
	if !errors.Is(err, kiln.ErrCancelled) || strings.Contains(err.Error(), "no group") || strings.Contains(err.Error(), "cancelled: ") {
		t.Errorf("got %q", err)
	}
}

func TestAContextThatHasEndedRunsNothing(t *testing.T) {
	s := start(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errEnough)
	d := kiln.Range(s, 0, 10, 1)
	for name, err := range map[string]error{
		"Count":    second(d.Count(ctx)),
		"Collect":  second(d.Collect(ctx)),
		"SortBy":   second(kiln.SortBy(d, double).Collect(ctx)),
		"SaveText": d.SaveText(ctx, t.TempDir()+"/out"),
	} {
		if !errors.Is(err, errEnough) || !errors.Is(err, kiln.ErrCancelled) || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want ErrCancelled, the context's error and its cause", name, err)
		}
		var job *kiln.JobError
		if !errors.As(err, &job) || job.Verb != name && name != "SortBy" || !strings.HasPrefix(job.Site, "fault_cancel_test.go:") {
			t.Errorf("%s: got %v, want the verb and the user's line", name, err)
		}
	}
	if _, err := kiln.Open(ctx); !errors.Is(err, errEnough) {
		t.Errorf("Open: got %v, want the context's cause", err)
	}
}
