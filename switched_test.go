package kiln_test

import (
	"sync"
	"testing"

	"github.com/kilnproject/kiln"
)

// A session may be used from any goroutine: also to switch a cache while others cut jobs that read through it. The race detector sees
// what goes wrong where nothing else does.
func TestACacheIsSwitchedWhileJobsReadThroughIt(t *testing.T) {
	s := start(t)
	summed := kiln.ReduceByKey(kiln.KeyBy(kiln.Range(s, 0, 100, 1, 2), parity), add)
	over := kiln.Values(summed)
	var readers sync.WaitGroup
	over.Cache()
	for range 2 {
		readers.Go(func() {
			for range 50 {
				if n, err := over.Count(t.Context()); n != 2 || err != nil {
					t.Errorf("%d, %v", n, err)
					return
				}
			}
		})
	}
	for range 50 {
		if err := over.Unpersist(t.Context()); err != nil {
			t.Error(err)
		}
		over.Cache()
	}
	readers.Wait()
}
