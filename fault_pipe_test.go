package kiln_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/kilnproject/kiln"
)

func numberText(i int64) string { return fmt.Sprint(i) }

func texts(s *kiln.Session, n int64, partitions int) kiln.RDD[string] {
	return kiln.Map(kiln.Range(s, 0, n, 1, partitions), numberText)
}

func TestLinesOfACommandAreRows(t *testing.T) {
	s := four(t)
	for name, c := range map[string]struct {
		rows    kiln.RDD[string]
		command []string
		want    []string
	}{
		"as they are":                {kiln.Parallelize(s, []string{"b", "a", "", "c c"}, 2), []string{"cat"}, []string{"b", "a", "", "c c"}},
		"sorted in each partition":   {kiln.Parallelize(s, []string{"3", "1", "2", "9", "8", "7"}, 2), []string{"sort"}, []string{"1", "2", "3", "7", "8", "9"}},
		"more than went in":          {kiln.Parallelize(s, []string{"a", "b"}, 1), []string{"sed", "p"}, []string{"a", "a", "b", "b"}},
		"of empty partitions":        {kiln.Parallelize(s, []string{"a"}, 3), []string{"wc", "-l"}, []string{"0", "0", "1"}},
		"without an end":             {kiln.Parallelize(s, []string{"x"}, 1), []string{"printf", "%s\\r\\n%s", "a", "b"}, []string{"a", "b"}},
		"nothing":                    {kiln.Parallelize(s, []string{"x"}, 2), []string{"true"}, nil},
		"words are not looked at":    {kiln.Parallelize(s, []string{"x"}, 1), []string{"echo", "$HOME; `id` *"}, []string{"$HOME; `id` *"}},
		"of a command that is piped": {kiln.Pipe(kiln.Parallelize(s, []string{"b", "a"}, 1), []string{"sort"}), []string{"tr", "a-z", "A-Z"}, []string{"A", "B"}},
	} {
		got, err := kiln.Pipe(c.rows, c.command).Collect(t.Context())
		if name == "of empty partitions" {
			slices.Sort(got)
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
	}
}

func TestOtherRowsArePrintedForACommand(t *testing.T) {
	got, err := kiln.Pipe(kiln.Parallelize(four(t), []kiln.KV[string, int]{kiln.Pair("a", 1)}, 1), []string{"cat"}).Collect(t.Context())
	if err != nil || len(got) != 1 || got[0] != fmt.Sprint(kiln.Pair("a", 1)) {
		t.Errorf("%q, %v", got, err)
	}
}

// Far more goes in, and comes out, than pipes hold.
func TestACommandIsReadWhileItIsWrittenTo(t *testing.T) {
	const n = 300_000
	rows := kiln.Pipe(texts(four(t), n, 3), []string{"sed", "p;p"})
	got, err := kiln.CountByValue(t.Context(), kiln.Map(rows, func(line string) int { return len(line) }))
	all := int64(0)
	for _, times := range got {
		all += times
	}
	if err != nil || all != 3*n || got[1] != 30 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestACommandNeedNotReadAllOfItsInput(t *testing.T) {
	got, err := kiln.Pipe(texts(four(t), 2_000_000, 2), []string{"head", "-n", "1"}).Collect(t.Context())
	if err != nil || !slices.Equal(got, []string{"0", "1000000"}) {
		t.Errorf("%q, %v", got, err)
	}
}

// A partition is kept whole or not at all: what is cached below a command that reads little of it is computed once.
func TestWhatACommandDoesNotReadIsCachedAllTheSame(t *testing.T) {
	s := four(t)
	computed := kiln.NewCounter(s, "computed")
	const n = 500_000
	cached := kiln.MapWith(kiln.Range(s, 0, n, 1, 2), computed, countedText).Cache()
	if got, err := kiln.Pipe(cached, []string{"head", "-n", "1"}).Collect(t.Context()); err != nil || !slices.Equal(got, []string{"0", "250000"}) {
		t.Fatalf("%q, %v", got, err)
	}
	if rows, err := cached.Count(t.Context()); rows != n || err != nil || computed.Value() != n {
		t.Errorf("%d rows, %d were computed, %v", rows, computed.Value(), err)
	}
}

func countedText(computed kiln.Accumulator[int64], i int64) string {
	computed.Add(1)
	return fmt.Sprint(i)
}

func TestACommandThatFailsFailsItsTask(t *testing.T) {
	s := four(t)
	for name, c := range map[string]struct {
		command []string
		code    int
		words   []string
	}{
		"exit code":          {[]string{"sh", "-c", "cat >/dev/null; echo first >&2; echo last words >&2; exit 3"}, 3, []string{"running sh -c", "exit status 3", "last words"}},
		"before it has read": {[]string{"sh", "-c", "exit 4"}, 4, []string{"exit status 4"}},
		"signal":             {[]string{"sh", "-c", "kill -9 $$"}, -1, []string{"signal: killed"}},
		"no program":         {[]string{"/no/such/program"}, -1, []string{"running /no/such/program", "no such file"}},
		"not on the path":    {[]string{"no-such-program-anywhere"}, -1, []string{"not found in $PATH"}},
	} {
		_, err := kiln.Pipe(texts(s, 100_000, 2), c.command).Count(t.Context())
		var p *kiln.PipeError
		if !errors.As(err, &p) || p.Code != c.code {
			t.Errorf("%s: got %v, want a *kiln.PipeError with code %d", name, err, c.code)
			continue
		}
		wantWords(t, err, append(c.words, "fault_pipe_test.go")...)
	}
}

func TestACommandKnowsWhereItRuns(t *testing.T) {
	rows := kiln.Pipe(texts(four(t), 3, 3), []string{"sh", "-c", `echo "$KILN_PARTITION $KILN_TASK_ATTEMPT $WHO"`}, kiln.PipeEnv("WHO", "me"))
	got, err := rows.Collect(t.Context())
	if err != nil || !slices.Equal(got, []string{"0 0 me", "1 0 me", "2 0 me"}) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestWhatCannotBeACommandIsRefused(t *testing.T) {
	d := texts(four(t), 1, 1)
	for word, build := range map[string]func(){
		"there is no command":    func() { kiln.Pipe(d, nil) },
		"first word":             func() { kiln.Pipe(d, []string{"", "x"}) },
		"zero byte":              func() { kiln.Pipe(d, []string{"a", "b\x00"}) },
		"has a zero byte, which": func() { kiln.Pipe(d, []string{"a"}, kiln.PipeEnv("K", "\x00")) },
		"has no name":            func() { kiln.Pipe(d, []string{"a"}, kiln.PipeEnv("", "v")) },
	} {
		func() {
			defer func() {
				err, _ := recover().(*kiln.BuildError)
				if err == nil {
					t.Errorf("%s: it was built", word)
					return
				}
				wantWords(t, err, word, "fault_pipe_test.go")
			}()
			build()
		}()
	}
}

// A command that would go on for ever ends with the need for its rows, with its job, and with everything that it has started.
func TestACommandEndsWithItsTask(t *testing.T) {
	s := four(t)
	endless := func(script string) (rows kiln.RDD[string], group <-chan string) {
		fifo := filepath.Join(t.TempDir(), "group")
		if err := unix.Mkfifo(fifo, 0o600); err != nil {
			t.Fatal(err)
		}
		told := make(chan string, 1)
		go func() {
			text, _ := os.ReadFile(fifo) // waits for the command to open it
			told <- strings.TrimSpace(string(text))
		}()
		return kiln.Pipe(texts(s, 1_000_000, 1), []string{"sh", "-c", "echo $$ > " + fifo + "; " + script}), told
	}
	rows, first := endless("yes | cat")
	if got, err := rows.Take(t.Context(), 3); err != nil || len(got) != 3 {
		t.Errorf("%q, %v", got, err)
	}
	groups := []string{<-first}
	rows, second := endless("sleep 1000 & sleep 1000")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		groups = append(groups, <-second)
		cancel()
	}()
	if _, err := rows.Count(ctx); !errors.Is(err, kiln.ErrCancelled) {
		t.Error(err)
	}
	for _, group := range groups {
		for groupLives(t, group) {
			runtime.Gosched()
		}
	}
}

// groupLives says that there is a process in a process group.
func groupLives(t *testing.T, group string) bool {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range all {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(stat), ") ")
		if f := strings.Fields(rest); len(f) > 2 && f[2] == group && f[0] != "Z" {
			return true
		}
	}
	return false
}
