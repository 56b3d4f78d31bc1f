package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/kilnproject/kiln"
)

func TestCentresAreThoseOfAPlainLoop(t *testing.T) {
	chance := rand.New(rand.NewPCG(5, 6))
	var text strings.Builder
	var points []point
	for i := range 2000 {
		p := point{float64(10*(i%3)) + chance.NormFloat64(), float64(-5*(i%3)) + chance.NormFloat64()}
		fmt.Fprintln(&text, p[0], p[1])
		points = append(points, p)
	}
	want := naive(points, 3, 4)
	path := write(t, "points", text.String())
	everywhere(t, func(t *testing.T, s *kiln.Session) {
		got, err := cluster(t.Context(), kiln.Map(kiln.TextFile(s, path, kiln.MinPartitions(4)), parsePoint), 3, 4)
		if err != nil || len(got) != len(want) {
			t.Fatalf("%v, %v", got, err)
		}
		for i := range want {
			for d := range want[i] {
				if math.Abs(got[i][d]-want[i][d]) > 1e-9 {
					t.Errorf("centre %d: %v, want %v", i, got[i], want[i])
				}
			}
		}
	})
}

func naive(points []point, k, iterations int) []point {
	centres := make([]point, k)
	for i := range centres {
		centres[i] = append(point(nil), points[i]...)
	}
	for range iterations {
		sums := make([]sum, k)
		for _, p := range points {
			near := assign(centres, p)
			if sums[near.Key].Count == 0 {
				sums[near.Key] = near.Value
				continue
			}
			sums[near.Key] = add(sums[near.Key], near.Value)
		}
		for i, s := range sums {
			for d := range s.Total {
				centres[i][d] = s.Total[d] / float64(s.Count)
			}
		}
	}
	return centres
}
