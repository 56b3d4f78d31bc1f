package kiln_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/kilnproject/kiln"
)

// orderError is a user's own error, of a type that can be encoded.
type orderError struct {
	Order int64
	Why   string
}

func (e *orderError) Error() string { return fmt.Sprintf("order %d: %s", e.Order, e.Why) }

// opaqueError cannot be encoded.
//
//lint:ignore U1000 only the type is looked at
type opaqueError struct{ hidden chan int }

func (opaqueError) Error() string { return "opaque trouble" }

var failing mark // the line at which the functions below fail

func failTyped(i int64) int64 {
	failing.next()
	kiln.Fail(fmt.Errorf("checking orders: %w", &orderError{i, "no such customer"}))
	return i
}

func failSentinel(i int64) int64 {
	return kiln.Must(i, fmt.Errorf("reading %d: %w", i, io.ErrUnexpectedEOF))
}

func failOpaque(i int64) int64 {
	kiln.Fail(opaqueError{})
	return i
}

func panicIndex(i int64) int64 {
	failing.next()
	return []int64{1}[i+5]
}

func panicError(i int64) int64 { panic(&orderError{i, "panicked"}) }

func exit(i int64) int64 {
	runtime.Goexit()
	return i
}

func yieldError(_ *kiln.TaskContext, rows iter.Seq[int64]) iter.Seq2[int64, error] {
	return func(yield func(int64, error) bool) {
		for i := range rows {
			if !yield(i, &fs.PathError{Op: "open", Path: "orders.csv", Err: fs.ErrNotExist}) {
				return
			}
		}
	}
}

func TestAUsersTypedErrorReachesTheDriver(t *testing.T) {
	s := start(t, kiln.Master("local[2,3]"))
	_, err := kiln.Map(kiln.Range(s, 4, 5, 1, 1), failTyped).Count(t.Context())
	var own *orderError
	if !errors.As(err, &own) || own.Order != 4 || own.Why != "no such customer" {
		t.Errorf("got %v, want the *orderError of order 4", err)
	}
	wantWords(t, err, "checking orders: order 4: no such customer", failing.site(), "tried 3 times")
	j := jobError(t, err)
	if j.Attempts != 3 || j.Partition != 0 || filepath.Base(j.Site) != failing.site() {
		t.Errorf("attempts %d, partition %d, site %s; want 3, 0 and %s", j.Attempts, j.Partition, j.Site, failing.site())
	}
}

func TestTheMasterLocalTriesATaskOnce(t *testing.T) {
	s := start(t)
	_, err := kiln.Map(kiln.Range(s, 4, 5, 1, 1), failTyped).Count(t.Context())
	if j := jobError(t, err); j.Attempts != 1 {
		t.Errorf("tried %d times, want once", j.Attempts)
	}
}

func TestSentinelErrorsKeepTheirIdentity(t *testing.T) {
	s := start(t)
	_, err := kiln.Map(kiln.Range(s, 0, 1, 1), failSentinel).Count(t.Context())
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v is not io.ErrUnexpectedEOF", err)
	}
	wantWords(t, err, "reading 0: unexpected EOF", "fault_task_test.go")
	_, err = kiln.MapPartitions(kiln.Range(s, 0, 1, 1), yieldError).Count(t.Context())
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v is not fs.ErrNotExist", err)
	}
	wantWords(t, err, "orders.csv", "fault_task_test.go")
}

func TestAnErrorThatCannotTravelKeepsTextAndTypeName(t *testing.T) {
	s := start(t)
	_, err := kiln.Map(kiln.Range(s, 0, 1, 1), failOpaque).Count(t.Context())
	var remote *kiln.RemoteError
	if !errors.As(err, &remote) || remote.Text != "opaque trouble" || remote.Type != "kiln_test.opaqueError" {
		t.Errorf("got %v, want a RemoteError with text and type", err)
	}
}

func TestAPanicFailsItsJobWithLineAndStack(t *testing.T) {
	s := start(t)
	_, err := kiln.Map(kiln.Range(s, 0, 1, 1), panicIndex).Count(t.Context())
	j := jobError(t, err)
	if filepath.Base(j.Site) != failing.site() {
		t.Errorf("site %s, want %s", j.Site, failing.site())
	}
	if !strings.Contains(j.Stack, "kiln_test.panicIndex") || strings.Contains(j.Stack, "internal/executor") {
		t.Errorf("the stack is not that of the user's function:\n%s", j.Stack)
	}
	wantWords(t, err, "index out of range")
	var p *kiln.PanicError
	if !errors.As(err, &p) {
		t.Errorf("%T is no *kiln.PanicError", j.Cause)
	}
	if n, err := kiln.Range(s, 0, 10, 1).Count(t.Context()); n != 10 || err != nil {
		t.Errorf("the next job gives %d, %v", n, err)
	}
}

func TestAPanicWithAnErrorKeepsTheError(t *testing.T) {
	s := start(t)
	_, err := kiln.Map(kiln.Range(s, 9, 10, 1), panicError).Count(t.Context())
	var own *orderError
	if !errors.As(err, &own) || own.Order != 9 {
		t.Errorf("got %v, want the *orderError of order 9", err)
	}
}

func TestGoexitInATaskIsAFailureAndTheSlotLivesOn(t *testing.T) {
	s := start(t, kiln.Master("local[1,2]"))
	for range 3 {
		_, err := kiln.Map(kiln.Range(s, 0, 1, 1), exit).Count(t.Context())
		wantWords(t, err, "runtime.Goexit", "tried 2 times", "fault_task_test.go")
	}
	if n, err := kiln.Range(s, 0, 10, 1).Count(t.Context()); n != 10 || err != nil {
		t.Errorf("the next job gives %d, %v", n, err)
	}
}

func TestAFailureInAMapStageNamesTheVerbOfItsLine(t *testing.T) {
	s := start(t)
	d := kiln.ReduceByKey(kiln.KeyBy(kiln.Map(kiln.Range(s, 0, 1, 1), failSentinel), parity), add)
	_, err := d.Collect(t.Context())
	if j := jobError(t, err); j.Stage < 0 || !strings.Contains(j.Site, "fault_task_test.go") {
		t.Errorf("stage %d, site %q", j.Stage, j.Site)
	}
}

func TestResultsThatAreTooLargeAreRefused(t *testing.T) {
	s := start(t, kiln.Set("kiln.driver.maxResultSize", "10k"))
	_, err := kiln.Range(s, 0, 100000, 1).Collect(t.Context())
	if !errors.Is(err, kiln.ErrResultTooLarge) {
		t.Errorf("got %v, want ErrResultTooLarge", err)
	}
	wantWords(t, err, "kiln.driver.maxResultSize", "fault_task_test.go")
	if n, err := kiln.Range(s, 0, 100000, 1).Count(t.Context()); n != 100000 || err != nil {
		t.Errorf("the next job gives %d, %v", n, err)
	}
}

func TestJobsRunInsideALoopOverSeq(t *testing.T) {
	s := start(t, kiln.Master("local[1]"))
	d := kiln.Range(s, 0, 6, 1, 3)
	var sum int64
	for i, err := range d.Seq(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		n, err := kiln.Range(s, 0, i, 1).Count(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	if sum != 0+1+2+3+4+5 {
		t.Errorf("sum %d, want 15", sum)
	}
	for i, err := range kiln.Map(d, failTyped).Seq(t.Context()) {
		if err == nil {
			t.Errorf("row %d of a failing RDD", i)
		}
	}
}

func TestActionsOnNothing(t *testing.T) {
	s := start(t)
	none := kiln.Empty[int64](s)
	_, first := none.First(t.Context())
	_, reduce := none.Reduce(t.Context(), add)
	for _, err := range []error{first, reduce} {
		if !errors.Is(err, kiln.ErrEmpty) {
			t.Errorf("got %v, want ErrEmpty", err)
		}
	}
	if n, err := none.Count(t.Context()); n != 0 || err != nil {
		t.Errorf("count %d, %v", n, err)
	}
}

func TestAClosedSessionRefusesJobs(t *testing.T) {
	s := start(t)
	d := kiln.Range(s, 0, 10, 1)
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Count(t.Context()); !errors.Is(err, kiln.ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
}

func sortInPlace(_ *kiln.TaskContext, rows iter.Seq[[]int64]) iter.Seq2[int64, error] {
	return func(yield func(int64, error) bool) {
		for r := range rows {
			r[0] = 99
			yield(r[0], nil)
		}
	}
}

func changeRow(r []int64) int64 {
	r[0] = 99
	return r[0]
}

func TestFunctionsThatChangeTheirRowsAreFoundWhenAsked(t *testing.T) {
	s := start(t, kiln.Set("kiln.debug.checkRows", "true"))
	d := kiln.Parallelize(s, [][]int64{{1}, {2}})
	for name, err := range map[string]error{
		"Map":           second(kiln.Map(d, changeRow).Count(t.Context())),
		"MapPartitions": second(kiln.MapPartitions(d, sortInPlace).Count(t.Context())),
	} {
		if !errors.Is(err, kiln.ErrRowsChanged) {
			t.Errorf("%s: got %v, want ErrRowsChanged", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }
