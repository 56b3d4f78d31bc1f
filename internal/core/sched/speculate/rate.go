package speculate

import "time"

// average is how fast the tasks read that are done.
type average struct {
	rows   int64
	run    time.Duration
	bytes  int64         // that those tasks read
	inputs int64         // which had so much to read, as far as was known before: a compressed file is longer when it is read
	sized  time.Duration // and ran so long
}

func (r *average) add(p Progress, run time.Duration, input int64) {
	r.rows += p.Rows
	r.run += run
	if input > 0 && p.Bytes > 0 {
		r.bytes += p.Bytes
		r.inputs += input
		r.sized += run
	}
}

// rowRate is the average in rows a second. It is not known, which Spark calls infinite, before some task has run.
func (r *average) rowRate() (rate float64, known bool) {
	if r.run <= 0 {
		return 0, false
	}
	return float64(r.rows) / r.run.Seconds(), true
}

// knowsBytes says that some task was done of which the input was known, so that the next three mean something.
func (r *average) knowsBytes() bool { return r.sized > 0 }

// byteRate is the average in bytes a second.
func (r *average) byteRate() float64 { return float64(r.bytes) / r.sized.Seconds() }

// seconds is how long an input takes on the average.
func (r *average) seconds(input int64) float64 {
	return float64(input) * r.sized.Seconds() / float64(r.inputs)
}

// reads is how many bytes are read of an input.
func (r *average) reads(input int64) float64 {
	return float64(input) * float64(r.bytes) / float64(r.inputs)
}
