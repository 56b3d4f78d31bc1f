package plan

import (
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// shuffled is an RDD that reads the n reduce partitions of a shuffle.
func shuffled(id ids.ShuffleID, n int) *RDD {
	return &RDD{ID: ids.RDDID(id), Verb: "ReduceByKey", Partitions: n, Deps: []Dependency{{
		Parent: &RDD{ID: 100 + ids.RDDID(id), Verb: "Range", Partitions: 2}, Shuffle: &Shuffle{ID: id, Reduces: n},
	}}}
}

func TestReducesSaysWhichPartitionsOfAShuffleATaskReads(t *testing.T) {
	a, b := shuffled(1, 3), shuffled(2, 2)
	narrow := func(n int, deps ...Dependency) *RDD { return &RDD{ID: 9, Partitions: n, Deps: deps} }
	for name, c := range map[string]struct {
		top  *RDD
		want []Reduces
	}{
		"its own":               {narrow(3, Dependency{Parent: a}), nil},
		"no shuffle":            {narrow(3), nil},
		"two zipped":            {narrow(3, Dependency{Parent: a}, Dependency{Parent: shuffled(3, 3)}), nil},
		"a union":               {narrow(5, Dependency{Parent: a, Map: Mapping{Kind: Range, Length: 3}}, Dependency{Parent: b, Map: Mapping{Kind: Range, Start: 3, Length: 2}}), []Reduces{{[]int32{0, 1, 2, 3, 3, 3}, []int32{0, 1, 2}}, {[]int32{0, 0, 0, 0, 1, 2}, []int32{0, 1}}}},
		"a union with itself":   {narrow(4, Dependency{Parent: b, Map: Mapping{Kind: Range, Length: 2}}, Dependency{Parent: b, Map: Mapping{Kind: Range, Start: 2, Length: 2}}), []Reduces{{[]int32{0, 1, 2, 3, 4}, []int32{0, 1, 0, 1}}}},
		"fewer":                 {narrow(2, Dependency{Parent: a, Map: Mapping{Kind: Groups, Sets: [][]int32{{0, 1}, {2}}}}), []Reduces{{[]int32{0, 2, 3}, []int32{0, 1, 2}}}},
		"as many, others":       {narrow(3, Dependency{Parent: a, Map: Mapping{Kind: Groups, Sets: [][]int32{{2}, {0}, {1}}}}), []Reduces{{[]int32{0, 1, 2, 3}, []int32{2, 0, 1}}}},
		"all":                   {narrow(3, Dependency{Parent: b, Map: Mapping{Kind: Everything, Length: 2}}), []Reduces{{[]int32{0, 2, 4, 6}, []int32{0, 1, 0, 1, 0, 1}}}},
		"a product":             {narrow(6, Dependency{Parent: a, Map: Mapping{Kind: Quotient, Length: 2}}, Dependency{Parent: b, Map: Mapping{Kind: Remainder, Length: 2}}), []Reduces{{[]int32{0, 1, 2, 3, 4, 5, 6}, []int32{0, 0, 1, 1, 2, 2}}, {[]int32{0, 1, 2, 3, 4, 5, 6}, []int32{0, 1, 0, 1, 0, 1}}}},
		"both of a join":        {&RDD{ID: 9, Partitions: 3, Deps: append(slices.Clone(a.Deps), shuffled(3, 3).Deps...)}, nil},
		"a union below a union": {narrow(4, Dependency{Parent: narrow(3, Dependency{Parent: b, Map: Mapping{Kind: Range, Start: 1, Length: 2}}), Map: Mapping{Kind: Range, Length: 3}}), []Reduces{{[]int32{0, 0, 1, 2, 2}, []int32{0, 1}}}},
	} {
		stages := Cut(c.top, nil)
		if got := stages[len(stages)-1].Reduces(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

func TestOfAVeryLargeProductNobodySaysWhatATaskReads(t *testing.T) {
	n := 2000
	top := &RDD{ID: 9, Partitions: n, Deps: []Dependency{{Parent: shuffled(1, n), Map: Mapping{Kind: Everything, Length: int32(n)}}}}
	stages := Cut(top, nil)
	if got := stages[1].Reduces(); len(got) != 1 || len(got[0].Parts) > 0 || len(got[0].First) != n+1 || slices.Max(got[0].First) > 0 {
		t.Errorf("%d parents, %d partitions are listed", len(got), len(got[0].Parts))
	}
}

// The dumb second version asks each mapping by itself, from the top down.
func TestReducesIsWhatTheMappingsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		top := shuffled(0, rapid.IntRange(1, 4).Draw(t, "reduces"))
		for i := range rapid.IntRange(0, 4).Draw(t, "height") {
			top = higher(t, top, ids.ShuffleID(i+1))
		}
		stages := Cut(top, nil)
		s := stages[len(stages)-1]
		got := s.Reduces()
		for p := range int32(top.Partitions) {
			want := map[ids.ShuffleID]map[int32]bool{}
			dumbly(top, p, want)
			for i, id := range s.Parents {
				list := []int32{p}
				if got != nil {
					list = got[i].Parts[got[i].First[p]:got[i].First[p+1]]
				}
				if len(list) != len(want[id]) || slices.ContainsFunc(list, func(q int32) bool { return !want[id][q] }) {
					t.Fatalf("task %d reads %v of shuffle %d, and by its mappings %v", p, list, id, want[id])
				}
			}
		}
	})
}

// higher lays a union with another shuffle, or a grouping, or nothing much over an RDD.
func higher(t *rapid.T, below *RDD, id ids.ShuffleID) *RDD {
	n := int32(below.Partitions)
	switch rapid.IntRange(0, 2).Draw(t, "verb") {
	case 0:
		other := shuffled(id, rapid.IntRange(1, 3).Draw(t, "reduces"))
		return &RDD{ID: 50 + ids.RDDID(id), Partitions: int(n) + other.Partitions, Deps: []Dependency{
			{Parent: below, Map: Mapping{Kind: Range, Length: n}}, {Parent: other, Map: Mapping{Kind: Range, Start: n, Length: int32(other.Partitions)}}}}
	case 1:
		m := Mapping{Kind: Groups, Sets: make([][]int32, rapid.IntRange(1, int(n)).Draw(t, "groups"))}
		for q := range n {
			g := int(q) * len(m.Sets) / int(n)
			m.Sets[g] = append(m.Sets[g], q)
		}
		return &RDD{ID: 50 + ids.RDDID(id), Partitions: len(m.Sets), Deps: []Dependency{{Parent: below, Map: m}}}
	}
	return &RDD{ID: 50 + ids.RDDID(id), Partitions: int(n), Deps: []Dependency{{Parent: below}}}
}

func dumbly(r *RDD, p int32, to map[ids.ShuffleID]map[int32]bool) {
	for _, d := range r.Deps {
		if d.Shuffle == nil {
			for _, q := range d.Map.Of(p, nil) {
				dumbly(d.Parent, q, to)
			}
			continue
		}
		if to[d.Shuffle.ID] == nil {
			to[d.Shuffle.ID] = map[int32]bool{}
		}
		to[d.Shuffle.ID][p] = true
	}
}
