// Command pipeline is the program that the end-to-end tests run and break. Its first argument says what to do.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/kilnproject/kiln"
)

func main() {
	signal.Ignore(syscall.SIGXFSZ) // a file that grows too large is an error, as on a full disk
	if dir := os.Getenv("E2E_GATES"); dir != "" && os.Getenv("KILN_EXECUTOR_PIPE") == "" {
		gate{dir, "driver"}.pass(context.Background())
	}
	kiln.Main(run)
}

// gate is a place where the program can be held: it says that it is there by the file phase.PID, and waits while the file hold.phase
// is there.
type gate struct{ Dir, Phase string }

func (g gate) pass(ctx context.Context) {
	if g.Dir == "" {
		return
	}
	kiln.Must(0, os.WriteFile(filepath.Join(g.Dir, fmt.Sprintf("%s.%d", g.Phase, os.Getpid())), nil, 0o600))
	for ctx.Err() == nil {
		if _, err := os.Stat(filepath.Join(g.Dir, "hold."+g.Phase)); err != nil {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// held passes rows through a gate that stands before the first of them.
func held[T any](g gate, _ *kiln.TaskContext, rows iter.Seq[T]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		g.pass(context.Background())
		for r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func heldLines(g gate, c *kiln.TaskContext, rows iter.Seq[string]) iter.Seq2[string, error] {
	return held(g, c, rows)
}

type count = kiln.KV[string, int64]

func heldCounts(g gate, c *kiln.TaskContext, rows iter.Seq[count]) iter.Seq2[count, error] {
	return held(g, c, rows)
}

func run(ctx context.Context, s *kiln.Session) error {
	args := s.Args()
	if len(args) == 0 {
		return errors.New("usage: pipeline count|cached|again|shapes|accelerators|keepers|save|meet|command|sick|exit|endless|deaf|group|share|wait PATH...")
	}
	gates := os.Getenv("E2E_GATES")
	gate{gates, "session"}.pass(ctx)
	defer gate{gates, "end"}.pass(ctx)
	switch args[0] {
	case "count":
		return printCounts(ctx, s, gates, args[1])
	case "cached":
		return readCached(ctx, s, gates)
	case "again":
		return readAgain(ctx, s, gates)
	case "shapes":
		return printShapes(ctx, s, gates, args[1], narrow, both)
	case "accelerators":
		return printShapes(ctx, s, gates, args[1], kiln.ResourceProfile{}, gpu)
	case "keepers":
		return printShapes(ctx, s, gates, args[1], kiln.ResourceProfile{}, both)
	case "save":
		return counts(s, gates, args[1]).SaveText(ctx, args[2])
	case "meet":
		return printMet(ctx, s, gates, kiln.Must(strconv.Atoi(args[1])))
	case "command":
		sleeps := []string{"sh", "-c", `echo > "$GATES/command.$$"; exec sleep 1000`}
		_, err := kiln.Pipe(kiln.Range(s, 0, 2, 1, 2), sleeps, kiln.PipeEnv("GATES", gates)).Count(ctx)
		return err
	case "sick":
		return sumSick(ctx, s)
	case "exit":
		_, err := kiln.Map(kiln.Range(s, 0, 1, 1, 1), exit).Count(ctx)
		return err
	case "endless":
		_, err := kiln.Generate(s, 2, gates, endless).Count(ctx)
		return err
	case "deaf":
		return cancelDeaf(ctx, s, gates)
	case "group":
		return sortMuch(ctx, s)
	case "share":
		return share(ctx, s, gates, kiln.Must(strconv.Atoi(args[1])))
	case "build":
		more := int64(len(args))
		kiln.Map(kiln.Range(s, 0, 1, 1), func(i int64) int64 { return i + more })
	case "wait": // for nothing, whatever the context says
		<-ctx.Done()
		kiln.Must(0, os.WriteFile(filepath.Join(gates, "cancelled"), nil, 0o600))
		gate{gates, "stubborn"}.pass(context.Background())
	default:
		return fmt.Errorf("unknown task %q", args[0])
	}
	return nil
}

func isWord(w string) bool { return w != "the" }
func one(w string) count   { return kiln.Pair(w, int64(1)) }
func add(a, b int64) int64 { return a + b }
func word(c count) string  { return c.Key }
func exit(i int64) int64   { os.Exit(7); return i }
func often(a, b count) int {
	return cmp.Or(cmp.Compare(a.Value, b.Value), strings.Compare(b.Key, a.Key))
}
func wide(i int64) kiln.KV[int64, string] {
	return kiln.Pair(i*2654435761%1000003, strings.Repeat(string(rune('a'+i%26)), 200)+fmt.Sprint(i*7919))
}

// counts is the pipeline of six verbs: FlatMap, Filter, Map, ReduceByKey, SortBy and what reads the file.
func counts(s *kiln.Session, gates, path string) kiln.RDD[count] {
	lines := kiln.MapPartitionsWith(kiln.TextFile(s, path), gate{gates, "map"}, heldLines)
	words := kiln.Filter(kiln.FlatMap(lines, strings.Fields), isWord)
	sums := kiln.ReduceByKey(kiln.Map(words, one), add, kiln.Partitions(8))
	return kiln.SortBy(kiln.MapPartitionsWith(sums, gate{gates, "reduce"}, heldCounts), word)
}

func printCounts(ctx context.Context, s *kiln.Session, gates, path string) error {
	all := counts(s, gates, path)
	n, err := all.Count(ctx)
	if err != nil {
		return err
	}
	gate{gates, "between"}.pass(ctx)
	top, err := all.Top(ctx, 5, often)
	if err != nil {
		return err
	}
	fmt.Println(n, top)
	return nil
}

// met sums up what all tasks have, in a round in which the first one comes late.
func met(g gate, c *kiln.TaskContext, rows iter.Seq[int64]) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		var sum int64
		for r := range rows {
			sum += r
		}
		if err := c.Barrier(); err != nil {
			yield("", err)
			return
		}
		if c.Partition() == 0 {
			g.pass(context.Background())
		}
		said, err := c.AllGather(fmt.Sprint(sum))
		yield(fmt.Sprintf("%d: %v in attempt %d", c.Partition(), said, c.StageAttempt()), err)
	}
}

// printMet has n tasks meet.
func printMet(ctx context.Context, s *kiln.Session, gates string, n int) error {
	numbers := kiln.Barrier(kiln.Range(s, 0, int64(2*n), 1, n))
	all, err := kiln.MapPartitionsWith(numbers, gate{gates, "meet"}, met).Collect(ctx)
	for _, line := range all {
		fmt.Println(line)
	}
	return err
}

func endless(gates string, _ int) iter.Seq[int64] {
	return func(yield func(int64) bool) {
		for i := int64(0); yield(i); i++ {
			if i == 10000 {
				gate{gates, "endless"}.pass(context.Background())
			}
		}
	}
}

// sumSick sums up numbers by parity, which can not be read on the first executor.
func sumSick(ctx context.Context, s *kiln.Session) error {
	numbers := kiln.MapPartitions(kiln.Range(s, 0, 100, 1, 4), sick)
	sums, err := kiln.SortByKey(kiln.ReduceByKey(kiln.Map(numbers, parity), add, kiln.Partitions(2))).Collect(ctx)
	fmt.Println(sums)
	return err
}

func parity(i int64) kiln.KV[int64, int64] { return kiln.Pair(i%2, i) }

// sick fails on executor 0, whose number is the last of its arguments.
func sick(_ *kiln.TaskContext, rows iter.Seq[int64]) iter.Seq2[int64, error] {
	return func(yield func(int64, error) bool) {
		if os.Args[len(os.Args)-1] == "0" {
			yield(0, errors.New("a bad machine"))
			return
		}
		for i := range rows {
			if !yield(i, nil) {
				return
			}
		}
	}
}

// cancelDeaf cancels a task that does not listen and has the only slot, and runs another job.
func cancelDeaf(ctx context.Context, s *kiln.Session, gates string) error {
	limited, cancel := context.WithCancelCause(ctx)
	go func() {
		gate{gates, "listening"}.pass(ctx) // until the task has begun
		cancel(errors.New("no time for this"))
	}()
	_, cancelled := kiln.MapWith(kiln.Range(s, 0, 1, 1, 1), gates, deaf).Count(limited)
	n, err := kiln.Range(s, 0, 1000, 1, 4).Count(ctx)
	fmt.Println(n, errors.Is(cancelled, kiln.ErrCancelled))
	return err
}

func deaf(gates string, i int64) int64 {
	gate{gates, "deaf"}.pass(context.Background())
	for {
		time.Sleep(time.Hour)
	}
}

// sortMuch needs far more room than an executor of 64 MB has.
func sortMuch(ctx context.Context, s *kiln.Session) error {
	sorted := kiln.SortByKey(kiln.Map(kiln.Range(s, 0, 400000, 1, 4), wide), kiln.Partitions(2))
	n, err := kiln.MapValues(sorted, strings.ToUpper).Count(ctx)
	if err != nil {
		return err
	}
	fmt.Println(n)
	return nil
}
