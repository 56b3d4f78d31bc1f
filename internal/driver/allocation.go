package driver

import (
	"time"

	"github.com/kilnproject/kiln/cluster"
	"github.com/kilnproject/kiln/internal/core/alloc"
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
)

// Allocation is how executors come and go with the load.
type Allocation struct {
	Rules       alloc.Config
	Slots       int           // of each executor
	DrainWithin time.Duration // how long executors that are drained may take; 0 means as long as it takes
}

// allocationPeriod is how often the load is looked at.
const allocationPeriod = 100 * time.Millisecond

// serving says that the cluster manager was asked for its first executors.
type serving struct {
	manager   cluster.Manager
	executors int
}

// looks says when to look at the load: never, unless executors come and go with it.
func (d *Driver) looks() <-chan time.Time {
	if d.cfg.Allocation == nil {
		return nil
	}
	return time.Tick(allocationPeriod)
}

// allocate looks at the load, and orders executors to come and go.
func (d *Driver) allocate() {
	if d.grants == nil {
		return
	}
	next, w := d.alloc.Compute(d.load(), d.now())
	d.alloc = next
	if n := w.Targets[0].Executors; n != d.want {
		d.want = n
		d.ask()
	}
	const why = "it had nothing to do"
	if len(w.Release) > 0 {
		d.step(sched.KillAsked{Executors: w.Release, Reason: why})
	}
	if len(w.Drain) > 0 {
		d.step(sched.ExecutorsDecommissioned{Executors: w.Drain, Reason: why, Within: d.cfg.Allocation.DrainWithin})
	}
}

// ask tells the manager how many executors are wanted.
func (d *Driver) ask() {
	m, n := d.grants, d.want
	d.orders.put(func() { m.Want(n) })
}

// release has the manager end an executor, which lowers the number wanted: where that stays as it is, it is said again.
func (d *Driver) release(a sched.KillExecutor) {
	if d.grants == nil {
		return
	}
	m, id := d.grants, int32(a.Executor)
	d.orders.put(func() { m.Release([]int32{id}) })
	if a.Replace || d.cfg.Allocation != nil {
		d.ask()
		return
	}
	d.want--
}

// load is what the scheduler shows to dynamic allocation.
func (d *Driver) load() *alloc.View {
	now := d.core.View()
	v := &alloc.View{
		Begun:     d.nextJob.Load() > 0,
		Profiles:  []alloc.Profile{{Slots: d.cfg.Allocation.Slots}},
		Executors: make([]alloc.Executor, len(now.Executors)),
	}
	for _, s := range now.Stages {
		if s.Waiting+s.Running > 0 {
			v.Stages = append(v.Stages, alloc.Stage{Waiting: s.Waiting, Running: s.Running})
		}
	}
	for i, e := range now.Executors {
		v.Executors[i] = alloc.Executor{
			ID: e.ID, Leaving: e.State != "active", Running: e.Used, Idle: e.Idle,
			Cached: d.hasCached(e.ID), Outputs: e.Outputs > 0, Needed: e.Needed,
		}
	}
	return v
}

// hasCached says that an executor has some partition of a cached RDD.
func (d *Driver) hasCached(id ids.ExecutorID) bool {
	r := d.remotes[id]
	return r != nil && len(r.cached) > 0
}
