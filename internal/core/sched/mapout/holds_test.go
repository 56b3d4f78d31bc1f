package mapout

import (
	"testing"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

func TestAnExecutorHoldsWhatIsWanted(t *testing.T) {
	table := New()
	a, b := table.Open(1, 2, 1), table.Open(2, 2, 1)
	a.Add(0, 5, task.PackSizes([]int64{1}), 0)
	a.Add(1, 5, task.PackSizes([]int64{1}), 0)
	b.Add(0, 5, task.PackSizes([]int64{1}), 0)
	b.Add(1, 6, task.PackSizes([]int64{1}), 0)
	holds := func(executor ids.ExecutorID, shuffle ids.ShuffleID) bool {
		return table.Holds(executor, func(id ids.ShuffleID) bool { return id == shuffle })
	}
	if !holds(5, 1) || !holds(5, 2) || holds(6, 1) || !holds(6, 2) || holds(5, 3) || holds(7, 1) || holds(-1, 1) {
		t.Error("wrong before anything is lost")
	}
	table.RemoveExecutor(5)
	table.Drop(2)
	if holds(5, 1) || holds(6, 2) {
		t.Error("an executor holds what is gone")
	}
}
