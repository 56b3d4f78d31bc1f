package kiln

import (
	"time"

	"github.com/kilnproject/kiln/internal/core/sched/speculate"
)

// Status is a picture of a session at one moment. It is the caller's own and does not change.
type Status struct {
	Jobs      []JobStatus      // under way, oldest first
	Stages    []StageStatus    // of these jobs, by id
	Executors []ExecutorStatus // by id
	Copies    CopyStatus       // what kiln.speculation did since the session was opened
}

// CopyStatus is what became of copies of slow tasks.
type CopyStatus struct {
	Launched int           // copies that were begun
	Won      int           // of these, those that were done before the task that they copied
	Wasted   time.Duration // of slots: what was spent on attempts that were not first
}

// JobStatus is one job that is under way.
type JobStatus struct {
	ID          int // counts the session's jobs, from zero
	Description string
	Group       string
	Tags        []string
	Stages      []int // all that it uses, also those that need not run; its own is the last
	Done, Total int   // partitions of its result
}

// StageStatus is one stage of a job that is under way.
type StageStatus struct {
	ID, Attempt int
	Name        string // the verb that ends it
	Site        string // the user's file:line
	State       string // "idle" (not begun), "waiting" (for other stages), "ready" (lost data is being gathered), "running" or "done"
	Done, Total int    // partitions
	Running     int    // task attempts that an executor has
	Waiting     int    // tasks that wait for a slot
	Profile     int    // of the executors that it runs on
	Slow        int    // tasks that deserve a copy and wait for a slot on another machine
	Copies      CopyStatus
}

// ExecutorStatus is one executor that is there.
type ExecutorStatus struct {
	ID         int
	Host       string
	Slots      int
	Tasks      int // task attempts that it has; more than Slots when some wait there
	MapOutputs int // outputs of map tasks that it keeps for others
	Profile    int // names its shape: 0 is that of the settings, others are counted as WithProfile asks for them
}

// Status says what is under way: what a program shows while it waits, or looks at to decide how much more to ask for. It may be called
// from any goroutine and costs the scheduler some microseconds for each job, stage and executor. Of a closed session it is empty.
func (s *Session) Status() Status {
	v := s.driver.View()
	st := Status{Copies: copyStatus(v.Copies)}
	for _, j := range v.Jobs {
		job := JobStatus{
			ID: int(j.ID), Description: j.Description, Group: j.Group, Tags: j.Tags, Done: j.Total - j.Left, Total: j.Total,
		}
		for _, id := range j.Stages {
			job.Stages = append(job.Stages, int(id))
		}
		st.Jobs = append(st.Jobs, job)
	}
	for _, x := range v.Stages {
		st.Stages = append(st.Stages, StageStatus{
			ID: int(x.Ref.Stage), Attempt: int(x.Ref.Attempt), Name: x.Name, Site: x.Site, State: x.State,
			Done: x.Done, Total: x.Total, Running: x.Running, Waiting: x.Waiting, Slow: x.Slow, Profile: int(x.Profile), Copies: copyStatus(x.Copies),
		})
	}
	for _, e := range v.Executors {
		st.Executors = append(st.Executors, ExecutorStatus{ID: int(e.ID), Host: e.Host, Slots: e.Slots, Tasks: e.Used, MapOutputs: e.Outputs, Profile: int(e.Profile)})
	}
	return st
}

func copyStatus(s speculate.Stats) CopyStatus {
	return CopyStatus{Launched: s.Copies, Won: s.Won, Wasted: s.Wasted}
}
