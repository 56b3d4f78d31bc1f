package executor

import (
	"io"
	"testing"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/data/op"
)

func TestCachedPartitionsOfAnOlderGenerationAreNotRead(t *testing.T) {
	e, err := New(Config{Slots: 1, Memory: 1 << 20, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	read := func(generation int32) (loaded any, computed bool) {
		stage := &task.Stage{}
		if generation > 0 {
			stage.Cached = []task.Cached{{RDD: 7, Generation: generation}}
		}
		work := &op.Task{Context: t.Context(), Stage: stage, Metrics: &task.Metrics{}, Memory: &taskMemory{pool: e.memory, task: 5}}
		err := host{e, nil}.Cached(work, op.CacheRequest{
			Block: ids.RDD(7, 3), Level: op.Level{Memory: true},
			Load: func(rows any, _ io.Reader) error { loaded = rows; return nil },
			Compute: func(op.Keeper) (op.CacheValue, error) {
				computed = true
				return op.CacheValue{Rows: generation, Size: 8}, nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		return loaded, computed
	}
	for _, generation := range []int32{0, 1, 2} {
		if _, computed := read(generation); !computed {
			t.Errorf("generation %d was not computed", generation)
		}
		if rows, computed := read(generation); computed || rows != generation {
			t.Errorf("generation %d: computed %v, read %v", generation, computed, rows)
		}
	}
	for _, change := range e.changes.take() {
		if change.ID.C < 0 || change.ID.C > 2 || !change.InMemory {
			t.Errorf("told %+v", change)
		}
	}
	if n := e.blocks.RemoveRDD(7); n != 3 {
		t.Errorf("%d partitions were removed, want those of all 3 generations", n)
	}
}
