package sim

import (
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/sched/health"
	"github.com/kilnproject/kiln/internal/core/sched/pool"
	"github.com/kilnproject/kiln/internal/core/sched/speculate"
)

// mostRuns bounds how often Shrink plays a plan.
const mostRuns = 5000

// Shrink takes away from a plan that fails what its failure does not need: jobs, accidents, mishaps, executors, stages, tasks and
// settings, halves before single ones (delta debugging: Zeller, Hildebrandt 2002). The plan that is left fails with the same oracle.
// The same plan always shrinks to the same one. A plan that does not fail comes back as it is, with nil.
func Shrink(p Plan) (Plan, *Failure) {
	return shrink(p, newCore)
}

func newCore(cfg sched.Config) scheduler { return sched.New(cfg) }

func shrink(p Plan, newCore func(sched.Config) scheduler) (Plan, *Failure) {
	s := &shrinking{plan: p, newCore: newCore}
	s.failure = isFailure(s.play(p).err)
	if s.failure == nil {
		return p, nil
	}
	s.lists()
	if p = s.plan; p.Only == nil { // from now on what goes wrong is a list as well
		p.Only = append([]name{}, s.play(p).mishaps...)
		s.fails(p)
	}
	for again := true; again && s.runs < mostRuns; {
		again = s.lists()
		again = s.tasks() || again
		again = s.settings() || again
	}
	return s.plan, s.failure
}

// shrinking is the smallest plan so far, and how it fails.
type shrinking struct {
	plan    Plan
	failure *Failure
	runs    int
	newCore func(sched.Config) scheduler
}

func (s *shrinking) play(p Plan) *World {
	s.runs++
	w := newWorld(p, s.newCore(p.Sched))
	w.play()
	return w
}

// fails says whether a plan fails as the first one did, and if so goes on with it.
func (s *shrinking) fails(p Plan) bool {
	if s.runs >= mostRuns {
		return false
	}
	f := isFailure(s.play(p).err)
	if f == nil || f.Oracle != s.failure.Oracle {
		return false
	}
	s.plan, s.failure = p, f
	return true
}

// lists takes away from the lists of the plan.
func (s *shrinking) lists() bool {
	less := fewer(s.plan.Jobs, func(l []Submission) bool { p := s.plan; p.Jobs = l; return s.fails(p) })
	less = fewer(s.plan.Accidents, func(l []Accident) bool { p := s.plan; p.Accidents = l; return s.fails(p) }) || less
	less = fewer(s.plan.Only, func(l []name) bool { p := s.plan; p.Only = l; return s.fails(p) }) || less
	return fewer(s.plan.Joins, func(l []Join) bool {
		p := s.plan
		p.Joins = l
		return p.hasAllProfiles() && s.fails(p) // without executors no job ends, which says nothing
	}) || less
}

// hasAllProfiles says that executors of every profile come.
func (p *Plan) hasAllProfiles() bool {
	for of := range max(1, p.Profiles) {
		if !slices.ContainsFunc(p.Joins, func(j Join) bool { return int(j.Shape.profile) == of }) {
			return p.Elastic != nil
		}
	}
	return true
}

// fewer takes parts from a list as long as it fails without them: halves, then quarters, down to single items.
func fewer[T any](list []T, fails func([]T) bool) (less bool) {
	for size := (len(list) + 1) / 2; size > 0; {
		for from := 0; from < len(list); {
			without := slices.Delete(slices.Clone(list), from, min(from+size, len(list)))
			if fails(without) {
				list, less = without, true
			} else {
				from += size
			}
		}
		if size == 1 {
			return less
		}
		size = (size + 1) / 2
	}
	return less
}

// tasks takes inputs, tasks and wishes from stages.
func (s *shrinking) tasks() (less bool) {
	for i := range s.plan.Shuffles {
		less = s.stage(func(p *Plan) *sched.StageSpec {
			p.Shuffles = slices.Clone(p.Shuffles)
			return &p.Shuffles[i]
		}) || less
	}
	for i := range s.plan.Jobs {
		job := func(p *Plan) *Submission {
			p.Jobs = slices.Clone(p.Jobs)
			return &p.Jobs[i]
		}
		less = s.stage(func(p *Plan) *sched.StageSpec { return &job(p).Last }) || less
		roots := func(l []ids.ShuffleID) bool {
			p := s.plan
			j := job(&p)
			j.Roots = l
			if !j.Job.MapStage {
				j.Last.Parents = l
			}
			return (len(l) > 0 || !j.Job.MapStage) && s.fails(p)
		}
		less = fewer(s.plan.Jobs[i].Roots, roots) || less
		less = s.without(func(p *Plan) bool {
			j := job(p)
			had := j.Job.Pool != "" || j.Job.Partitions != nil || j.At != 0
			j.Job.Pool, j.Job.Partitions, j.At = "", nil, 0
			return had
		}) || less
	}
	return less
}

// stage takes from one stage, which at gives in a copy of the plan.
func (s *shrinking) stage(at func(p *Plan) *sched.StageSpec) (less bool) {
	p := s.plan
	now := at(&p)
	if now.IsMap {
		less = fewer(now.Parents, func(l []ids.ShuffleID) bool { p := s.plan; at(&p).Parents = l; return s.fails(p) })
	}
	for by := now.Partitions; by > 0; by /= 2 {
		for {
			p := s.plan
			st := at(&p)
			if st.Partitions < by {
				break
			}
			if truncate(&p, st, st.Partitions-by); !s.fails(p) {
				break
			}
			less = true
		}
	}
	for _, drop := range []func(st *sched.StageSpec) bool{
		func(st *sched.StageSpec) bool { had := st.Prefer != nil; st.Prefer = nil; return had },
		func(st *sched.StageSpec) bool { had := st.Kept != nil; st.Kept = nil; return had },
		func(st *sched.StageSpec) bool { had := st.Reduces > 1; st.Reduces = min(1, st.Reduces); return had },
		func(st *sched.StageSpec) bool {
			had := st.Slots > 0 || st.Resources != nil
			if !had {
				return false // nor is there a stage, when the job ends with a map stage
			}
			st.Slots, st.Resources, st.Body = 0, nil, []byte{1, 0, byte(st.Profile), st.Body[3]}
			return had
		},
	} {
		less = s.without(func(p *Plan) bool { return drop(at(p)) }) || less
	}
	return less
}

// truncate leaves a stage its first tasks.
func truncate(p *Plan, st *sched.StageSpec, tasks int) {
	for i := range p.Jobs {
		if &p.Jobs[i].Last == st && p.Jobs[i].Job.Partitions != nil {
			p.Jobs[i].Job.Partitions = slices.DeleteFunc(slices.Clone(p.Jobs[i].Job.Partitions), func(n int32) bool { return int(n) >= tasks })
		}
	}
	st.Partitions = tasks
	if st.Prefer != nil {
		st.Prefer = st.Prefer[:tasks]
	}
	st.Kept = slices.Clone(st.Kept)
	for i := range st.Kept {
		if st.Kept[i].Partitions != nil {
			st.Kept[i].Partitions = st.Kept[i].Partitions[:tasks]
		}
	}
}

// without goes on with a plan from which something was dropped, if it fails. Drop reports whether there was anything to drop.
func (s *shrinking) without(drop func(p *Plan) bool) bool {
	p := s.plan
	return drop(&p) && s.fails(p)
}

// settings sets to nothing what is set.
func (s *shrinking) settings() (less bool) {
	for _, drop := range []func(p *Plan) bool{
		func(p *Plan) bool { return zero(&p.MaxDelay) },
		func(p *Plan) bool { return zero(&p.Told) },
		func(p *Plan) bool { return zero(&p.Racks) },
		func(p *Plan) bool { return zero(&p.Commits) },
		func(p *Plan) bool { return zero(&p.Store) },
		func(p *Plan) bool { return zero(&p.Slow) },
		func(p *Plan) bool { return zero(&p.SlowJoin) },
		func(p *Plan) bool { return zero(&p.MaxTask) },
		func(p *Plan) bool { return zero(&p.Sched.Publish) },
		func(p *Plan) bool { return zero(&p.Sched.Ahead) },
		func(p *Plan) bool { return zero(&p.Sched.ProcessWait) },
		func(p *Plan) bool { return zero(&p.Sched.NodeWait) },
		func(p *Plan) bool { return zero(&p.Sched.RackWait) },
		func(p *Plan) bool { return zero(&p.Sched.MinRegistered) },
		func(p *Plan) bool { return zero(&p.Sched.UnschedulableWait) },
		func(p *Plan) bool { return zero(&p.Sched.ReasonWait) },
		func(p *Plan) bool { return zero(&p.Sched.MaxStageTotal) },
		func(p *Plan) bool { return zero(&p.Sched.CountDrained) },
		func(p *Plan) bool { return zero(&p.Sched.MaxActions) },
		func(p *Plan) bool { return zero(&p.Sched.MaxResultSize) },
		func(p *Plan) bool { return zero(&p.Sched.Silence) },
		func(p *Plan) bool { return zero(&p.Sched.Health) },
		func(p *Plan) bool { return zero(&p.Sched.Speculation) },
		func(p *Plan) bool {
			had := p.Sched.Pools.Policy != pool.FIFO || p.Sched.Pools.Pools != nil
			p.Sched.Pools = pool.Config{}
			return had
		},
	} {
		less = s.without(drop) || less
	}
	return less
}

// zero sets something to its zero value, and reports whether it was another one.
func zero[T bool | int | int64 | float64 | Time | health.Config | speculate.Config](what *T) bool {
	var nothing T
	had := *what != nothing
	*what = nothing
	return had
}
