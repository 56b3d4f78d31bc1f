package hand

import "github.com/kilnproject/kiln/bench/data"

// link is an edge between dense vertex numbers.
type link struct{ source, target int32 }

// PageRank keeps ranks in an array and walks the list of edges. It computes what the program in RDD verbs does: every vertex with links begins at
// 1, a vertex that receives nothing has no rank, every other has 0.15 + 0.85 x what it receives. With more threads each one has the
// edges into its range of vertices.
func PageRank(in data.Input, threads int) (data.Result, error) {
	vertices := in.Vertices()
	links := make([][]link, threads)
	degree := make([]float64, vertices)
	rows := in.Rows()
	for i := range in.Edges() {
		source, target := rows.Edge(i)
		thread := int(target * int64(threads) / vertices)
		links[thread] = append(links[thread], link{int32(source), int32(target)})
		degree[source]++
	}
	rank, share, received := make([]float64, vertices), make([]float64, vertices), make([]float64, vertices)
	for v := range rank {
		if degree[v] > 0 {
			rank[v] = 1
		}
	}
	for range data.Iterations {
		for v := range rank {
			if degree[v] > 0 {
				share[v] = rank[v] / degree[v]
			}
		}
		each(threads, func(thread int) {
			for _, l := range links[thread] {
				received[l.target] += share[l.source]
			}
		})
		for v := range rank {
			rank[v] = ranked(received[v])
			received[v] = 0
		}
	}
	return ranks(rank), nil
}

// ranked is the rank of a vertex that received this much.
func ranked(received float64) float64 {
	if received == 0 {
		return 0
	}
	return 0.15 + 0.85*received
}

// ranks answers how many vertices have a rank, and the sum of the ranks weighted by the vertex.
func ranks(rank []float64) (r data.Result) {
	for v, x := range rank {
		if x > 0 {
			r.Rows++
			r.Sum += x * float64(v%1000)
		}
	}
	return r
}
