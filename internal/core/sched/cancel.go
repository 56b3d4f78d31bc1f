package sched

import "slices"

// cancel fails the jobs that match. Tasks of stages that no other job uses are killed.
func (c *Core) cancel(reason string, match func(*Job) bool) {
	for _, j := range slices.Clone(c.jobs) {
		if match(&j.spec) {
			c.failJob(j, nowhere(Cancelled, reason))
		}
	}
}

// abort fails every job that needs a stage.
func (c *Core) abort(s *stage, why *JobFailure) {
	for _, j := range slices.Clone(s.jobs) {
		c.failJob(j, why)
	}
}
