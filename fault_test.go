package kiln_test

import (
	"errors"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/kilnproject/kiln"
)

// Tests named fault_* show what bad input, bad functions and broken parts lead to: a right answer, or one clear error.

// start opens a session of two slots whose temporary files are in the test's own directory, where nothing may be left.
func start(t testing.TB, opts ...kiln.Option) *kiln.Session {
	t.Helper()
	dir := t.TempDir()
	s, err := kiln.Open(t.Context(), append([]kiln.Option{kiln.Master("local[2]"), kiln.Set("kiln.local.dir", dir)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing the session: %v", err)
		}
		if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) > 0 {
			t.Errorf("left in the temporary directory: %v (%v)", left, err)
		}
	})
	return s
}

// mark remembers a line of a test, for tasks too.
type mark struct{ line atomic.Pointer[string] }

// here marks the line that it is called from.
func (m *mark) here() { m.set(0) }

// next marks the line after the one that it is called from.
func (m *mark) next() { m.set(1) }

func (m *mark) set(below int) {
	_, file, line, _ := runtime.Caller(2)
	site := filepath.Base(file) + ":" + strconv.Itoa(line+below)
	m.line.Store(&site)
}

// site gives the marked line as file:line.
func (m *mark) site() string { return *m.line.Load() }

// refusal gives the error with which a verb refused to build.
func refusal(t *testing.T, build func()) (b *kiln.BuildError) {
	t.Helper()
	defer func() {
		t.Helper()
		err, ok := recover().(error)
		if !ok || !errors.As(err, &b) {
			t.Fatalf("recovered %v, want a *kiln.BuildError", err)
		}
	}()
	build()
	return nil
}

// jobError gives the JobError in an error, which must be there.
func jobError(t *testing.T, err error) *kiln.JobError {
	t.Helper()
	var j *kiln.JobError
	if !errors.As(err, &j) {
		t.Fatalf("got %v (%T), want a *kiln.JobError", err, err)
	}
	return j
}

// wantWords fails the test where a text lacks one of some words.
func wantWords(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want one with %q", words)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("the error says\n\t%v\nand lacks %q", err, w)
		}
	}
}
