package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/kilnproject/kiln"
)

func keyed(i int64) sum { return kiln.Pair(i%10, i) }

type sum = kiln.KV[int64, int64]

func heldNumbers(g gate, c *kiln.TaskContext, rows iter.Seq[int64]) iter.Seq2[int64, error] {
	return held(g, c, rows)
}

func heldSums(g gate, c *kiln.TaskContext, rows iter.Seq[sum]) iter.Seq2[sum, error] {
	return held(g, c, rows)
}

// only is an executor process.
type only struct {
	Gates string
	PID   int
}

// busy holds a task at a gate when it runs in that process, and else until one has come to it.
func busy(o only, i int64) int64 {
	if os.Getpid() == o.PID {
		gate{o.Gates, "busy"}.pass(context.Background())
	}
	for {
		if _, err := os.Stat(filepath.Join(o.Gates, fmt.Sprintf("busy.%d", o.PID))); err == nil {
			return i
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// readCached caches sums in another executor than the one that has the only map output of which they are made; the first is busy. When
// it has died it reads them again.
func readCached(ctx context.Context, s *kiln.Session, gates string) error {
	mapped := kiln.MapPartitionsWith(kiln.Range(s, 0, 1000, 1, 1), gate{gates, "map"}, heldNumbers)
	sums := kiln.ReduceByKey(kiln.Map(mapped, keyed), add, kiln.Partitions(2))
	if _, err := sums.Count(ctx); err != nil {
		return err
	}
	at, err := filepath.Glob(filepath.Join(gates, "map.*"))
	if err != nil || len(at) != 1 {
		return errors.Join(err, fmt.Errorf("the map task ran in %d processes", len(at)))
	}
	pid := kiln.Must(strconv.Atoi(strings.TrimPrefix(filepath.Ext(at[0]), ".")))
	idle := make(chan error, 1)
	go func() {
		_, err := kiln.MapWith(kiln.Range(s, 0, 2, 1, 2), only{gates, pid}, busy).Count(ctx)
		idle <- err
	}()
	busy(only{gates, pid}, 0)
	cached := kiln.MapPartitionsWith(sums, gate{gates, "cache"}, heldSums).Cache()
	if _, err := cached.Count(ctx); err != nil {
		return err
	}
	gate{gates, "between"}.pass(ctx)
	if err := <-idle; err != nil { // then it is known that the executor is gone
		return err
	}
	total, err := kiln.Sum(ctx, kiln.Values(kiln.MapPartitionsWith(cached, gate{gates, "read"}, heldSums)))
	fmt.Println(total)
	return err
}

// readAgain caches sums, and reads them again after others have seen to it that executors go.
func readAgain(ctx context.Context, s *kiln.Session, gates string) error {
	mapped := kiln.MapPartitionsWith(kiln.Range(s, 0, 1000, 1, 2), gate{gates, "map"}, heldNumbers)
	sums := kiln.ReduceByKey(kiln.Map(mapped, keyed), add, kiln.Partitions(6))
	cached := kiln.MapPartitionsWith(sums, gate{gates, "cache"}, heldSums).Cache()
	if _, err := cached.Count(ctx); err != nil {
		return err
	}
	gate{gates, "between"}.pass(ctx)
	total, err := kiln.Sum(ctx, kiln.Values(cached))
	fmt.Println(total)
	return err
}
