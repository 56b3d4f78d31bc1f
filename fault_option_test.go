package kiln_test

import (
	"cmp"
	"testing"

	"github.com/kilnproject/kiln"
)

func itself[T any](v T) T { return v }

// What an option cannot do for a verb is refused where the verb is called, and neither ignored nor found out by the first action.
func TestAnOptionThatAVerbCannotFollowIsRefused(t *testing.T) {
	s := start(t)
	ints := kiln.Parallelize(s, []int64{3, 1, 2}, 2)
	pairs := kiln.KeyBy(ints, itself[int64])
	texts := kiln.Ranges(kiln.KeyBy(kiln.Parallelize(s, []string{"a"}), itself[string]), 2)
	numbers := kiln.Ranges(pairs, 2)
	for name, c := range map[string]struct {
		build func()
		words []string
	}{
		"Descending of a grouping":    {func() { kiln.GroupByKey(pairs, kiln.Descending()) }, []string{"GroupByKey", "Descending"}},
		"Descending of a reduction":   {func() { kiln.ReduceByKey(pairs, first, kiln.Descending()) }, []string{"ReduceByKey", "Descending"}},
		"Descending of a join":        {func() { kiln.Join(pairs, pairs, kiln.Descending()) }, []string{"Join", "Descending"}},
		"Descending of Distinct":      {func() { kiln.Distinct(ints, kiln.Descending()) }, []string{"Distinct", "Descending"}},
		"ranges of other keys":        {func() { kiln.GroupByKey(pairs, kiln.With(texts)) }, []string{"GroupByKey", "string", "int64"}},
		"a sort by ranges of others":  {func() { kiln.SortByKey(pairs, kiln.With(texts)) }, []string{"SortByKey", "string", "int64"}},
		"SortBy by ranges of others":  {func() { kiln.SortBy(ints, itself[int64], kiln.With(texts)) }, []string{"SortBy", "string", "int64"}},
		"a sort by hash":              {func() { kiln.SortBy(ints, itself[int64], kiln.With(kiln.Hash(2))) }, []string{"kiln.SortBy:", "Partitions(n)"}},
		"ranges beside a comparison":  {func() { kiln.SortFunc(ints, cmp.Compare[int64], kiln.With(numbers)) }, []string{"SortFunc", "Partitions(n)"}},
		"a partitioner of nothing":    {func() { kiln.PartitionBy(pairs, kiln.Partitioner{}) }, []string{"0 partitions"}},
		"a split into no parts":       {func() { kiln.RandomSplit(ints, nil, 1) }, []string{"RandomSplit", "weights"}},
		"ranges of too few":           {func() { kiln.PartitionBy(pairs, kiln.Ranges(pairs, 0)) }, []string{"0 partitions"}},
		"hashing to a negative count": {func() { kiln.GroupByKey(pairs, kiln.With(kiln.Hash(-1))) }, []string{"-1 partitions"}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := refusal(t, c.build); err != nil {
				wantWords(t, err, append(c.words, "fault_option_test.go")...)
			}
		})
	}
	got, err := kiln.Keys(kiln.SortByKey(pairs, kiln.With(numbers), kiln.Descending())).Collect(t.Context())
	if err != nil || len(got) != 3 || got[0] != 3 || got[2] != 1 {
		t.Errorf("sorting by ranges of the same keys gives %v, %v", got, err)
	}
}

func TestARefusalDoesNotNameWhatUsersDoNotKnow(t *testing.T) {
	s := start(t)
	d := kiln.Range(s, 0, 3, 1)
	by := int64(2)
	for name, c := range map[string]struct {
		build func()
		want  string
	}{
		"a capture in a verb":    {func() { kiln.Map(d, func(i int64) int64 { return i * by }) }, "kiln.Map: the function literal"},
		"a capture in an action": {func() { _ = d.ForEach(t.Context(), func(int64) { by++ }) }, "kiln.ForEach: the function literal"},
		"no function":            {func() { kiln.Filter(d, nil) }, "kiln.Filter: the function is nil"},
		"one function of two":    {func() { _, _ = kiln.Aggregate(t.Context(), d, int64(0), nil, first) }, "kiln.Aggregate: Add: the function is nil"},
		"a bare interface":       {func() { kiln.Parallelize(s, []any{1}) }, "kiln.Parallelize: interface {} cannot be encoded"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := refusal(t, c.build); err != nil {
				wantWords(t, err, c.want)
			}
		})
	}
}
