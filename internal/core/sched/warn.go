package sched

import "fmt"

// largeBytes is what tasks, and what a stage sends once to each executor, should not exceed: Spark's limits too.
const largeBytes = 1000 << 10

// warnOfSize says, once for a run, that its tasks are large: each goes through the driver.
func (c *Core) warnOfSize(r *run, bytes int) {
	if bytes <= largeBytes || r.warned {
		return
	}
	r.warned = true
	publish(c, StageWarned{r.ref, fmt.Sprintf("a task takes %d KiB on its way to the executor: %d KiB is a good limit", bytes>>10, largeBytes>>10)})
}
