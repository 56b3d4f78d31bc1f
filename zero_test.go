package kiln_test

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kilnproject/kiln"
)

// A variable that was declared and never set is a mistake like any other: it is refused at the user's line.
func TestTheZeroRDDIsRefusedByEveryVerb(t *testing.T) {
	var (
		z    kiln.RDD[int64]
		kv   kiln.RDD[kiln.KV[int64, int64]]
		text kiln.RDD[string]
		raw  kiln.RDD[[]byte]
		ctx  = t.Context()
	)
	for name, use := range map[string]func(){
		"Named": func() { z.Named("x") }, "Partitions": func() { z.Partitions() }, "Explain": func() { _ = z.Explain() },
		"Cache": func() { z.Cache() }, "Persist": func() { z.Persist(kiln.DiskOnly) }, "Unpersist": func() { _ = z.Unpersist(ctx) },
		"Checkpoint": func() { z.Checkpoint() }, "LocalCheckpoint": func() { z.LocalCheckpoint() },
		"WithProfile": func() { z.WithProfile(kiln.ResourceProfile{}) },
		"Collect":     func() { _, _ = z.Collect(ctx) }, "Take": func() { _, _ = z.Take(ctx, 3) }, "First": func() { _, _ = z.First(ctx) }, "IsEmpty": func() { _, _ = z.IsEmpty(ctx) },
		"Seq": func() {
			for range z.Seq(ctx) {
				break
			}
		},
		"CountApprox": func() { _, _ = z.CountApprox(ctx, time.Second, 0.9) }, "TakeSample": func() { _, _ = z.TakeSample(ctx, false, 3, 1) },
		"Top": func() { _, _ = z.Top(ctx, 3, cmp.Compare[int64]) }, "TakeOrdered": func() { _, _ = z.TakeOrdered(ctx, 3, cmp.Compare[int64]) },
		"Reduce": func() { _, _ = z.Reduce(ctx, add) }, "Fold": func() { _, _ = z.Fold(ctx, 0, add) },
		"SaveText": func() { _ = text.SaveText(ctx, t.TempDir()+"/x") }, "SaveBinary": func() { _ = kiln.SaveBinary(ctx, raw, t.TempDir()+"/x") },
		"Lookup": func() { _, _ = kiln.Lookup(ctx, kv, 1) }, "CountByKey": func() { _, _ = kiln.CountByKey(ctx, kv) }, "CountByValue": func() { _, _ = kiln.CountByValue(ctx, z) },
		"CountDistinctApprox": func() { _, _ = kiln.CountDistinctApprox(ctx, z) }, "Sum": func() { _, _ = kiln.Sum(ctx, z) }, "Mean": func() { _, _ = kiln.Mean(ctx, z) },
		"Stats": func() { _, _ = kiln.Stats(ctx, z) }, "Histogram": func() { _, _, _ = kiln.Histogram(ctx, z, 3) }, "Min": func() { _, _ = kiln.Min(ctx, z) },
		"TreeReduce": func() { _, _ = kiln.TreeReduce(ctx, z, add) },
		"Barrier":    func() { kiln.Barrier(z) }, "Union": func() { kiln.Union(z, z) }, "Join": func() { kiln.Join(kv, kv) }, "CoGroup": func() { kiln.CoGroup(kv, kv) },
		"SortBy": func() { kiln.SortBy(z, double) }, "SortByKey": func() { kiln.SortByKey(kv) }, "Repartition": func() { kiln.Repartition(z, 2) }, "Coalesce": func() { kiln.Coalesce(z, 2) },
		"Ranges": func() { kiln.Ranges(kv, 2) }, "Cartesian": func() { kiln.Cartesian(z, z) }, "Zip": func() { kiln.Zip(z, z) }, "ZipWithIndex": func() { kiln.ZipWithIndex(z) },
		"Distinct": func() { kiln.Distinct(z) }, "Subtract": func() { kiln.Subtract(z, z) }, "RandomSplit": func() { kiln.RandomSplit(z, []float64{1, 1}, 1) }, "Glom": func() { kiln.Glom(z) },
		"GroupByKey": func() { kiln.GroupByKey(kv) }, "ReduceByKey": func() { kiln.ReduceByKey(kv, add) }, "PartitionBy": func() { kiln.PartitionBy(kv, kiln.Hash(2)) },
		"Sample": func() { kiln.Sample(z, false, 0.5, 1) }, "SampleByKey": func() { kiln.SampleByKey(kv, false, map[int64]float64{1: 1}, 1) },
		"SubtractByKey": func() { kiln.SubtractByKey(kv, kv) }, "RepartitionAndSort": func() { kiln.RepartitionAndSort(kv, kiln.Hash(2)) },
	} {
		if why := refusedAs(use); why != "" {
			t.Errorf("%s: %s", name, why)
		}
	}
}

// refusedAs says how the use of a zero RDD was taken, unless it was refused with the reason and the line in this file.
func refusedAs(use func()) (why string) {
	defer func() {
		p := recover()
		var refused *kiln.BuildError
		if err, ok := p.(error); !ok || !errors.As(err, &refused) || !strings.Contains(refused.Error(), "zero value") || !strings.HasPrefix(refused.Site, "zero_test.go:") {
			why = fmt.Sprint("it ends with ", p)
		}
	}()
	use()
	return ""
}
