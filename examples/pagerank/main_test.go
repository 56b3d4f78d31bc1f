package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/kilnproject/kiln"
)

func TestRanksAreThoseOfAPlainLoop(t *testing.T) {
	chance := rand.New(rand.NewPCG(3, 4))
	var text strings.Builder
	links := map[int64][]int64{}
	for range 3000 {
		from, to := chance.Int64N(200), int64(math.Sqrt(float64(chance.Int64N(40000))))
		links[from] = append(links[from], to)
		fmt.Fprintln(&text, from, to)
	}
	want := naive(links, 5)
	path := write(t, "edges", text.String())
	everywhere(t, func(t *testing.T, s *kiln.Session) {
		got, err := ranks(kiln.TextFile(s, path, kiln.MinPartitions(5)), 5).Collect(t.Context())
		if err != nil || len(got) != len(want) {
			t.Fatalf("%d vertices, %v; want %d", len(got), err, len(want))
		}
		for _, r := range got {
			if math.Abs(want[r.Key]-r.Value) > 1e-9 {
				t.Errorf("vertex %d: %v, want %v", r.Key, r.Value, want[r.Key])
			}
		}
	})
}

func naive(links map[int64][]int64, iterations int) map[int64]float64 {
	ranks := map[int64]float64{}
	for v := range links {
		ranks[v] = 1
	}
	for range iterations {
		sums := map[int64]float64{}
		for v, to := range links {
			if rank, ok := ranks[v]; ok {
				for _, target := range to {
					sums[target] += rank / float64(len(to))
				}
			}
		}
		ranks = map[int64]float64{}
		for v, sum := range sums {
			ranks[v] = 1 - damping + damping*sum
		}
	}
	return ranks
}
