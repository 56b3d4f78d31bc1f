// Command kmeans finds the centres of K clusters of points.
//
//	go run ./examples/kmeans POINTS K [ITERATIONS]
//
// POINTS is a text file, directory or glob with one point a line: numbers with spaces between them, the same count on each line.
package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/kilnproject/kiln"
)

// point is a place in as many dimensions as it has numbers.
type point = []float64

// sum is some points added up.
type sum struct {
	Total point
	Count int64
}

func main() { kiln.Main(run) }

func run(ctx context.Context, s *kiln.Session) error {
	args := s.Args()
	if len(args) < 2 || len(args) > 3 {
		return errors.New("usage: kmeans POINTS K [ITERATIONS]")
	}
	k, err := strconv.Atoi(args[1])
	iterations := 10
	if err == nil && len(args) == 3 {
		iterations, err = strconv.Atoi(args[2])
	}
	if err != nil || k < 1 {
		return fmt.Errorf("the numbers of clusters and iterations are positive, not %v", args[1:])
	}
	centres, err := cluster(ctx, kiln.Map(kiln.TextFile(s, args[0]), parsePoint), k, iterations)
	for _, c := range centres {
		fmt.Println(strings.Trim(fmt.Sprintf("%.4f", c), "[]"))
	}
	return err
}

// cluster moves k centres, at first the first k points, to the middle of the points that are nearest to them. The centres of an
// iteration are its environment: they travel with the function.
func cluster(ctx context.Context, points kiln.RDD[point], k, iterations int) ([]point, error) {
	points = points.Cache()
	centres, err := points.Take(ctx, k)
	for range iterations {
		if err != nil {
			return nil, err
		}
		near := kiln.MapWith(points, centres, assign)
		var sums []kiln.KV[int, sum]
		sums, err = kiln.ReduceByKey(near, add, kiln.Partitions(1)).Collect(ctx)
		for _, s := range sums {
			for d := range s.Value.Total {
				centres[s.Key][d] = s.Value.Total[d] / float64(s.Value.Count)
			}
		}
	}
	return centres, err
}

func assign(centres []point, p point) kiln.KV[int, sum] {
	best, least := 0, math.Inf(1)
	for i, c := range centres {
		var distance float64
		for d := range p {
			distance += (p[d] - c[d]) * (p[d] - c[d])
		}
		if distance < least {
			best, least = i, distance
		}
	}
	return kiln.Pair(best, sum{p, 1})
}

// add gives a new sum: rows belong to the engine, which may keep them.
func add(a, b sum) sum {
	total := make(point, len(a.Total))
	for d := range total {
		total[d] = a.Total[d] + b.Total[d]
	}
	return sum{total, a.Count + b.Count}
}

func parsePoint(line string) point {
	fields := strings.Fields(line)
	p := make(point, len(fields))
	for i, f := range fields {
		p[i] = kiln.Must(strconv.ParseFloat(f, 64))
	}
	return p
}
