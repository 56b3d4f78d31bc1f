// Command pagerank ranks the vertices of a graph by the edges that lead to them.
//
//	go run ./examples/pagerank EDGES [ITERATIONS]
//
// EDGES is a text file, directory or glob with one edge a line: two numbers, from and to.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/kilnproject/kiln"
)

// rank is a vertex and its rank.
type rank = kiln.KV[int64, float64]

const damping = 0.85

func main() { kiln.Main(run) }

func run(ctx context.Context, s *kiln.Session) error {
	args, iterations := s.Args(), 10
	if len(args) == 2 {
		var err error
		if iterations, err = strconv.Atoi(args[1]); err != nil {
			return fmt.Errorf("the number of iterations: %w", err)
		}
	}
	if len(args) < 1 || len(args) > 2 || args[0] == "--help" || iterations < 1 {
		return errors.New("usage: pagerank EDGES [ITERATIONS]")
	}
	top, err := ranks(kiln.TextFile(s, args[0]), iterations).Top(ctx, 10, func(a, b rank) int {
		return cmp.Or(cmp.Compare(a.Value, b.Value), cmp.Compare(b.Key, a.Key))
	})
	for _, r := range top {
		fmt.Printf("%10.4f %d\n", r.Value, r.Key)
	}
	return err
}

// ranks gives the rank of every vertex that an edge leads to. The links stay where they are: each iteration joins the ranks to them
// without moving them again.
func ranks(lines kiln.RDD[string], iterations int) kiln.RDD[rank] {
	edges := kiln.Map(lines, parseEdge)
	graph := kiln.GroupByKey(edges).Cache().Named("links")
	ranked := kiln.MapValues(graph, func([]int64) float64 { return 1 })
	for range iterations {
		shares := kiln.FlatMap(kiln.Join(graph, ranked), func(v kiln.KV[int64, kiln.Joined[[]int64, float64]]) []rank {
			to := make([]rank, len(v.Value.Left))
			for i, target := range v.Value.Left {
				to[i] = kiln.Pair(target, v.Value.Right/float64(len(to)))
			}
			return to
		})
		sums := kiln.ReduceByKey(shares, func(a, b float64) float64 { return a + b })
		ranked = kiln.MapValues(sums, func(sum float64) float64 { return 1 - damping + damping*sum })
	}
	return ranked
}

func parseEdge(line string) kiln.KV[int64, int64] {
	from, to, ok := strings.Cut(strings.TrimSpace(line), " ")
	if !ok {
		kiln.Fail(fmt.Errorf("an edge has two numbers, not %q", line))
	}
	return kiln.Pair(kiln.Must(strconv.ParseInt(from, 10, 64)), kiln.Must(strconv.ParseInt(strings.TrimSpace(to), 10, 64)))
}
