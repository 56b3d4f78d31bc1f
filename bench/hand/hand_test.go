package hand

import (
	"maps"
	"slices"
	"testing"

	"github.com/kilnproject/kiln/bench/data"
)

func small(t testing.TB) data.Input {
	return data.Input{Work: t.TempDir(), Output: t.TempDir(), Scale: 0.002, Seed: 1}
}

func TestTwoThreadsAnswerWhatOneDoes(t *testing.T) {
	in := small(t)
	for _, name := range slices.Sorted(maps.Keys(Solutions)) {
		one, err := Solutions[name](in, 1)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, threads := range []int{2, 3} {
			more, err := Solutions[name](in, threads)
			if err != nil {
				t.Fatalf("%s with %d threads: %v", name, threads, err)
			}
			if d := more.Differs(one); d != "" {
				t.Errorf("%s with %d threads: %s", name, threads, d)
			}
		}
		if name != "sort" && one.Rows == 0 {
			t.Errorf("%s answers nothing", name)
		}
	}
}

func TestSortWritesEveryRecordInOrder(t *testing.T) {
	in := small(t)
	path, err := in.RecordFile()
	if err != nil {
		t.Fatal(err)
	}
	want, err := data.Records(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, threads := range []int{1, 2} {
		in.Output = t.TempDir()
		if _, err := Sort(in, threads); err != nil {
			t.Fatal(err)
		}
		got, err := data.Sorted(in.Output)
		if err != nil {
			t.Fatal(err)
		}
		if d := got.Differs(want); d != "" {
			t.Errorf("%d threads: %s", threads, d)
		}
	}
}
