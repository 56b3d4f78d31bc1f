package sched

import (
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched/resource"
	"github.com/kilnproject/kiln/internal/core/sched/speculate"
)

// View is an immutable picture of the scheduler, for progress, status and allocation.
type View struct {
	Jobs      []JobView       // active ones, by id
	Stages    []StageView     // those that active jobs use, by id
	Executors []ExecutorView  // living ones, by id
	Copies    speculate.Stats // what speculation did so far, for all jobs
}

// JobView is an active job.
type JobView struct {
	ID          ids.JobID
	Group       string
	Tags        []string
	Description string
	Stages      []ids.StageID // all that it uses, parents first; its own is the last
	Left, Total int           // results; for a map-stage job, map outputs
}

// StageView is a stage of an active job.
type StageView struct {
	Ref        ids.StageRef // the attempt that runs, or else the one that will be next
	Name, Site string
	State      string // idle, waiting, ready, running or done
	Profile    ids.ProfileID
	Slots      int // that each task takes
	Resources  []resource.Need
	Total      int             // partitions that are wanted
	Done       int             // of these, computed
	Waiting    int             // tasks of the attempt that wait for a slot
	Running    int             // task attempts, also of earlier stage attempts
	Together   bool            // a barrier stage: its tasks run all at once or not at all
	Excluded   bool            // some of those that wait will not do with any executor there is: each is excluded for them, and none makes room
	Awaits     bool            // such a stage waits for another one in place of one that made room
	Slow       int             // tasks of the attempt that deserve a copy and wait for a slot on another host
	Copies     speculate.Stats // what speculation did for the attempt
	Placed     int             // tasks of the attempt that prefer some host
	Places     []HostTasks
}

// ExecutorView is a living executor.
type ExecutorView struct {
	ID          ids.ExecutorID
	Host        string
	Profile     ids.ProfileID
	Slots, Used int    // Used counts task attempts: more than slots when some wait there
	Idle        Time   // since when nothing runs there, while Used is zero
	Outputs     int    // map outputs that it holds
	Cached      int    // partitions of cached RDDs that it has
	Needed      bool   // an active job uses some of them
	Readers     int    // of one that has drained: task attempts that may yet read from it
	State       string // active, draining, suspected or leaving; only an active one gets tasks
}

// View gives the picture as it is now. Its cost grows with what is active, not with what has ended.
func (c *Core) View() *View {
	v := &View{Copies: c.copied}
	stages := []*stage{}
	for _, j := range c.jobs {
		jv := JobView{ID: j.spec.ID, Group: j.spec.Group, Tags: slices.Clone(j.spec.Tags), Description: j.spec.Description}
		for _, s := range j.stages {
			jv.Stages = append(jv.Stages, s.id)
		}
		stages = append(stages, j.stages...)
		done, total := j.final().progress()
		jv.Left, jv.Total = total-done, total
		v.Jobs = append(v.Jobs, jv)
	}
	slices.SortFunc(stages, stageOrder)
	for _, s := range slices.Compact(stages) {
		v.Stages = append(v.Stages, s.view(c.changes))
	}
	for _, e := range c.executors {
		if e != nil {
			v.Executors = append(v.Executors, ExecutorView{
				ID: e.id, Host: e.host.name, Profile: e.shape.profile, Slots: e.slots, Used: e.used, Idle: e.idle,
				Outputs: c.outputs.Held(e.id), Cached: len(c.kept.of(e.id)), Needed: c.outputs.Holds(e.id, c.isUsed), Readers: e.departure.countReaders(), State: e.phase.String(),
			})
		}
	}
	return v
}

// isUsed says that an active job uses a shuffle.
func (c *Core) isUsed(id ids.ShuffleID) bool {
	s := c.byShuffle[id]
	return s != nil && len(s.jobs) > 0
}

func (s *stage) view(changes int) StageView {
	ask := s.spec.ask()
	v := StageView{
		Ref: ids.StageRef{Stage: s.id, Attempt: s.next}, Name: s.spec.Name, Site: s.spec.Site, State: s.state.name(),
		Profile: s.spec.Profile, Slots: ask.slots, Resources: ask.resources, Together: s.spec.Barrier,
	}
	v.Done, v.Total = s.progress()
	if r := s.current(); r != nil {
		v.Ref, v.Waiting, v.Running = r.ref, r.set.Waiting(), r.set.Running()
		v.Slow, v.Copies = r.copies.wanted(), r.copies.stats()
		v.Placed, v.Places = r.places()
		v.Excluded = r.excluded && r.stuckAt == changes && r.renewal == nil
		v.Awaits = r.renewal != nil
	}
	for _, r := range s.over {
		v.Running += r.set.Running()
	}
	return v
}

// progress gives how many of the wanted partitions are computed.
func (s *stage) progress() (done, total int) {
	if s.isMap() {
		return s.outputs.Present(), s.outputs.Maps()
	}
	total = s.spec.Partitions
	if s.results.partitions != nil {
		total = len(s.results.partitions)
	}
	return total - s.results.left, total
}

// Executors is the number of living executors.
func (c *Core) Executors() int { return c.alive }

// Active says that some job is under way.
func (c *Core) Active() bool { return len(c.jobs) > 0 }
