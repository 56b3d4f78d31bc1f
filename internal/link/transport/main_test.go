package transport

import (
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/link/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// socket gives an address in a private directory with a short path.
func socket(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "kt")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return "unix://" + filepath.Join(dir, "s")
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func launch(n int) *wire.Down {
	return &wire.Down{Launches: []task.Launch{{Ref: ids.TaskRef{Partition: int32(n)}, ID: ids.TaskID(n)}}}
}

func ended(n int) *wire.Up {
	return &wire.Up{Ends: []task.End{{
		Ref: ids.TaskRef{Partition: int32(n)}, ID: ids.TaskID(n), Reason: task.EndReason{Fate: task.Success}, Result: []byte("result"),
		Metrics: task.Metrics{Started: 1e9, Run: 1e5, RowsIn: 10, PeakMemory: 1 << 20},
	}}}
}
