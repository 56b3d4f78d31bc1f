package sched

import (
	"fmt"
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// job is an active job.
type job struct {
	spec   Job
	stages []*stage // all that it uses, parents first
	final  *stage
	wanted []int32 // partitions of final
	got    []bool  // by partition: the result was delivered
	left   int     // results that are not; for a map-stage job it is not used
	bytes  int64   // of results so far
}

func (j *job) tagged(tag string) bool { return slices.Contains(j.spec.Tags, tag) }

// submitJob enters a job and starts what can run of it.
func (c *Core) submitJob(spec Job) {
	if why := checkJob(&spec); why != "" {
		c.do(FailJob{spec.ID, &JobFailure{Kind: Internal, Stage: -1, Partition: -1, Reason: why}})
		return
	}
	last := &spec.Stages[len(spec.Stages)-1]
	j := &job{spec: spec, wanted: spec.Partitions}
	if j.wanted == nil {
		j.wanted = make([]int32, last.Partitions)
		for p := range j.wanted {
			j.wanted[p] = int32(p)
		}
	}
	if len(j.wanted) == 0 && !spec.MapStage {
		c.do(CompleteJob{spec.ID})
		return
	}
	j.got, j.left = make([]bool, last.Partitions), len(j.wanted)
	for i := range spec.Stages {
		s := c.stageFor(&spec.Stages[i], j)
		s.jobs = append(s.jobs, j)
		j.stages = append(j.stages, s)
	}
	j.final = j.stages[len(j.stages)-1]
	c.jobs[spec.ID] = j
	c.order = append(c.order, j)
	if spec.MapStage && c.outputs.Available(last.Shuffle) {
		c.completeJob(j)
		return
	}
	c.submit(j.final)
}

func checkJob(j *Job) string {
	if len(j.Stages) == 0 {
		return "the job has no stage"
	}
	known := map[ids.ShuffleID]bool{}
	for i := range j.Stages {
		s := &j.Stages[i]
		for _, p := range s.Parents {
			if !known[p] {
				return fmt.Sprintf("stage %d of the job reads shuffle %d, which no stage before it writes", i, p)
			}
		}
		if s.IsMap {
			known[s.Shuffle] = true
		}
		if s.Partitions < 0 || s.Splits != nil && len(s.Splits) != s.Partitions {
			return fmt.Sprintf("stage %d of the job has %d partitions and %d splits", i, s.Partitions, len(s.Splits))
		}
	}
	last := &j.Stages[len(j.Stages)-1]
	if last.IsMap != j.MapStage {
		return "a map-stage job ends in a map stage, and no other does"
	}
	for i, p := range j.Partitions {
		if p < 0 || int(p) >= last.Partitions || i > 0 && p <= j.Partitions[i-1] {
			return fmt.Sprintf("partition %d: the partitions of a job ascend from 0 to %d", p, last.Partitions-1)
		}
	}
	return ""
}

func (c *Core) completeJob(j *job) {
	c.do(CompleteJob{j.spec.ID})
	c.endJob(j, "the stage is finished")
}

func (c *Core) failJob(j *job, why *JobFailure) {
	if c.jobs[j.spec.ID] != j {
		return
	}
	c.do(FailJob{j.spec.ID, why})
	c.endJob(j, why.Reason)
}

// endJob takes a job out. Stages that no other job uses stop: their tasks are killed.
func (c *Core) endJob(j *job, reason string) {
	delete(c.jobs, j.spec.ID)
	c.order = slices.DeleteFunc(c.order, func(o *job) bool { return o == j })
	for _, s := range j.stages {
		s.jobs = slices.DeleteFunc(s.jobs, func(o *job) bool { return o == j })
		if len(s.jobs) > 0 {
			continue
		}
		c.stop(s, reason)
		if !s.spec.IsMap {
			c.stages[s.id] = nil
		}
	}
}

// cancel fails the jobs that match.
func (c *Core) cancel(reason string, match func(*job) bool) {
	for _, j := range slices.Clone(c.order) {
		if match(j) {
			c.failJob(j, &JobFailure{Kind: Cancelled, Stage: -1, Partition: -1, Reason: reason})
		}
	}
}
