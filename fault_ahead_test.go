package kiln_test

import (
	"sync/atomic"
	"testing"

	"github.com/kilnproject/kiln"
	"github.com/kilnproject/kiln/kilntest"
)

// othersDone counts the rows that the long task waits for.
var othersDone struct {
	left atomic.Int64
	all  chan struct{}
}

const longRow = 150

// waitForOthers ends at once for every row but one, which waits for all others.
func waitForOthers(i int64) int64 {
	if i == longRow {
		<-othersDone.all
		return i
	}
	if othersDone.left.Add(-1) == 0 {
		close(othersDone.all)
	}
	return i
}

// TestNothingWaitsBehindALongTask: short tasks are launched ahead of free slots. Those that wait behind a task that waits for
// them run elsewhere, or the job never ends.
func TestNothingWaitsBehindALongTask(t *testing.T) {
	const rows = 400
	c := kilntest.Start(t, kilntest.Executors(2), kilntest.Slots(1))
	othersDone.left.Store(rows - 1)
	othersDone.all = make(chan struct{})
	sum, err := kiln.Sum(t.Context(), kiln.Map(kiln.Range(c.Session(), 0, rows, 1, rows), waitForOthers))
	if want := int64(rows * (rows - 1) / 2); err != nil || sum != want {
		t.Fatalf("sum %d, %v; want %d", sum, err, want)
	}
}
