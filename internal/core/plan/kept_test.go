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
	for name, c := range map[string]struct {
		top  *RDD
		want []Kept
	}{
		"nothing cached":        {wordCount(), nil},
		"the same numbers":      {&RDD{ID: 9, Partitions: 3, Deps: []Dependency{{Parent: a}}}, []Kept{{RDD: 1}}},
		"the top itself":        {a, []Kept{{RDD: 1}}},
		"below another one":     {kept(3, 3, Dependency{Parent: a}), []Kept{{RDD: 3}}},
		"two of a union":        {&RDD{ID: 9, Partitions: 5, Deps: []Dependency{{Parent: a, Map: Mapping{Kind: Range, Length: 3}}, {Parent: b, Map: Mapping{Kind: Range, Start: 3, Length: 2}}}}, []Kept{{1, []int32{0, 1, 2, -1, -1}}, {2, []int32{-1, -1, -1, 0, 1}}}},
		"several for one":       {&RDD{ID: 9, Partitions: 2, Deps: []Dependency{{Parent: a, Map: Mapping{Kind: Groups, Sets: [][]int32{{2, 0}, {1}}}}}}, []Kept{{1, []int32{2, 1}}}},
		"beyond a shuffle":      {&RDD{ID: 9, Partitions: 3, Deps: []Dependency{{Parent: a, Shuffle: &Shuffle{ID: 5}}}}, nil},
		"zipped with a shuffle": {&RDD{ID: 9, Partitions: 3, Deps: []Dependency{{Parent: a}, {Parent: b, Shuffle: &Shuffle{ID: 5}}}}, []Kept{{RDD: 1}}},
	} {
		stages := Cut(c.top, nil)
		if got := stages[len(stages)-1].Kept(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}
