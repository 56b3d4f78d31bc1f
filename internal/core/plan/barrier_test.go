package plan

import (
	"reflect"
	"strings"
	"testing"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// barrier is a barrier of n partitions over deps.
func barrier(n int, deps ...Dependency) *RDD {
	return &RDD{Verb: "Barrier", Site: "main.go:3", Partitions: n, Barrier: true, Deps: deps}
}

func over(verb string, n int, deps ...Dependency) *RDD {
	return &RDD{Verb: verb, Site: "main.go:9", Partitions: n, Deps: deps}
}

func on(r *RDD) Dependency { return Dependency{Parent: r} }

func TestABarrierStageTakesOnePartitionOfEachOfItsRDDsInEachTask(t *testing.T) {
	b, plain := barrier(4), over("Map", 4)
	ranged := func(r *RDD, start int32) Dependency {
		return Dependency{Parent: r, Map: Mapping{Kind: Range, Start: start, Length: int32(r.Partitions)}}
	}
	all := Dependency{Parent: b, Map: Mapping{Kind: Groups, Sets: [][]int32{{0, 1, 2, 3}}}}
	same := Dependency{Parent: b, Map: Mapping{Kind: Groups, Sets: [][]int32{{0}, {1}, {2}, {3}}}}
	turned := Dependency{Parent: b, Map: Mapping{Kind: Groups, Sets: [][]int32{{1}, {0}, {2}, {3}}}}
	for name, c := range map[string]struct {
		top  *RDD
		asks int
		why  string // what the error says; empty when there is none
	}{
		"alone":                    {b, 4, ""},
		"under a narrow function":  {over("Map", 4, on(b)), 4, ""},
		"a barrier over a barrier": {barrier(4, on(b)), 4, ""},
		"over a union":             {barrier(8, on(over("Union", 8, ranged(plain, 0), ranged(plain, 4)))), 8, ""},
		"over a coalesced one":     {barrier(1, on(over("Coalesce", 1, Dependency{Parent: plain, Map: Mapping{Kind: Everything, Length: 4}}))), 1, ""},
		"zipped with another RDD":  {over("Zip", 4, on(b), on(plain)), 4, ""},
		"coalesced to as many":     {over("Coalesce", 4, same), 4, ""},
		"beyond a shuffle":         {over("Map", 2, Dependency{Parent: b, Shuffle: &Shuffle{ID: 1}}), 1, ""},
		"under a union":            {over("Union", 8, ranged(b, 0), ranged(plain, 4)), 8, "Barrier at main.go:3 and Union at main.go:9 are in one barrier stage, and have 4 and 8 partitions"},
		"coalesced":                {over("Coalesce", 1, all), 1, "have 4 and 1 partitions"},
		"turned around":            {over("Shift", 4, turned), 4, "partition 0 of Shift at main.go:9 does not read that partition of Barrier at main.go:3"},
		"zipped with itself":       {over("Zip", 4, on(b), on(b)), 4, "Zip at main.go:9 reads two barriers"},
		"zipped with another one":  {over("Zip", 4, on(b), on(barrier(4))), 4, "reads two barriers"},
		"the first partitions":     {over("Take", 4, on(b)), 1, "asks for 1 of the 4 partitions of a barrier stage"},
	} {
		stages := Cut(c.top, nil)
		err := stages[len(stages)-1].CheckBarrier(c.asks)
		switch {
		case c.why == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.why != "" && (err == nil || !strings.Contains(err.Error(), c.why)):
			t.Errorf("%s: got %v, want %q", name, err, c.why)
		}
	}
}

func TestAStageIsABarrierStageWhenABarrierIsInIt(t *testing.T) {
	stages := Cut(over("Map", 2, Dependency{Parent: over("Map", 4, on(barrier(4))), Shuffle: &Shuffle{ID: 1}}), nil)
	if len(stages) != 2 || !stages[0].Barrier() || stages[1].Barrier() {
		t.Errorf("%d stages, the first one a barrier stage: %v, the second: %v", len(stages), stages[0].Barrier(), stages[1].Barrier())
	}
}

func TestOnlyWhatIsCachedOverABarrierIsKeptTogether(t *testing.T) {
	below := kept(1, 4)
	top := kept(2, 4, on(barrier(4, on(below))))
	if got := Cut(top, nil)[0].KeptTogether(); !reflect.DeepEqual(got, []ids.RDDID{2}) {
		t.Errorf("got %v, want RDD 2", got)
	}
}
