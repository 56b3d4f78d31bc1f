package kiln_test

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/kilnproject/kiln"
)

// step is one verb of a random program: how Kiln builds it, and what it means for a slice.
type step struct {
	name  string
	build func(*program) kiln.RDD[item]
	naive func(*program) []item
}

// The functions that travel.

func tripled(i item) item  { return item{i.A*3 + int64(len(i.S)), i.S, i.F} }
func hasEvenA(i item) bool { return i.A%2 == 0 }
func positive(i item) bool { return !(i.F < 0) }
func suffixed(e string, i item) item {
	return item{i.A, i.S + e[:min(len(e), max(0, 6-len(i.S)))], i.F}
}
func fan(i item) []item {
	switch i.A & 3 {
	case 0:
		return nil
	case 1:
		return []item{i, {i.A + 1, i.S, -i.F}}
	}
	return []item{i}
}
func fanSeq(i item) iter.Seq[item] { return slices.Values(fan(i)) }
func batch(in, out []item) []item {
	for _, i := range in {
		if i.S != "" {
			out = append(out, tripled(i))
		}
	}
	return out
}
func eachPartition(_ *kiln.TaskContext, rows iter.Seq[item]) iter.Seq2[item, error] {
	return func(yield func(item, error) bool) {
		for i := range rows {
			if hasEvenA(i) && !yield(tripled(i), nil) {
				return
			}
		}
	}
}
func eachPartitionWith(e int64, _ *kiln.TaskContext, rows iter.Seq[item]) iter.Seq2[item, error] {
	return func(yield func(item, error) bool) {
		for i := range rows {
			if !yield(item{i.A ^ e, i.S, i.F}, nil) {
				return
			}
		}
	}
}
func same(rows []item) []item { return slices.Clone(rows) }

// Keys of four types.

type pairKey struct {
	S string
	F float64
}

func keyS(i item) string                     { return i.S }
func keyA(i item) int64                      { return i.A }
func keyF(i item) float64                    { return i.F }
func keySF(i item) pairKey                   { return pairKey{i.S, i.F} }
func negated(i item) int64                   { return -(i.A >> 1) }
func compareS(a, b item) int                 { return cmp.Or(strings.Compare(a.S, b.S), cmp.Compare(a.A, b.A)) }
func byS(i item) kiln.KV[string, int64]      { return kiln.Pair(i.S, i.A) }
func byF(i item) kiln.KV[float64, int64]     { return kiln.Pair(i.F, i.A) }
func bySF(i item) kiln.KV[pairKey, int64]    { return kiln.Pair(keySF(i), i.A) }
func fromS(p kiln.KV[string, int64]) item    { return item{p.Value, p.Key, 1} }
func fromF(p kiln.KV[float64, int64]) item   { return item{p.Value, "f", plain(p.Key)} }
func fromSF(p kiln.KV[pairKey, int64]) item  { return item{p.Value, p.Key.S, plain(p.Key.F)} }
func valueOf[K any](p kiln.KV[K, item]) item { return p.Value }

// spread is what AggregateByKey makes of values.
type spread struct {
	Low, High int64
	N         int64
}

func widen(s spread, v int64) spread {
	if s.N == 0 {
		return spread{v, v, 1}
	}
	return spread{min(s.Low, v), max(s.High, v), s.N + 1}
}
func widest(a, b spread) spread {
	switch {
	case a.N == 0:
		return b
	case b.N == 0:
		return a
	}
	return spread{min(a.Low, b.Low), max(a.High, b.High), a.N + b.N}
}
func fromSpread(p kiln.KV[pairKey, spread]) item {
	return item{p.Value.Low ^ p.Value.High + p.Value.N, p.Key.S, plain(p.Key.F)}
}
func sumOf(vs []int64) (sum int64) {
	for _, v := range vs {
		sum += v
	}
	return sum
}
func fromGroup(p kiln.KV[string, []int64]) item {
	return item{sumOf(p.Value), p.Key, float64(len(p.Value))}
}
func fromList(p kiln.KV[int64, []string]) item {
	return item{p.Key, "", float64(len(p.Value))}
}
func aToS(i item) kiln.KV[int64, string]    { return kiln.Pair(i.A, i.S) }
func listOf(s string) []string              { return []string{s} }
func listAdd(l []string, s string) []string { return append(l, s) }
func listMerge(a, b []string) []string      { return append(a, b...) }
func fromJoin(p kiln.KV[string, kiln.Joined[int64, int64]]) item {
	return item{p.Value.Left*31 + p.Value.Right, p.Key, 2}
}
func fromLeft(p kiln.KV[string, kiln.Joined[int64, kiln.Maybe[int64]]]) item {
	return joined(p.Key, kiln.Maybe[int64]{Value: p.Value.Left, Ok: true}, p.Value.Right)
}
func fromRight(p kiln.KV[string, kiln.Joined[kiln.Maybe[int64], int64]]) item {
	return joined(p.Key, p.Value.Left, kiln.Maybe[int64]{Value: p.Value.Right, Ok: true})
}
func fromFull(p kiln.KV[float64, kiln.Joined[kiln.Maybe[int64], kiln.Maybe[int64]]]) item {
	i := joined("full", p.Value.Left, p.Value.Right)
	i.F = plain(p.Key)
	return i
}
func joined(key string, l, r kiln.Maybe[int64]) item {
	i := item{S: key}
	if l.Ok {
		i.A, i.F = l.Value*31, 1
	}
	if r.Ok {
		i.A, i.F = i.A+r.Value, i.F+2
	}
	return i
}
func fromCoGroup(p kiln.KV[string, kiln.CoGrouped[int64, int64]]) item {
	return item{sumOf(p.Value.Left)*31 + sumOf(p.Value.Right), p.Key, float64(len(p.Value.Left)*1000 + len(p.Value.Right))}
}
func plainItem(i item) item    { return item{i.A, i.S, plain(i.F)} }
func glued(rows []item) []item { return rows }

// Plain Go beside them.

func mapped(rows []item, f func(item) item) []item {
	var out []item
	for _, i := range rows {
		out = append(out, f(i))
	}
	return out
}
func filtered(rows []item, f func(item) bool) []item {
	var out []item
	for _, i := range rows {
		if f(i) {
			out = append(out, i)
		}
	}
	return out
}
func fanned(rows []item) (out []item) {
	for _, i := range rows {
		out = append(out, fan(i)...)
	}
	return out
}

// groups gathers what value gives under keys; keys with floats must be plain bits already.
func groups[K comparable](rows []item, key func(item) K) map[K][]int64 {
	m := map[K][]int64{}
	for _, i := range rows {
		m[key(i)] = append(m[key(i)], i.A)
	}
	return m
}

// bitsKey makes a key that a Go map takes for equal where Kiln does.
type bitsKey struct {
	S string
	F uint64
}

func bitsSF(i item) bitsKey { return bitsKey{i.S, floatBits(plain(i.F))} }
func bitsF(i item) uint64   { return floatBits(plain(i.F)) }
func orMissing(vs []int64, keep bool) (out []kiln.Maybe[int64]) {
	for _, v := range vs {
		out = append(out, kiln.Maybe[int64]{Value: v, Ok: true})
	}
	if len(vs) == 0 && keep {
		out = append(out, kiln.Maybe[int64]{})
	}
	return out
}

// naiveJoin pairs the values of both sides under each key; keepLeft keeps those of the left without a partner, keepRight likewise.
func naiveJoin[K comparable](p *program, key func(item) K, keepLeft, keepRight bool, make func(k K, l, r kiln.Maybe[int64]) item) (out []item) {
	left, right := groups(p.rows, key), groups(p.otherRows, key)
	keys := map[K]bool{}
	for k := range left {
		keys[k] = true
	}
	for k := range right {
		keys[k] = true
	}
	for k := range keys {
		for _, l := range orMissing(left[k], keepRight) {
			for _, r := range orMissing(right[k], keepLeft) {
				if out = append(out, make(k, l, r)); len(out) > mostRows {
					return out
				}
			}
		}
	}
	return out
}

func (p *program) partitions() int { return genPartitions(p.t) }

// option draws how many partitions a shuffle makes.
func (p *program) option() []kiln.ShuffleOption {
	switch rapid.IntRange(0, 3).Draw(p.t, "option") {
	case 0:
		return nil
	case 1:
		return []kiln.ShuffleOption{kiln.With(kiln.Hash(p.partitions()))}
	}
	return []kiln.ShuffleOption{kiln.Partitions(p.partitions())}
}

// sorted remembers the order that a sort promises, and draws its direction.
func (p *program) sorted(order func(a, b item) int) []kiln.ShuffleOption {
	o := []kiln.ShuffleOption{kiln.Partitions(p.partitions())}
	if rapid.Bool().Draw(p.t, "descending") {
		p.order = func(a, b item) int { return order(b, a) }
		return append(o, kiln.Descending())
	}
	p.order = order
	return o
}

func all(p *program) []item { return same(p.rows) }
