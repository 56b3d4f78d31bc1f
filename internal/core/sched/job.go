package sched

import (
	"cmp"
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched/pool"
	"github.com/kilnproject/kiln/internal/core/sched/resource"
	"github.com/kilnproject/kiln/internal/core/sched/taskset"
)

// Job is what one action asks for. Its parts belong to the core until the job has ended.
type Job struct {
	ID          ids.JobID   // never used before
	Stages      []StageSpec // parents before children; the last one is the job's own
	Partitions  []int32     // of the last stage, to compute; nil means all
	MapStage    bool        // the job ends when its last stage, a map stage, has all its outputs
	Group       string
	Tags        []string
	Pool        string
	Description string
	Props       map[string]string // for TaskContext.Property
}

// StageSpec describes one stage. Stages of any jobs that write the same shuffle are one stage.
type StageSpec struct {
	Name, Site string // for people: the verb, and the user's file:line
	IsMap      bool
	Shuffle    ids.ShuffleID   // written by a map stage
	Reduces    int             // of that shuffle
	Parents    []ids.ShuffleID // shuffles read
	Reads      []Reduces       // of each parent, which partitions the tasks read; nil when those of their own numbers
	Partitions int
	Splits     [][]byte        // what each task reads; nil when the tasks need nothing
	Prefer     [][]Place       // where each task would like to run; nil when nowhere
	Bytes      []int64         // that each task reads from files; nil when nobody knows
	Profile    ids.ProfileID   // of the executors that its tasks run on
	Slots      int             // that each task takes; 0 means 1
	Resources  []resource.Need // that each task takes beside
	Kept       []Kept          // cached RDDs that the tasks read, each after those over it: they like to run where these are
	Through    [][]int32       // for each of Parents, what Kept.Through says for a cached RDD; nil when all are read directly
	Body       []byte          // encoded operators, opaque here

	// Barrier says that all tasks run at the same time, and may wait for each other.
	Barrier bool
	// KeptTogether names cached RDDs of which the tasks of a barrier stage must read every partition, or compute every one.
	KeptTogether []ids.RDDID
}

func (j *Job) tagged(tag string) bool { return slices.Contains(j.Tags, tag) }

// wanted is the number of tasks that a job asks of its last stage.
func (s *StageSpec) wanted(partitions []int32) int {
	if partitions == nil {
		return s.Partitions
	}
	return len(partitions)
}

// Place is where a task would like to run.
type Place = taskset.Place

// job is an active job.
type job struct {
	spec   Job
	stages []*stage // all that it uses, parents first; the last one is its own
}

func (j *job) final() *stage { return j.stages[len(j.stages)-1] }

// submitJob enters a job and submits its last stage.
func (c *Core) submitJob(spec Job) {
	if c.job(spec.ID) != nil || spec.ID < 0 {
		// An answer would end the wrong job, and silence would leave a caller waiting.
		panic("sched: the shell submitted two jobs with the same id, or one without")
	}
	why := checkJob(&spec, c.outputs)
	if why == "" && !c.queue.tree.Known(spec.Pool) {
		why = (&pool.UnknownPool{Name: spec.Pool}).Error()
	}
	if why != "" {
		c.do(FailJob{spec.ID, nowhere(Internal, why)})
		return
	}
	if why := c.tooLarge(spec.Stages); why != "" {
		c.do(FailJob{spec.ID, nowhere(Unschedulable, why)})
		return
	}
	if last := &spec.Stages[len(spec.Stages)-1]; !spec.MapStage && last.wanted(spec.Partitions) == 0 {
		publish(c, JobStarted{Job: spec.ID})
		c.do(CompleteJob{Job: spec.ID})
		publish(c, JobEnded{Job: spec.ID})
		return
	}
	j := &job{spec: spec}
	at, _ := slices.BinarySearchFunc(c.jobs, spec.ID, jobByID)
	c.jobs = slices.Insert(c.jobs, at, j)
	j.stages = make([]*stage, 0, len(spec.Stages))
	for i := range spec.Stages {
		j.stages = append(j.stages, c.stageFor(&spec.Stages[i], j))
	}
	if c.cfg.Publish {
		started := JobStarted{Job: spec.ID}
		for _, s := range j.stages {
			started.Stages = append(started.Stages, s.id)
		}
		c.do(started)
	}
	if spec.MapStage && j.final().outputs.Complete() {
		c.completeJob(j)
		return
	}
	c.submit(j.final())
	c.giveUp()
}

func jobByID(j *job, id ids.JobID) int { return cmp.Compare(j.spec.ID, id) }

// job gives an active job, or nil.
func (c *Core) job(id ids.JobID) *job {
	at, ok := slices.BinarySearchFunc(c.jobs, id, jobByID)
	if !ok {
		return nil
	}
	return c.jobs[at]
}

func (c *Core) completeJob(j *job) {
	done := CompleteJob{Job: j.spec.ID}
	if j.spec.MapStage {
		done.Bytes = j.final().outputs.Totals()
	}
	c.do(done)
	c.endJob(j, "the job has all its results", nil)
}

// failJob ends a job, unless it has ended.
func (c *Core) failJob(j *job, why *JobFailure) {
	if c.job(j.spec.ID) != j {
		return
	}
	c.do(FailJob{j.spec.ID, why})
	c.endJob(j, why.Reason, why)
}

// endJob takes a job out. Stages that no other job uses stop.
func (c *Core) endJob(j *job, reason string, why *JobFailure) {
	at, _ := slices.BinarySearchFunc(c.jobs, j.spec.ID, jobByID)
	c.jobs = slices.Delete(c.jobs, at, at+1)
	for _, s := range j.stages {
		s.jobs = slices.DeleteFunc(s.jobs, func(o *job) bool { return o == j })
		if len(s.jobs) == 0 {
			c.stopStage(s, reason)
		}
	}
	publish(c, JobEnded{j.spec.ID, why})
}
