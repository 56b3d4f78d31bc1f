package main

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/kilnproject/kiln"
	"github.com/kilnproject/kiln/bench/data"
	"github.com/kilnproject/kiln/bench/hand"
)

type (
	pair   = kiln.KV[int64, int64]
	word   = kiln.KV[string, int64]
	vector = [data.Dimensions]float64
)

func plus(a, b int64) int64 { return a + b }

// kilnPairs makes the rows that reduceByKey and groupByKey read, as the hand-written side does: by arithmetic.
func kilnPairs(s *kiln.Session, in data.Input) kiln.RDD[pair] {
	return kiln.MapWith(kiln.Range(s, 0, in.Pairs(), 1, data.Partitions), in.Rows(), func(r data.Rows, i int64) pair {
		return kiln.Pair(r.Pair(i))
	})
}

func kilnWordCount(ctx context.Context, s *kiln.Session, in data.Input) (Measured, error) {
	dir, err := in.Words()
	if err != nil {
		return Measured{}, err
	}
	return clocked(func() (r data.Result, err error) {
		words := kiln.FlatMap(kiln.TextFile(s, dir), strings.Fields)
		counts := kiln.ReduceByKey(kiln.Map(words, func(w string) word { return kiln.Pair(w, int64(1)) }), plus, kiln.Partitions(data.Partitions))
		top, err := counts.Top(ctx, data.TopWords, func(a, b word) int {
			return cmp.Or(cmp.Compare(a.Value, b.Value), strings.Compare(b.Key, a.Key))
		})
		for _, w := range top {
			r.Rows++
			r.Checksum += data.SumOfWord(w.Key, w.Value)
		}
		return r, err
	})
}

func kilnReduceByKey(ctx context.Context, s *kiln.Session, in data.Input) (Measured, error) {
	return clocked(func() (data.Result, error) {
		sums := kiln.ReduceByKey(kilnPairs(s, in), plus, kiln.Partitions(data.Partitions))
		return kiln.Aggregate(ctx, sums, data.Result{}, func(r data.Result, p pair) data.Result {
			return both(r, data.Result{Rows: 1, Checksum: data.SumOfPair(p.Key, p.Value)})
		}, both)
	})
}

func kilnGroupByKey(ctx context.Context, s *kiln.Session, in data.Input) (Measured, error) {
	return clocked(func() (data.Result, error) {
		groups := kiln.GroupByKey(kilnPairs(s, in), kiln.Partitions(data.Partitions))
		return kiln.Aggregate(ctx, groups, data.Result{}, func(r data.Result, g kiln.KV[int64, []int64]) data.Result {
			return both(r, data.Result{Rows: 1, Checksum: data.SumOfGroup(g.Key, g.Value)})
		}, both)
	})
}

func kilnJoin(ctx context.Context, s *kiln.Session, in data.Input) (Measured, error) {
	return clocked(func() (data.Result, error) {
		rows := in.Rows()
		left := kiln.MapWith(kiln.Range(s, 0, in.Joined(), 1, data.Partitions), rows, func(r data.Rows, i int64) pair { return kiln.Pair(r.Left(i)) })
		right := kiln.MapWith(kiln.Range(s, 0, in.Joined(), 1, data.Partitions), rows, func(r data.Rows, i int64) pair { return kiln.Pair(r.Right(i)) })
		joined := kiln.Join(left, right, kiln.Partitions(data.Partitions))
		return kiln.Aggregate(ctx, joined, data.Result{}, func(r data.Result, j kiln.KV[int64, kiln.Joined[int64, int64]]) data.Result {
			return both(r, data.Result{Rows: 1, Checksum: data.SumOfJoined(j.Key, j.Value.Left, j.Value.Right)})
		}, both)
	})
}

func kilnSort(ctx context.Context, s *kiln.Session, in data.Input) (Measured, error) {
	path, err := in.RecordFile()
	if err != nil {
		return Measured{}, err
	}
	return clocked(func() (data.Result, error) {
		records := kiln.BinaryRecords(s, path, data.RecordLength)
		sorted := kiln.SortBy(records, func(r []byte) string { return string(r[:data.KeyLength]) }, kiln.Partitions(data.Partitions))
		return data.Result{}, kiln.SaveBinary(ctx, sorted, in.Output, kiln.Overwrite())
	})
}

func kilnPageRank(ctx context.Context, s *kiln.Session, in data.Input) (Measured, error) {
	return clocked(func() (data.Result, error) {
		edges := kiln.MapWith(kiln.Range(s, 0, in.Edges(), 1, data.Partitions), in.Rows(), func(r data.Rows, i int64) pair { return kiln.Pair(r.Edge(i)) })
		links := kiln.GroupByKey(edges, kiln.Partitions(data.Partitions)).Cache()
		ranks := kiln.MapValues(links, func([]int64) float64 { return 1 })
		for range data.Iterations {
			shares := kiln.FlatMap(kiln.Join(links, ranks), share)
			sums := kiln.ReduceByKey(shares, func(a, b float64) float64 { return a + b }, kiln.Partitions(data.Partitions))
			ranks = kiln.MapValues(sums, func(x float64) float64 { return 0.15 + 0.85*x })
		}
		return kiln.Aggregate(ctx, ranks, data.Result{}, func(r data.Result, v kiln.KV[int64, float64]) data.Result {
			return both(r, data.Result{Rows: 1, Sum: v.Value * float64(v.Key%1000)})
		}, both)
	})
}

func share(v kiln.KV[int64, kiln.Joined[[]int64, float64]]) []kiln.KV[int64, float64] {
	to := make([]kiln.KV[int64, float64], len(v.Value.Left))
	for i, target := range v.Value.Left {
		to[i] = kiln.Pair(target, v.Value.Right/float64(len(to)))
	}
	return to
}

// near is some points added up.
type near struct {
	Sum   vector
	Count float64
}

func kilnKMeans(ctx context.Context, s *kiln.Session, in data.Input) (Measured, error) {
	path, err := in.PointFile()
	if err != nil {
		return Measured{}, err
	}
	return clocked(func() (r data.Result, err error) {
		points := kiln.Map(kiln.TextFile(s, path), parseVector).Cache()
		first, err := points.Take(ctx, data.Clusters)
		if err != nil || len(first) < data.Clusters {
			return r, err
		}
		centres := [data.Clusters]vector(first)
		for range data.Iterations {
			sums, err := kiln.ReduceByKey(kiln.MapWith(points, centres, nearest), addNear, kiln.Partitions(1)).Collect(ctx)
			if err != nil {
				return r, err
			}
			for _, c := range sums {
				for d, x := range c.Value.Sum {
					centres[c.Key][d] = x / c.Value.Count
				}
			}
		}
		for c := range centres {
			r.Rows++
			for d, x := range centres[c] {
				r.Sum += x * float64(c*data.Dimensions+d+1)
			}
		}
		return r, nil
	})
}

func parseVector(line string) (p vector) {
	fields := strings.Fields(line)
	if len(fields) != len(p) {
		kiln.Fail(fmt.Errorf("a point has %d coordinates, not %d", len(fields), len(p)))
	}
	for d, f := range fields {
		p[d] = kiln.Must(strconv.ParseFloat(f, 64))
	}
	return p
}

func nearest(centres [data.Clusters]vector, p vector) kiln.KV[int, near] {
	best, least := 0, -1.0
	for c := range centres {
		distance := 0.0
		for d := range p {
			x := p[d] - centres[c][d]
			distance += x * x
		}
		if least < 0 || distance < least {
			best, least = c, distance
		}
	}
	return kiln.Pair(best, near{p, 1})
}

func addNear(a, b near) near {
	for d, x := range b.Sum {
		a.Sum[d] += x
	}
	a.Count += b.Count
	return a
}

func kilnScan(ctx context.Context, s *kiln.Session, in data.Input) (Measured, error) {
	cached := kiln.Range(s, 0, in.Scanned(), 1, data.Partitions).Cache()
	if _, err := cached.Count(ctx); err != nil {
		return Measured{}, err
	}
	var sum int64
	began := time.Now()
	for range hand.Scans {
		var err error
		if sum, err = kiln.Map(cached, data.Scan).Reduce(ctx, plus); err != nil {
			return Measured{}, err
		}
	}
	perElement := float64(time.Since(began).Nanoseconds()) / hand.Scans / float64(in.Scanned())
	return Measured{Value: perElement, Result: data.Result{Rows: 1, Checksum: uint64(sum)}}, nil
}

func kilnFused(ctx context.Context, s *kiln.Session, in data.Input) (Measured, error) {
	began := time.Now()
	rows := kiln.Map(kiln.Range(s, 0, in.Fused(), 1, 1), func(x int64) int64 { return data.Scan(x + 1) })
	rows = kiln.Map(kiln.Filter(rows, data.Kept), func(y int64) int64 { return data.Scan(y + 1) })
	r, err := kiln.Aggregate(ctx, rows, data.Result{}, func(r data.Result, x int64) data.Result {
		r.Rows++
		r.Checksum += uint64(x)
		return r
	}, both)
	return Measured{Value: float64(time.Since(began).Nanoseconds()) / float64(in.Fused()), Result: r}, err
}
