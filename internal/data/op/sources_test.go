package op

import (
	"runtime"
	"slices"
	"testing"
)

func TestRangeCountsAcrossItsPartitions(t *testing.T) {
	for _, o := range []Range{
		{Count: 0, Step: 1, Parts: 3},
		{From: 5, Step: -2, Count: 4, Parts: 7},
		{From: -3, Step: 1, Count: 3*BatchRows + 1, Parts: 2},
	} {
		var want []int64
		for i := range o.Count {
			want = append(want, o.From+i*o.Step)
		}
		var got takeSink[int64]
		for p := range o.Parts {
			if err := o.Read(fakeTask(newFakeHost(), ample(), 0, 1), p, nil, got.sink()); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(got.rows, want) {
			t.Errorf("%+v gives %d rows, want %d, or others", o, len(got.rows), len(want))
		}
	}
}

func TestAnEmptyRangeCostsNoBatch(t *testing.T) {
	o, task, sink := &Range{Step: 1, Parts: 1}, fakeTask(newFakeHost(), ample(), 0, 1), (&takeSink[int64]{}).sink()
	const times = 100
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range times {
		if err := o.Read(task, 0, nil, sink); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / times; each > BatchRows {
		t.Errorf("an empty partition allocates %d bytes", each)
	}
}
