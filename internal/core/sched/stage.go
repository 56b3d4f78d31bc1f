package sched

import (
	"cmp"
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched/mapout"
)

// stage is one stage with all its attempts. A map stage is kept until its shuffle is released, so that jobs share it; a result stage
// goes with its job.
type stage struct {
	id       ids.StageID
	spec     StageSpec       // the newest job's; without body, splits and places while no job uses the stage
	jobs     []*job          // active ones that use it, oldest first
	outputs  *mapout.Shuffle // of a map stage; nil for a result stage
	results  *results        // of a result stage; nil for a map stage
	state    state
	next     ids.StageAttempt
	over     []*run          // attempts that are over and have tasks running still
	merged   bitset          // map partitions whose accumulator updates were merged
	strikes  strikes         // attempts in a row that ended for lost map outputs
	faulty   bool            // since it was done, it lost outputs that nothing excuses
	troubles *troubles       // of a barrier stage: what ended its attempts; nil when none did
	retired  bool            // its shuffle is released: the stage goes with its last job
	lacked   []ids.ShuffleID // that it was begun without, and tasks asked for; see needs.go
	waiters  []*stage        // stages that are submitted again when this one is done, if they wait still
	// generation counts how often what the stage had was taken back: see rollback.go.
	generation int32
}

// A state is where a stage stands.
type state interface{ name() string }

// The states. A stage without jobs is idle or done.
type (
	idle    struct{}           // nobody asks for what it lacks
	waiting struct{}           // for the map outputs of its parents
	ready   struct{}           // an attempt ended for lost map outputs; the stage is submitted again at Core.resubmitAt
	running struct{ run *run } // the stage attempt that is launched from
	done    struct{}           // computed. A map stage is done as long as its outputs are all there
)

func (idle) name() string    { return "idle" }
func (waiting) name() string { return "waiting" }
func (ready) name() string   { return "ready" }
func (running) name() string { return "running" }
func (done) name() string    { return "done" }

// results tells which results of a result stage the job has.
type results struct {
	partitions []int32 // those that are wanted, ascending; nil for all
	had        bitset  // by partition
	left       int     // how many the job lacks
	bytes      int64   // of those that it has or that are on their way
}

func stageByID(s *stage, id ids.StageID) int { return cmp.Compare(s.id, id) }

// stage gives a stage that is known, or nil.
func (c *Core) stage(id ids.StageID) *stage {
	at, ok := slices.BinarySearchFunc(c.stages, id, stageByID)
	if !ok {
		return nil
	}
	return c.stages[at]
}

// stageFor gives a job its stage: the one that writes the same shuffle, or a new one.
func (c *Core) stageFor(spec *StageSpec, j *job) *stage {
	var s *stage
	if spec.IsMap {
		s = c.byShuffle[spec.Shuffle]
	}
	if s == nil {
		s = c.addStage(spec, j)
	}
	if len(s.jobs) == 0 {
		s.spec = *spec
	}
	s.jobs = append(s.jobs, j)
	c.kept.madeOf(spec)
	return s
}

func (c *Core) addStage(spec *StageSpec, j *job) *stage {
	s := &stage{id: c.nextStage, state: idle{}}
	c.nextStage++
	c.stages = append(c.stages, s)
	if !spec.IsMap {
		s.results = &results{partitions: j.spec.Partitions, had: newBitset(spec.Partitions), left: spec.wanted(j.spec.Partitions)}
		return s
	}
	c.byShuffle[spec.Shuffle] = s
	s.outputs = c.outputs.Open(spec.Shuffle, spec.Partitions, spec.Reduces)
	s.merged = newBitset(spec.Partitions)
	return s
}

func (s *stage) isMap() bool { return s.outputs != nil }

// current gives the attempt that is launched from, or nil.
func (s *stage) current() *run {
	if r, ok := s.state.(running); ok {
		return r.run
	}
	return nil
}

// isUnderWay says that the stage does not stay as it is.
func (s *stage) isUnderWay() bool {
	switch s.state.(type) {
	case waiting, ready, running:
		return true
	}
	return false
}

// attempt gives an attempt that is not quite over, or nil.
func (s *stage) attempt(a ids.StageAttempt) *run {
	if r := s.current(); r != nil && r.ref.Attempt == a {
		return r
	}
	for _, r := range s.over {
		if r.ref.Attempt == a {
			return r
		}
	}
	return nil
}

// missing gives the partitions that an attempt has to compute, ascending; nil and true say all.
func (s *stage) missing() (partitions []int32, all bool) {
	if s.isMap() {
		return s.outputs.Missing(), s.outputs.Present() == 0
	}
	r := s.results
	if r.had.none() {
		return r.partitions, r.partitions == nil
	}
	for p := range s.spec.Partitions {
		if !r.had.has(p) && r.wants(int32(p)) {
			partitions = append(partitions, int32(p))
		}
	}
	return partitions, false
}

func (r *results) wants(p int32) bool {
	if r.partitions == nil {
		return true
	}
	_, ok := slices.BinarySearch(r.partitions, p)
	return ok
}

// has says that a partition is computed.
func (s *stage) has(p int32) bool {
	if s.isMap() {
		return s.outputs.Has(p)
	}
	return s.results.had.has(int(p))
}

// dropStage forgets a stage that nobody can ask for.
func (c *Core) dropStage(s *stage) {
	at, _ := slices.BinarySearchFunc(c.stages, s.id, stageByID)
	c.stages = slices.Delete(c.stages, at, at+1)
	if s.isMap() {
		delete(c.byShuffle, s.outputs.ID())
		c.outputs.Drop(s.outputs.ID())
		c.forgetReleased()
		c.lookAtDrainers()
		c.do(DropShuffle{s.outputs.ID()})
	}
}
