// Package variables ships functions that reach package variables.
package variables

import (
	"context"
	"flag"
	"sync"

	"github.com/kilnproject/kiln"
)

var (
	table     = map[string]int{"a": 1}
	filled    map[string]int
	threshold int
	counter   int
	cache     = map[int]int{}
	verbose   = flag.Bool("v", false, "")
	level     int
	options   struct{ deep struct{ n int } }
	filledBy  []int
	lock      sync.Mutex
	fixed     = 7
	hook      = func(int) int { return 0 }
)

func init() {
	filled = map[string]int{"b": 2}
	flag.IntVar(&level, "level", 0, "")
}

func setUp(n int) {
	threshold = n
	counter++
	options.deep.n = n
	fill(&filledBy)
	defer lock.Unlock()
	p := &lock
	p.Lock()
	for fixed := range n {
		_ = fixed
	}
	hook = func(v int) int { return v + n }
}

func fill(s *[]int) {}

func travels(d kiln.RDD[string], n kiln.RDD[int]) {
	kiln.Map(d, func(w string) int { return table[w] + filled[w] + fixed })
	kiln.Map(n, func(v int) int { lock.Lock(); defer lock.Unlock(); return v })
	kiln.Map(n, clean)
}

func clean(n int) int { return n + fixed }

func reaching(ctx context.Context, d kiln.RDD[int], words kiln.RDD[string]) {
	kiln.Filter(d, func(v int) bool { return v > threshold }) // want `literal reaches package variable threshold, which changes at variables.go:33; executors see only its initial value: pass it with MapWith or a broadcast`
	d.ForEach(ctx, func(v int) { counter += v })              // want `literal reaches package variable counter`
	kiln.Map(d, func(v int) int { return memo(v) })           // want `literal reaches package variable cache`
	kiln.Map(d, memo)                                         // want `memo reaches package variable cache`
	kiln.Map(d, through)                                      // want `through reaches package variable cache`
	kiln.Map(d, func(v int) bool { return *verbose })         // want `literal reaches package variable verbose`
	kiln.Map(d, func(v int) int { return level })             // want `literal reaches package variable level`
	kiln.Map(d, func(v int) int { return options.deep.n })    // want `literal reaches package variable options`
	kiln.Map(d, func(v int) int { return filledBy[v] })       // want `literal reaches package variable filledBy`
	kiln.Map(d, func(v int) int { return hook(v) })           // want `literal reaches package variable hook`
	kiln.Map(d, hook)                                         // the function that hook holds now travels, not hook
	kiln.MapWith(d, walker{}, walker.step)                    // want `step reaches package variable counter`
	kiln.Map(d, generic[int])                                 // want `generic reaches package variable threshold`
}

func memo(n int) int {
	if v, ok := cache[n]; ok {
		return v
	}
	cache[n] = n * n
	return cache[n]
}

func through(n int) int {
	if n == 0 {
		return memo(n)
	}
	return through(n - 1)
}

type walker struct{ n int }

func (w walker) step(n int) int { return w.deeper() + n }

func (w walker) deeper() int { return counter }

func generic[T any](v T) T {
	if threshold > 0 {
		return v
	}
	return v
}
