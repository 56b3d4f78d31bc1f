package kiln_test

import (
	"iter"
	"sync"
	"testing"
	"unsafe"

	"github.com/kilnproject/kiln"
)

type scale struct{ by int64 }

func (s scale) apply(i int64) int64 { return s.by * i }

type withChan struct {
	Name  string
	Lines []struct{ done chan int }
}

//lint:ignore U1000 only the type is looked at
type withMutex struct{ mu sync.Mutex }

func toAny(i int64) any                           { return i }
func toChan(int64) chan int                       { return nil }
func toFunc(int64) func()                         { return nil }
func toNested(int64) withChan                     { return withChan{} }
func toPointer(int64) unsafe.Pointer              { return nil }
func toMutex(int64) *withMutex                    { return nil }
func chanEnv(c chan int, i int64) int64           { return i }
func count3(e int64, p int) iter.Seq[int64]       { return func(yield func(int64) bool) { yield(e) } }
func keyedByAny(i int64) kiln.KV[any, int64]      { return kiln.Pair(any(i), i) }
func keyedByPointer(i int64) kiln.KV[*int, int64] { return kiln.Pair(new(int), i) }

func TestWhatCannotTravelIsRefusedAtTheCallersLine(t *testing.T) {
	s := start(t)
	d := kiln.Range(s, 0, 10, 1)
	outside := int64(3)
	method := scale{3}.apply
	var missing func(int64) int64
	other := start(t)
	var m mark
	for name, c := range map[string]struct {
		build func()
		words []string
	}{
		"captured variable":         {func() { m.here(); kiln.Map(d, func(i int64) int64 { return i + outside }) }, []string{"captures", "MapWith"}},
		"captured in a filter":      {func() { m.here(); kiln.Filter(d, func(i int64) bool { return i > outside }) }, []string{"captures", "MapWith"}},
		"captured in an action":     {func() { m.here(); _ = d.ForEach(t.Context(), func(i int64) { outside += i }) }, []string{"captures"}},
		"captured in a sort":        {func() { m.here(); kiln.SortBy(d, func(i int64) int64 { return i * outside }) }, []string{"captures"}},
		"captured in a reduce":      {func() { m.here(); _, _ = d.Reduce(t.Context(), func(a, b int64) int64 { return a + b + outside }) }, []string{"captures"}},
		"method value":              {func() { m.here(); kiln.Map(d, scale{3}.apply) }, []string{"method value"}},
		"method value in variable":  {func() { m.here(); kiln.Map(d, method) }, []string{"method value"}},
		"no function":               {func() { m.here(); kiln.Map(d, missing) }, []string{"nil"}},
		"no function in an action":  {func() { m.here(); _, _ = d.Top(t.Context(), 3, nil) }, []string{"nil"}},
		"row with a chan":           {func() { m.here(); kiln.Map(d, toChan) }, []string{"chan"}},
		"row with a func":           {func() { m.here(); kiln.Map(d, toFunc) }, []string{"func"}},
		"row with a chan deep down": {func() { m.here(); kiln.Map(d, toNested) }, []string{"Lines[].done", "chan"}},
		"row with an interface":     {func() { m.here(); kiln.Map(d, toAny) }, []string{"interface"}},
		"row with unsafe pointer":   {func() { m.here(); kiln.Map(d, toPointer) }, []string{"unsafe"}},
		"row with a mutex":          {func() { m.here(); kiln.Map(d, toMutex) }, []string{"sync.Mutex"}},
		"environment with a chan":   {func() { m.here(); kiln.MapWith(d, make(chan int), chanEnv) }, []string{"chan"}},
		"parallelized chans":        {func() { m.here(); kiln.Parallelize(s, []chan int{nil}) }, []string{"chan"}},
		"broadcast of a func":       {func() { m.here(); _, _ = kiln.NewBroadcast(s, func() {}) }, []string{"func"}},
		"accumulator that captures": {func() {
			m.next()
			kiln.NewAccumulator(s, "a", int64(0), func(a, b int64) int64 { return a + b + outside }, add)
		}, []string{"captures"}},
		"key that is an interface": {func() { m.here(); kiln.GroupByKey(kiln.Map(d, keyedByAny)) }, []string{"interface"}},
		"key that is a pointer":    {func() { m.here(); kiln.GroupByKey(kiln.Map(d, keyedByPointer)) }, []string{"pointer"}},
		"rows of another session":  {func() { m.here(); kiln.Union(d, kiln.Range(other, 0, 1, 1)) }, []string{"two sessions"}},
		"zero RDD":                 {func() { m.here(); kiln.Map(kiln.RDD[int64]{}, double) }, []string{"zero value"}},
		"zero RDD in an action":    {func() { m.here(); _, _ = kiln.RDD[int64]{}.Count(t.Context()) }, []string{"zero value"}},
		"no session":               {func() { m.here(); kiln.Range(nil, 0, 1, 1) }, []string{"session"}},
		"checkpoint without place": {func() { m.here(); d.Checkpoint() }, []string{"kiln.checkpoint.dir"}},
		"two storage levels":       {func() { m.here(); kiln.Range(s, 0, 1, 1).Cache().Persist(kiln.DiskOnly) }, []string{"MemoryOnly", "Unpersist"}},
		"sample of more than all":  {func() { m.here(); kiln.Sample(d, false, 1.5, 1) }, []string{"1.5"}},
		"step of zero":             {func() { m.here(); kiln.Range(s, 0, 1, 0) }, []string{"step"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := refusal(t, c.build)
			wantWords(t, err, append(c.words, m.site(), "kiln."+err.Verb)...)
			if err.Site != m.site() {
				t.Errorf("site %s, want %s", err.Site, m.site())
			}
		})
	}
}

func TestPartitionCountsThatCannotBeMeantAreRefused(t *testing.T) {
	s := start(t)
	d := kiln.Range(s, 0, 10, 1)
	pairs := kiln.KeyBy(d, parity)
	var m mark
	for _, n := range []int{0, -1, kiln.MaxPartitions + 1, 1 << 60} {
		for name, build := range map[string]func(){
			"Parallelize":  func() { m.here(); kiln.Parallelize(s, []int64{1}, n) },
			"Range":        func() { m.here(); kiln.Range(s, 0, 1, 1, n) },
			"Generate":     func() { m.here(); kiln.Generate(s, n, int64(1), count3) },
			"Repartition":  func() { m.here(); kiln.Repartition(d, n) },
			"Coalesce":     func() { m.here(); kiln.Coalesce(d, n) },
			"GroupByKey":   func() { m.here(); kiln.GroupByKey(pairs, kiln.Partitions(n)) },
			"ReduceByKey":  func() { m.here(); kiln.ReduceByKey(pairs, add, kiln.Partitions(n)) },
			"Join":         func() { m.here(); kiln.Join(pairs, pairs, kiln.Partitions(n)) },
			"Distinct":     func() { m.here(); kiln.Distinct(d, kiln.Partitions(n)) },
			"SortBy":       func() { m.here(); kiln.SortBy(d, double, kiln.Partitions(n)) },
			"PartitionBy":  func() { m.here(); kiln.PartitionBy(pairs, kiln.Hash(n)) },
			"TextFile":     func() { m.here(); kiln.TextFile(s, "x", kiln.MinPartitions(n)) },
			"Intersection": func() { m.here(); kiln.Intersection(d, d, kiln.Partitions(n)) },
		} {
			err := refusal(t, build)
			if err.Site != m.site() || err.Verb != name {
				t.Errorf("%s with %d: refused as %s at %s, want %s", name, n, err.Verb, err.Site, m.site())
			}
			wantWords(t, err, "between 1 and 1048576")
		}
	}
}

func TestMorePartitionsThanRowsAreFine(t *testing.T) {
	s := start(t)
	got, err := kiln.SortBy(kiln.Repartition(kiln.Range(s, 0, 3, 1, 40), 50), double).Collect(t.Context())
	if err != nil || len(got) != 3 || got[0] != 0 || got[2] != 2 {
		t.Errorf("got %v, %v", got, err)
	}
}
