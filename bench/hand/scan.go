package hand

import (
	"time"

	"github.com/kilnproject/kiln/bench/data"
)

// Scans is how often a cached scan is repeated; the mean counts.
const Scans = 10

// Scan fills a slice, and then times how long a mapped sum over it takes.
func Scan(in data.Input, threads int) (data.Result, error) {
	cached := make([]int64, in.Scanned())
	for i := range cached {
		cached[i] = int64(i)
	}
	var r data.Result
	began := time.Now()
	for range Scans {
		r = sum(threads, func(thread int) data.Result {
			n, total := int64(len(cached)), int64(0)
			for _, x := range cached[cut(n, thread, threads):cut(n, thread+1, threads)] {
				total += data.Scan(x)
			}
			return data.Result{Checksum: uint64(total)}
		})
	}
	r.Rows, r.Timed = 1, time.Since(began)/Scans
	return r, nil
}

// Fused is the loop that a chain of Map and Filter over int64 should come down to.
func Fused(in data.Input, threads int) (data.Result, error) {
	r := sum(threads, func(thread int) data.Result {
		n := in.Fused()
		from, to := cut(n, thread, threads), cut(n, thread+1, threads)
		rows, total := int64(0), int64(0)
		for x := from; x < to; x++ {
			if y := data.Scan(x + 1); data.Kept(y) {
				total += data.Scan(y + 1)
				rows++
			}
		}
		return data.Result{Rows: rows, Checksum: uint64(total)}
	})
	return r, nil
}
