package executor

import (
	"io"
	"testing"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/data/op"
)

// BenchmarkCachedHere is what a task pays for a cached partition beyond reading its rows, when the partition is at its own executor:
// as the stages of an RDD are described of which nothing is cached elsewhere ("first"), and of others.
func BenchmarkCachedHere(b *testing.B) {
	for name, stage := range map[string]*task.Stage{
		"first":     {},
		"somewhere": {Cached: []task.Cached{{RDD: 6, Somewhere: true}, {RDD: 7, Somewhere: true}}},
	} {
		b.Run(name, func(b *testing.B) {
			e, err := New(Config{Slots: 1, Memory: 1 << 20, Dir: b.TempDir()})
			if err != nil {
				b.Fatal(err)
			}
			defer e.Close()
			loaded := 0
			t := &op.Task{Context: b.Context(), Metrics: &task.Metrics{}, Memory: &taskMemory{pool: e.memory, task: 5}}
			c := op.CacheRequest{
				Block: ids.RDD(7, 3), Level: op.Level{Memory: true},
				Load:    func(any, io.Reader) error { loaded++; return nil },
				Compute: func(op.Keeper) (op.CacheValue, error) { return op.CacheValue{Rows: []int{1}, Size: 8}, nil },
			}
			t.Stage = &task.Stage{}
			if err := (host{e, nil}).Cached(t, c); err != nil { // computes it
				b.Fatal(err)
			}
			t.Stage = stage
			for b.Loop() {
				if err := (host{e, nil}).Cached(t, c); err != nil {
					b.Fatal(err)
				}
			}
			if loaded != b.N {
				b.Fatalf("%d of %d times loaded", loaded, b.N)
			}
		})
	}
}
