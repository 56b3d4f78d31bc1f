package op

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// digestOf writes rows and gives the digest that the task tells.
func digestOf[T any](t *rapid.T, o Output, rows []T, batch int, memory int64) uint64 {
	work := fakeTask(newFakeHost(), &fakeMemory{limit: memory}, 0, 4)
	work.Digests = true
	answer, err := into(work, o, rows, batch)
	if err != nil {
		t.Fatal(err)
	}
	rest(t, work, nil)
	if answer.Digest == 0 {
		t.Fatal("no digest")
	}
	return answer.Digest
}

func TestADigestTellsRowsFromOtherRowsAndNotTheirOrder(t *testing.T) {
	type pair = KV[int64, int64]
	route := Route[int64]{N: 4}
	outputs := map[string]func() Output{
		"partition": func() Output { return &PartitionWrite[int64]{Rows: TypeOf[pair](), Route: route} },
		"ranges": func() Output {
			return &PartitionWrite[int64]{Rows: TypeOf[pair](), Route: Route[int64]{N: 4, Ranged: true, Bounds: []int64{-1, 1}}}
		},
		"reduce": func() Output { return &ReduceWrite[int64, int64]{F: sum, Route: route} },
		"sort": func() Output {
			return &RangeWrite[pair, int64]{Key: func(p pair) int64 { return p.Key }, Bounds: []int64{-1, 1}}
		},
		"sort by function": func() Output {
			return &RangeWriteFunc[pair]{Compare: func(a, b pair) int { return int(a.Key - b.Key) }, Bounds: []pair{{0, 0}}}
		},
	}
	rapid.Check(t, func(t *rapid.T) {
		small := rapid.Int64Range(-3, 3)
		rows := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) pair { return pair{small.Draw(t, "key"), small.Draw(t, "value")} }), 1, 40).Draw(t, "rows")
		shuffled := slices.Clone(rows)
		rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)).Shuffle(len(rows), func(i, j int) {
			shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
		})
		// The sums of all keys and of all values stay as they are.
		other := slices.Clone(rows)
		by := rapid.Int64Range(1, 3).Draw(t, "by")
		i, j := rapid.IntRange(0, len(rows)-1).Draw(t, "more"), rapid.IntRange(0, len(rows)-1).Draw(t, "less")
		other[i].Value += by
		other[j].Value -= by
		for name, o := range outputs { //nolint:maprange // all of them
			want := digestOf(t, o(), rows, 7, 0)
			if got := digestOf(t, o(), shuffled, 3, 1<<30); got != want {
				t.Fatalf("%s: %v has digest %x, and in another order %x", name, rows, want, got)
			}
			if got := digestOf(t, o(), other, 7, 0); (got == want) != sameRows(rows, other) {
				t.Fatalf("%s: %v and %v have digests %x and %x", name, rows, other, want, got)
			}
			if got := digestOf(t, o(), append(slices.Clone(rows), pair{}), 7, 0); got == want {
				t.Fatalf("%s: one row more makes no difference", name)
			}
		}
	})
}

func sameRows(a, b []KV[int64, int64]) bool {
	order := func(x, y KV[int64, int64]) int {
		if x.Key != y.Key {
			return int(x.Key - y.Key)
		}
		return int(x.Value - y.Value)
	}
	a, b = slices.Clone(a), slices.Clone(b)
	slices.SortFunc(a, order)
	slices.SortFunc(b, order)
	return slices.Equal(a, b)
}

func TestRowsThatAreDealtOutOtherwiseHaveAnotherDigest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := &ScatterWrite{Rows: TypeOf[int64](), Reduces: 4}
		rows := []int64{1, 2, 3, 4, 5, 6}
		want := digestOf(t, o, rows, 6, 0)
		if got := digestOf(t, o, rows, 2, 0); got != want {
			t.Errorf("in other batches: %x, want %x", got, want)
		}
		if got := digestOf(t, o, []int64{2, 1, 3, 4, 5, 6}, 6, 0); got == want {
			t.Error("another row goes to a partition, and the digest is the same")
		}
		if got := digestOf(t, o, []int64{5, 2, 3, 4, 1, 6}, 6, 0); got != want {
			t.Errorf("two rows of one partition change places: %x, want %x", got, want)
		}
	})
}

func TestNoDigestIsToldWhereNoneIsWanted(t *testing.T) {
	work := fakeTask(newFakeHost(), ample(), 0, 4)
	answer, err := into(work, &PartitionWrite[int64]{Rows: TypeOf[KV[int64, int64]](), Route: Route[int64]{N: 4}}, make([]KV[int64, int64], 10), 5)
	if err != nil || answer.Digest != 0 {
		t.Errorf("digest %x, %v", answer.Digest, err)
	}
	rest(t, work, nil)
}
