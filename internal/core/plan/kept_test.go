package plan

import (
	"reflect"
	"testing"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// kept is a cached RDD of n partitions over deps, as the verbs lay it out.
func kept(id ids.RDDID, n int, deps ...Dependency) *RDD {
	below := &RDD{ID: id, Verb: "Map", Partitions: n, Deps: deps}
	return &RDD{ID: id, Verb: "Cached", Partitions: n, Kept: true, Deps: []Dependency{{Parent: below}}}
}

func TestKeptSaysWhichCachedPartitionsATaskReads(t *testing.T) {
	a, b := kept(1, 3), kept(2, 2)
	both := []Dependency{{Parent: a, Map: Mapping{Kind: Range, Length: 3}}, {Parent: b, Map: Mapping{Kind: Range, Start: 3, Length: 2}}}
	for name, c := range map[string]struct {
		top  *RDD
		want []Kept
	}{
		"nothing cached":        {wordCount(), nil},
		"the same numbers":      {&RDD{ID: 9, Partitions: 3, Deps: []Dependency{{Parent: a}}}, []Kept{{RDD: 1, Whole: 3}}},
		"the top itself":        {a, []Kept{{RDD: 1, Whole: 3}}},
		"below another one":     {kept(3, 3, Dependency{Parent: a}), []Kept{{RDD: 3, Whole: 3}, {RDD: 1, Whole: 3, Through: []int32{0}}}},
		"two of a union":        {&RDD{ID: 9, Partitions: 5, Deps: both}, []Kept{{RDD: 1, Whole: 3, Partitions: []int32{0, 1, 2, -1, -1}}, {RDD: 2, Whole: 2, Partitions: []int32{-1, -1, -1, 0, 1}}}},
		"several for one":       {&RDD{ID: 9, Partitions: 2, Deps: []Dependency{{Parent: a, Map: Mapping{Kind: Groups, Sets: [][]int32{{2, 0}, {1}}}}}}, []Kept{{RDD: 1, Whole: 3, Partitions: []int32{2, 1}}}},
		"of which none is read": {&RDD{ID: 9, Partitions: 2, Deps: []Dependency{{Parent: a, Map: Mapping{Kind: Groups}}}}, []Kept{{RDD: 1, Whole: 3, Partitions: []int32{-1, -1}}}},
		"beyond a shuffle":      {&RDD{ID: 9, Partitions: 3, Deps: []Dependency{{Parent: a, Shuffle: &Shuffle{ID: 5}}}}, nil},
		"zipped with a shuffle": {&RDD{ID: 9, Partitions: 3, Deps: []Dependency{{Parent: a}, {Parent: b, Shuffle: &Shuffle{ID: 5}}}}, []Kept{{RDD: 1, Whole: 3}}},
	} {
		stages := Cut(c.top, nil)
		if got, _ := stages[len(stages)-1].Kept(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

// TestKeptSaysThroughWhatAStageReads looks at
//
//	top --- 3 --+-- 1 -- shuffle 5         3, 1 and 2 are cached, and all have the same partitions
//	  \          \
//	   \----------2 -- shuffle 6
//	    \---------------/
func TestKeptSaysThroughWhatAStageReads(t *testing.T) {
	five, six := Dependency{Parent: &RDD{ID: 20, Partitions: 1}, Shuffle: &Shuffle{ID: 5}}, Dependency{Parent: &RDD{ID: 21, Partitions: 1}, Shuffle: &Shuffle{ID: 6}}
	one, two := kept(1, 3, five), kept(2, 3, six)
	three := kept(3, 3, Dependency{Parent: one}, Dependency{Parent: two})
	stages := Cut(&RDD{ID: 9, Partitions: 3, Deps: []Dependency{{Parent: three}, {Parent: two}, six}}, nil)
	top := stages[len(stages)-1]
	all, through := top.Kept()
	if want := []Kept{{RDD: 3, Whole: 3}, {RDD: 1, Whole: 3, Through: []int32{0}}, {RDD: 2, Whole: 3, Through: []int32{-1, 0}}}; !reflect.DeepEqual(all, want) {
		t.Errorf("got %v, want %v", all, want)
	}
	if want := [][]int32{{1}, {-1, 2}}; !reflect.DeepEqual(through, want) || !reflect.DeepEqual(top.Parents, []ids.ShuffleID{5, 6}) {
		t.Errorf("%v are read through %v, want %v", top.Parents, through, want)
	}
}
