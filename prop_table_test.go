package kiln_test

import (
	"cmp"
	"math"
	"slices"

	"pgregory.net/rapid"

	"github.com/kilnproject/kiln"
)

func orderA(a, b item) int { return cmp.Compare(a.A, b.A) }
func orderS(a, b item) int { return cmp.Compare(a.S, b.S) }
func orderF(a, b item) int { return cmp.Compare(a.F, b.F) }

// The steps that move no row between partitions.
var narrowSteps = []step{
	{"Map", func(p *program) kiln.RDD[item] { return kiln.Map(p.rdd, tripled) }, func(p *program) []item { return mapped(p.rows, tripled) }},
	{"Filter", func(p *program) kiln.RDD[item] { return kiln.Filter(p.rdd, hasEvenA) }, func(p *program) []item { return filtered(p.rows, hasEvenA) }},
	{"Filter by float", func(p *program) kiln.RDD[item] { return kiln.Filter(p.rdd, positive) }, func(p *program) []item { return filtered(p.rows, positive) }},
	{"FlatMap", func(p *program) kiln.RDD[item] { return kiln.FlatMap(p.rdd, fan) }, func(p *program) []item { return fanned(p.rows) }},
	{"FlatMapSeq", func(p *program) kiln.RDD[item] { return kiln.FlatMapSeq(p.rdd, fanSeq) }, func(p *program) []item { return fanned(p.rows) }},
	{"MapWith", func(p *program) kiln.RDD[item] { return kiln.MapWith(p.rdd, "xy", suffixed) },
		func(p *program) []item { return mapped(p.rows, func(i item) item { return suffixed("xy", i) }) }},
	{"MapBatches", func(p *program) kiln.RDD[item] { return kiln.MapBatches(p.rdd, batch) }, func(p *program) []item { return batch(p.rows, nil) }},
	{"MapPartitions", func(p *program) kiln.RDD[item] { return kiln.MapPartitions(p.rdd, eachPartition) },
		func(p *program) []item { return mapped(filtered(p.rows, hasEvenA), tripled) }},
	{"MapPartitionsWith", func(p *program) kiln.RDD[item] { return kiln.MapPartitionsWith(p.rdd, int64(5), eachPartitionWith) },
		func(p *program) []item { return mapped(p.rows, func(i item) item { return item{i.A ^ 5, i.S, i.F} }) }},
	{"Glom", func(p *program) kiln.RDD[item] { return kiln.FlatMap(kiln.Glom(p.rdd), glued) }, all},
	{"Union", func(p *program) kiln.RDD[item] { return kiln.Union(p.rdd, p.other) }, func(p *program) []item { return slices.Concat(p.rows, p.otherRows) }},
	{"Union with itself", func(p *program) kiln.RDD[item] { return kiln.Union(p.rdd, p.rdd, p.rdd) }, func(p *program) []item { return slices.Concat(p.rows, p.rows, p.rows) }},
	{"Coalesce", func(p *program) kiln.RDD[item] { return kiln.Coalesce(p.rdd, p.partitions()) }, all},
	{"Keep", func(p *program) kiln.RDD[item] {
		return kiln.Map(p.rdd, plainItem).Persist(rapid.SampledFrom([]kiln.StorageLevel{
			kiln.MemoryOnly, kiln.MemoryEncoded, kiln.MemoryAndDisk, kiln.MemoryAndDiskEncoded, kiln.DiskOnly}).Draw(p.t, "level"))
	}, func(p *program) []item { return mapped(p.rows, plainItem) }},
}

// The steps that shuffle.
var wideSteps = []step{
	{"Repartition", func(p *program) kiln.RDD[item] { return kiln.Repartition(p.rdd, p.partitions()) }, all},
	{"PartitionBy", func(p *program) kiln.RDD[item] {
		return kiln.Map(kiln.PartitionBy(kiln.KeyBy(p.rdd, keyF), kiln.Hash(p.partitions())), valueOf[float64])
	}, all},
	{"PartitionBy ranges", func(p *program) kiln.RDD[item] {
		d := kiln.KeyBy(p.rdd, keyA)
		return kiln.Map(kiln.PartitionBy(d, kiln.Ranges(d, p.partitions())), valueOf[int64])
	}, all},
	{"ReduceByKey text", func(p *program) kiln.RDD[item] {
		return kiln.Map(kiln.ReduceByKey(kiln.Map(p.rdd, byS), add, p.option()...), fromS)
	},
		func(p *program) (out []item) {
			for k, vs := range groups(p.rows, keyS) {
				out = append(out, item{sumOf(vs), k, 1})
			}
			return out
		}},
	{"ReduceByKey float", func(p *program) kiln.RDD[item] {
		return kiln.Map(kiln.ReduceByKey(kiln.Map(p.rdd, byF), add, p.option()...), fromF)
	},
		func(p *program) (out []item) {
			for k, vs := range groups(p.rows, bitsF) {
				out = append(out, item{sumOf(vs), "f", math.Float64frombits(k)})
			}
			return out
		}},
	{"FoldByKey struct", func(p *program) kiln.RDD[item] {
		return kiln.Map(kiln.FoldByKey(kiln.Map(p.rdd, bySF), 0, add, p.option()...), fromSF)
	}, func(p *program) (out []item) {
		for k, vs := range groups(p.rows, bitsSF) {
			out = append(out, item{sumOf(vs), k.S, math.Float64frombits(k.F)})
		}
		return out
	}},
	{"AggregateByKey struct", func(p *program) kiln.RDD[item] {
		return kiln.Map(kiln.AggregateByKey(kiln.Map(p.rdd, bySF), spread{}, widen, widest, p.option()...), fromSpread)
	}, func(p *program) (out []item) {
		for k, vs := range groups(p.rows, bitsSF) {
			out = append(out, fromSpread(kiln.Pair(pairKey{k.S, math.Float64frombits(k.F)}, spread{slices.Min(vs), slices.Max(vs), int64(len(vs))})))
		}
		return out
	}},
	{"CombineByKey", func(p *program) kiln.RDD[item] {
		return kiln.Map(kiln.CombineByKey(kiln.Map(p.rdd, aToS), listOf, listAdd, listMerge, p.option()...), fromList)
	}, func(p *program) (out []item) {
		for k, vs := range groups(p.rows, keyA) {
			out = append(out, item{k, "", float64(len(vs))})
		}
		return out
	}},
	{"GroupByKey", func(p *program) kiln.RDD[item] {
		return kiln.Map(kiln.GroupByKey(kiln.Map(p.rdd, byS), p.option()...), fromGroup)
	},
		func(p *program) (out []item) {
			for k, vs := range groups(p.rows, keyS) {
				out = append(out, item{sumOf(vs), k, float64(len(vs))})
			}
			return out
		}},
	{"ReduceByKey where it lies", func(p *program) kiln.RDD[item] {
		laid := kiln.PartitionBy(kiln.Map(p.rdd, byS), kiln.Hash(p.partitions()))
		return kiln.Map(kiln.ReduceByKey(kiln.MapValues(laid, double), add), fromS)
	}, func(p *program) (out []item) {
		for k, vs := range groups(p.rows, keyS) {
			out = append(out, item{2 * sumOf(vs), k, 1})
		}
		return out
	}},
	{"Distinct", func(p *program) kiln.RDD[item] { return kiln.Map(kiln.Distinct(p.rdd, p.option()...), plainItem) },
		func(p *program) []item {
			rows := slices.SortedFunc(slices.Values(mapped(p.rows, plainItem)), compareItems)
			return slices.CompactFunc(rows, func(a, b item) bool { return compareItems(a, b) == 0 })
		}},
	{"SortBy", func(p *program) kiln.RDD[item] { return kiln.SortBy(p.rdd, keyA, p.sorted(orderA)...) }, all},
	{"SortBy float", func(p *program) kiln.RDD[item] { return kiln.SortBy(p.rdd, keyF, p.sorted(orderF)...) }, all},
	{"SortBy made number", func(p *program) kiln.RDD[item] {
		return kiln.SortBy(p.rdd, negated, p.sorted(func(a, b item) int { return cmp.Compare(negated(a), negated(b)) })...)
	}, all},
	{"SortByKey", func(p *program) kiln.RDD[item] {
		return kiln.Map(kiln.SortByKey(kiln.KeyBy(p.rdd, keyS), p.sorted(orderS)...), valueOf[string])
	}, all},
	{"SortFunc", func(p *program) kiln.RDD[item] { return kiln.SortFunc(p.rdd, compareS, p.sorted(compareS)...) }, all},
	{"LocalCheckpoint", func(p *program) kiln.RDD[item] { return kiln.Map(p.rdd, tripled).LocalCheckpoint() }, func(p *program) []item { return mapped(p.rows, tripled) }},
	{"WithProfile", func(p *program) kiln.RDD[item] {
		return kiln.Map(p.rdd, tripled).WithProfile(kiln.ResourceProfile{}.TaskSlots(1))
	}, func(p *program) []item { return mapped(p.rows, tripled) }},
}

// The steps that bring two sides together.
var joinSteps = []step{
	{"Join", func(p *program) kiln.RDD[item] {
		return kiln.Map(kiln.Join(kiln.Map(p.rdd, byS), kiln.Map(p.other, byS), p.option()...), fromJoin)
	}, func(p *program) []item {
		return naiveJoin(p, keyS, false, false, func(k string, l, r kiln.Maybe[int64]) item { return item{l.Value*31 + r.Value, k, 2} })
	}},
	{"LeftJoin", func(p *program) kiln.RDD[item] {
		return kiln.Map(kiln.LeftJoin(kiln.Map(p.rdd, byS), kiln.Map(p.other, byS), p.option()...), fromLeft)
	}, func(p *program) []item { return naiveJoin(p, keyS, true, false, joined) }},
	{"RightJoin", func(p *program) kiln.RDD[item] {
		return kiln.Map(kiln.RightJoin(kiln.Map(p.rdd, byS), kiln.Map(p.other, byS), p.option()...), fromRight)
	}, func(p *program) []item { return naiveJoin(p, keyS, false, true, joined) }},
	{"FullJoin", func(p *program) kiln.RDD[item] {
		return kiln.Map(kiln.FullJoin(kiln.Map(p.rdd, byF), kiln.Map(p.other, byF), p.option()...), fromFull)
	}, func(p *program) []item {
		return naiveJoin(p, bitsF, true, true, func(k uint64, l, r kiln.Maybe[int64]) item {
			i := joined("full", l, r)
			i.F = math.Float64frombits(k)
			return i
		})
	}},
	{"Join where one side lies", func(p *program) kiln.RDD[item] {
		laid := kiln.ReduceByKey(kiln.Map(p.rdd, byS), add, kiln.Partitions(p.partitions()))
		return kiln.Map(kiln.Join(laid, kiln.Map(p.other, byS)), fromJoin)
	}, func(p *program) (out []item) {
		left, right := groups(p.rows, keyS), groups(p.otherRows, keyS)
		for k, vs := range left {
			for _, r := range right[k] {
				out = append(out, item{sumOf(vs)*31 + r, k, 2})
			}
		}
		return out
	}},
	{"CoGroup", func(p *program) kiln.RDD[item] {
		return kiln.Map(kiln.CoGroup(kiln.Map(p.rdd, byS), kiln.Map(p.other, byS), p.option()...), fromCoGroup)
	}, func(p *program) (out []item) {
		left, right := groups(p.rows, keyS), groups(p.otherRows, keyS)
		for k := range groups(slices.Concat(p.rows, p.otherRows), keyS) {
			out = append(out, fromCoGroup(kiln.Pair(k, kiln.CoGrouped[int64, int64]{Left: left[k], Right: right[k]})))
		}
		return out
	}},
	{"SubtractByKey", func(p *program) kiln.RDD[item] {
		return kiln.Map(kiln.SubtractByKey(kiln.KeyBy(p.rdd, keySF), kiln.KeyBy(p.other, keySF), p.option()...), valueOf[pairKey])
	}, func(p *program) []item {
		right := groups(p.otherRows, bitsSF)
		return filtered(p.rows, func(i item) bool { return right[bitsSF(i)] == nil })
	}},
	{"Subtract", func(p *program) kiln.RDD[item] {
		return kiln.Map(kiln.Subtract(p.rdd, p.other, p.option()...), plainItem)
	},
		func(p *program) []item {
			return mapped(filtered(p.rows, func(i item) bool { return !contains(p.otherRows, i) }), plainItem)
		}},
	{"Intersection", func(p *program) kiln.RDD[item] {
		return kiln.Map(kiln.Intersection(p.rdd, p.other, p.option()...), plainItem)
	}, func(p *program) []item {
		both := filtered(mapped(p.rows, plainItem), func(i item) bool { return contains(p.otherRows, i) })
		slices.SortFunc(both, compareItems)
		return slices.CompactFunc(both, func(a, b item) bool { return compareItems(a, b) == 0 })
	}},
}

// contains reports whether rows have one that equals i as a key does.
func contains(rows []item, i item) bool {
	return slices.ContainsFunc(rows, func(r item) bool { return compareItems(plainItem(r), plainItem(i)) == 0 })
}

var steps = slices.Concat(narrowSteps, wideSteps, joinSteps)
