package speculate

import "time"

// average is how fast the tasks read that are done.
type average struct {
	rows    int64
	run     time.Duration
	bytes   int64         // of those tasks only
	byteRun time.Duration // of whose input the size was known
}

func (r *average) add(p Progress, run time.Duration, sized bool) {
	r.rows += p.Rows
	r.run += run
	if sized && p.Bytes > 0 {
		r.bytes += p.Bytes
		r.byteRun += run
	}
}

// perSecond divides, and calls a rate infinite of which nothing is known.
func perSecond(n int64, run time.Duration) (rate float64, known bool) {
	if run <= 0 {
		return 0, false
	}
	return float64(n) / run.Seconds(), true
}

// rowRate is the average in rows.
func (r *average) rowRate() (float64, bool) { return perSecond(r.rows, r.run) }

// byteRate is the average in bytes, and not known when nobody read any.
func (r *average) byteRate() (float64, bool) {
	rate, known := perSecond(r.bytes, r.byteRun)
	return rate, known && rate > 0
}
