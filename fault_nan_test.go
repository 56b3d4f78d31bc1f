package kiln_test

import (
	"errors"
	"math"
	"testing"

	"github.com/kilnproject/kiln"
)

// sighting has a NaN inside of a key, which a map of Go never finds.
type sighting struct {
	Name string
	At   float64
}

func addKeyed(set kiln.AccumulatorOf[sighting, map[sighting]struct{}], k sighting) { set.Add(k) }

func TestKeysWithNaNAreOneKey(t *testing.T) {
	s := start(t)
	nan, other := math.NaN(), math.Float64frombits(0x7ff8000000000123)
	rows := []sighting{{"a", nan}, {"a", other}, {"b", nan}, {"a", 1}, {"a", 0}, {"a", math.Copysign(0, -1)}}
	d := kiln.Parallelize(s, rows, 3)
	fractions := map[sighting]float64{{"a", nan}: 1, {"a", 0}: 1}
	if n, err := kiln.SampleByKey(kiln.KeyBy(d, itself[sighting]), false, fractions, 1).Count(t.Context()); n != 4 || err != nil {
		t.Errorf("SampleByKey draws %d rows of 4, %v", n, err)
	}
	set := kiln.NewSet[sighting](s, "seen")
	if err := kiln.ForEachWith(t.Context(), d, set, addKeyed); err != nil {
		t.Fatal(err)
	}
	if got := set.Value(); len(got) != 4 {
		t.Errorf("the set holds %v", got)
	}
}

func TestAHistogramLeavesNaNOut(t *testing.T) {
	s := start(t)
	bounds, counts, err := kiln.Histogram(t.Context(), kiln.Parallelize(s, []float64{1, math.NaN(), 2, 3, math.NaN()}, 2), 2)
	if err != nil || bounds[0] != 1 || bounds[2] != 3 || counts[0] != 1 || counts[1] != 2 {
		t.Errorf("got %v %v %v", bounds, counts, err)
	}
	_, _, err = kiln.Histogram(t.Context(), kiln.Parallelize(s, []float64{math.NaN()}), 2)
	if !errors.Is(err, kiln.ErrEmpty) {
		t.Errorf("a histogram of NaN alone gives %v", err)
	}
}

func TestEveryBucketHoldsWhatLiesWithinItsBounds(t *testing.T) {
	s := start(t)
	least, most := -math.MaxFloat64, math.MaxFloat64
	for _, c := range []struct {
		from, to float64
		buckets  int
	}{{0, 1, 49}, {-1, 2, 7}, {least, most, 5}, {0, 5e-324, 3}, {1e300, most, 11}} {
		edges, _, err := kiln.Histogram(t.Context(), kiln.Parallelize(s, []float64{c.from, c.to}), c.buckets)
		if err != nil {
			t.Fatal(err)
		}
		bounds, counts, err := kiln.Histogram(t.Context(), kiln.Parallelize(s, edges, 2), c.buckets)
		if err != nil {
			t.Fatal(err)
		}
		want := make([]int64, c.buckets)
		for _, x := range edges {
			for i := range want {
				if x >= bounds[i] && (x < bounds[i+1] || i == c.buckets-1) {
					want[i]++
				}
			}
		}
		for i := range want {
			if counts[i] != want[i] {
				t.Errorf("%v to %v: bucket %d, from %v to %v, counts %d, want %d", c.from, c.to, i, bounds[i], bounds[i+1], counts[i], want[i])
			}
		}
	}
}
