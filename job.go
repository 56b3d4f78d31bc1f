package kiln

import (
	"context"
	"errors"
	"fmt"

	"github.com/kilnproject/kiln/internal/conf"
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/plan"
	"github.com/kilnproject/kiln/internal/core/profile"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/data/funcs"
	"github.com/kilnproject/kiln/internal/data/op"
)

var errTimeUp = errors.New("the time for an approximate answer is up")

// action is one job about to run.
type action struct {
	n          *node
	verb, site string
	output     []byte
	partitions []int32 // nil: all
}

// newAction encodes the output operator, and refuses functions that cannot travel, at the caller's line.
func (n *node) newAction(verb string, o op.Output, partitions []int32) *action {
	a := &action{n: n, verb: verb, site: userSite(), partitions: partitions}
	if n == nil {
		panic(&BuildError{Verb: verb, Site: a.site, Cause: errZeroRDD})
	}
	var err error
	if a.output, err = funcs.AppendOp(nil, o); err != nil {
		panic(&BuildError{Verb: verb, Site: a.site, Cause: ofTheOnly(err)})
	}
	return a
}

// gather runs a job and gives what its tasks answered, in the order of the partitions (nil: all of them).
func (n *node) gather(ctx context.Context, verb string, o op.Output, partitions []int32) ([][]byte, error) {
	return n.newAction(verb, o, partitions).run(ctx)
}

// partial is gather that also gives, with the error, the answers that arrived before it.
func (n *node) partial(ctx context.Context, verb string, o op.Output) ([][]byte, error) {
	values, err := n.newAction(verb, o, nil).run(ctx)
	var some [][]byte
	for _, v := range values {
		if v != nil {
			some = append(some, v)
		}
	}
	return some, err
}

// run lays the lineage out, cuts it into stages and hands the job to the driver. Answers that arrived come back also with an error.
func (a *action) run(ctx context.Context) ([][]byte, error) {
	top, err := a.n.layOut(ctx)
	if err != nil {
		return nil, a.locate(err)
	}
	job, err := a.job(ctx, top)
	if err != nil {
		return nil, a.locate(err)
	}
	want := a.partitions
	if want == nil {
		want = span(0, job.Stages[len(job.Stages)-1].Partitions)
	}
	at := make(map[int32]int, len(want))
	for i, p := range want {
		at[p] = i
	}
	values := make([][]byte, len(want))
	err = a.n.s.driver.Run(ctx, job, func(partition int32, value []byte) {
		if value == nil {
			value = []byte{}
		}
		values[at[partition]] = value
	})
	if err != nil {
		return values, a.locate(a.failure(ctx, err))
	}
	return values, nil
}

// job describes the action to the scheduler.
func (a *action) job(ctx context.Context, top *plan.RDD) (sched.Job, error) {
	p := propertiesOf(ctx)
	j := sched.Job{
		Partitions: a.partitions, Group: p.group, Tags: p.tags, Pool: p.pool,
		Description: p.description, Props: p.task(),
	}
	if j.Description == "" {
		j.Description = fmt.Sprintf("%s at %s", a.verb, a.site)
	}
	stages, profiles, err := a.cut(top)
	if err != nil {
		return j, err
	}
	for i := range stages {
		if err := a.n.s.profiles.demand(&stages[i], profiles[i]); err != nil {
			return j, err
		}
	}
	j.Stages = stages
	return j, nil
}

// cut gives the stages of the job, and what each asks for. The lock is held as long as somebody looks at the plan: caches that are switched
// by another goroutine change it.
func (a *action) cut(top *plan.RDD) (specs []sched.StageSpec, profiles []profile.Profile, err error) {
	a.n.s.lineage.Lock()
	defer a.n.s.lineage.Unlock()
	stages := plan.Cut(top, a.output)
	for _, st := range stages {
		p, err := st.Profile(conf.MergeProfiles.Of(a.n.s.conf))
		if err != nil {
			return nil, nil, err
		}
		profiles = append(profiles, p)
	}
	for i, st := range stages {
		last, asked := i == len(stages)-1, st.Partitions
		if last && a.partitions != nil {
			asked = len(a.partitions)
		}
		if err := st.CheckBarrier(asked); err != nil {
			return nil, nil, err
		}
		spec := a.describe(st)
		if last {
			spec.Name, spec.Site = a.verb, a.site
		}
		specs = append(specs, spec)
	}
	return specs, profiles, nil
}

// describe gives a stage as the scheduler knows it. The caller holds the lineage's lock.
func (a *action) describe(st *plan.Stage) sched.StageSpec {
	spec := sched.StageSpec{
		Name: st.Top.Verb, Site: st.Top.Site, Parents: st.Parents, Partitions: st.Partitions,
		Splits: st.Splits(), Body: st.Body.Append(nil), Barrier: st.Barrier(), KeptTogether: st.KeptTogether(),
	}
	if st.Shuffle != nil {
		spec.IsMap, spec.Shuffle, spec.Reduces = true, st.Shuffle.ID, st.Shuffle.Reduces
	}
	if conf.Speculation.Of(a.n.s.conf) {
		spec.Bytes = st.Sizes()
	}
	for _, r := range st.Reduces() {
		spec.Reads = append(spec.Reads, sched.Reduces(r))
	}
	kept, through := st.Kept()
	for _, k := range kept {
		spec.Kept = append(spec.Kept, sched.Kept(k))
	}
	spec.Through = through
	return spec
}

func (a *action) locate(err error) error { return locate(a.verb, a.site, err) }

// jobError leaves errors that were located already.
func jobError(err error) error { return err }

func (n *node) empty(verb string) error {
	return fmt.Errorf("%s: kiln.%s: %w", userSite(), verb, ErrEmpty)
}

// ownShuffle ties a shuffle's files to the node that reads it: they are dropped when nothing can ask for it any more.
func (s *Session) ownShuffle(n *node, id ids.ShuffleID) { s.shuffles.own(n, id) }
