package driver

import (
	"slices"
	"time"

	"github.com/kilnproject/kiln/cluster"
	"github.com/kilnproject/kiln/internal/core/alloc"
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/profile"
	"github.com/kilnproject/kiln/internal/core/sched"
)

// Allocation is how executors come and go with the load.
type Allocation struct {
	Rules alloc.Config
}

// allocationPeriod is how often the load is looked at.
const allocationPeriod = 100 * time.Millisecond

// serving says that the cluster manager was asked for its first executors.
type serving struct {
	manager   cluster.Manager
	executors []cluster.Wanted
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
	now := d.core.View()
	next, w := d.alloc.Compute(d.load(now), d.now())
	d.alloc = next
	var list []cluster.Wanted
	for _, t := range w.Targets {
		// Executors that drain do no work, and may stay for long with what others read: others come in their place before they go.
		x := wanted(t.Profile, d.shapes[t.Profile], t.Executors+draining(now, t.Profile))
		x.Tasks = t.Placed
		for _, p := range t.Places {
			x.Places = append(x.Places, cluster.Place(p))
		}
		list = append(list, x)
	}
	if !slices.EqualFunc(list, d.want, sameWanted) {
		d.want = list
		d.ask()
	}
	const why = "it had nothing to do"
	if len(w.Release) > 0 {
		d.step(sched.KillAsked{Executors: w.Release, Reason: why})
	}
	if len(w.Drain) > 0 {
		d.step(sched.ExecutorsDecommissioned{Executors: w.Drain, Reason: why})
	}
}

// draining is how many executors of a profile drain.
func draining(v *sched.View, of ids.ProfileID) (n int) {
	for i := range v.Executors {
		if e := &v.Executors[i]; e.Profile == of && e.State == "draining" {
			n++
		}
	}
	return n
}

// wanted describes executors of a profile to a cluster manager.
func wanted(p ids.ProfileID, shape profile.Executor, executors int) cluster.Wanted {
	w := cluster.Wanted{Profile: int32(p), Executors: executors, Shape: cluster.Shape{Slots: shape.Slots, Memory: shape.Memory}}
	for _, r := range shape.Resources {
		w.Shape.Resources = append(w.Shape.Resources, cluster.Resource(r))
	}
	return w
}

// sameWanted says that there is nothing new to tell of a profile, whose shape stays.
func sameWanted(a, b cluster.Wanted) bool {
	return a.Profile == b.Profile && a.Executors == b.Executors && a.Tasks == b.Tasks && slices.Equal(a.Places, b.Places)
}

// ask tells the manager which executors are wanted. The list is not changed any more.
func (d *Driver) ask() {
	m, list := d.grants, d.want
	d.orders.put(func() { m.Want(list) })
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
	} else {
		d.wantMore(-1)
	}
}

// load is what the scheduler shows to dynamic allocation.
func (d *Driver) load(now *sched.View) *alloc.View {
	v := &alloc.View{Begun: d.nextJob.Load() > 0, Executors: make([]alloc.Executor, len(now.Executors))}
	for p, shape := range d.shapes {
		v.Profiles = append(v.Profiles, alloc.Profile{ID: ids.ProfileID(p), Slots: shape.Slots})
	}
	for i := range now.Stages {
		if s := &now.Stages[i]; s.Waiting+s.Running > 0 {
			v.Stages = append(v.Stages, d.loadOf(s))
		}
	}
	for i, e := range now.Executors {
		v.Executors[i] = alloc.Executor{
			ID: e.ID, Profile: e.Profile, Leaving: e.State != "active", Running: e.Used, Idle: e.Idle,
			Cached: e.Cached > 0, Outputs: e.Outputs > 0, Needed: e.Needed,
		}
	}
	return v
}

func (d *Driver) loadOf(s *sched.StageView) alloc.Stage {
	each := profile.Task{Slots: s.Slots, Resources: s.Resources}
	to := alloc.Stage{
		Profile: s.Profile, PerExecutor: each.PerExecutor(d.shapes[s.Profile]), Waiting: s.Waiting, Copies: s.Slow, Running: s.Running,
		Unschedulable: s.Excluded, Together: s.Together, Placed: s.Placed,
	}
	for _, p := range s.Places {
		to.Places = append(to.Places, alloc.Place(p))
	}
	return to
}
