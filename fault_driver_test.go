package kiln_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/kilnproject/kiln"
)

var failingOnDriver mark

func panicMerge(a, b int64) int64 {
	failingOnDriver.next()
	panic(&orderError{a + b, "cannot be merged"})
}

func failMerge(a, b int64) int64 {
	failingOnDriver.next()
	kiln.Fail(&orderError{a + b, "cannot be merged"})
	return 0
}

func panicCompare(a, b int64) int { return int(panicMerge(a, b)) }

func first(a, _ int64) int64 { return a }

// What tasks answer is brought together in the driver, by the user's functions: with one row for each partition they run nowhere else.
func TestAFunctionThatFailsOnTheDriverFailsItsAction(t *testing.T) {
	s := start(t)
	d := kiln.Parallelize(s, []int64{1, 2}, 2)
	ctx := t.Context()
	actions := map[string]func() error{
		"Reduce":      func() error { _, err := d.Reduce(ctx, panicMerge); return err },
		"Reduce+Fail": func() error { _, err := d.Reduce(ctx, failMerge); return err },
		"Fold":        func() error { _, err := kiln.Empty[int64](s).Fold(ctx, 1, panicMerge); return err },
		"Aggregate":   func() error { _, err := kiln.Aggregate(ctx, d, 0, first, panicMerge); return err },
		"TreeReduce":  func() error { _, err := kiln.TreeReduce(ctx, d, panicMerge); return err },
		"Top":         func() error { _, err := d.Top(ctx, 2, panicCompare); return err },
		"TakeOrdered": func() error { _, err := d.TakeOrdered(ctx, 2, panicCompare); return err },
		"SortFunc":    func() error { _, err := kiln.SortFunc(d, panicCompare).Count(ctx); return err },
	}
	for name, run := range actions {
		err := run()
		verb, _, _ := strings.Cut(name, "+")
		wantWords(t, err, "cannot be merged", failingOnDriver.site(), verb)
		var job *kiln.JobError
		var own *orderError
		if !errors.As(err, &job) || !errors.As(err, &own) {
			t.Errorf("%s: %v is no JobError with the user's own error", name, err)
			continue
		}
		if (job.Stack != "") != (verb == name) {
			t.Errorf("%s: the stack is %q", name, job.Stack)
		}
	}
	if n, err := d.Count(ctx); n != 2 || err != nil {
		t.Errorf("the session is broken: %d rows, %v", n, err)
	}
}
