package sched

import "fmt"

// largeBytes is what tasks, and what a stage sends once to each executor, should not exceed: Spark's limits too.
const largeBytes = 1000 << 10

// warn gives a fact that people should know of who listen to nothing else.
func (c *Core) warn(f Fact) {
	if c.cfg.Publish || c.cfg.Warn {
		c.do(f)
	}
}

// warnOfSize says, once for a run, that its tasks are large: each goes through the driver.
func (c *Core) warnOfSize(r *run, bytes int) {
	if bytes <= largeBytes || r.warned {
		return
	}
	r.warned = true
	c.warn(StageWarned{r.ref, fmt.Sprintf("a task takes %d KiB on its way to its executor, through the driver: keep it below %d KiB, and read large data in the task", bytes>>10, largeBytes>>10)})
}
