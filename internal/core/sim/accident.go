package sim

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
)

// Accident is something that happens once, at a time. Dice decides what else there is to decide: to whom, for how long.
type Accident struct {
	At   Time
	Kind AccidentKind
	Dice uint64
}

// AccidentKind is what an accident is.
type AccidentKind uint8

// The accidents.
const (
	ExecutorDies   AccidentKind = iota // and the driver hears of it
	HostDies                           // with all its executors
	LinkBreaks                         // and the executor ends; why is said later, or never
	ExecutorMutes                      // it lives, and no message comes from it or to it any more
	DiskForgets                        // some map outputs of an executor are gone, and nobody notices; now and then it is said
	OutputCopied                       // an executor takes a copy of a map output
	BlocksChange                       // an executor tells of cached partitions
	UserCancels                        // a job, a group, or what has a tag
	ExecutorDrains                     // executors are decommissioned
	HostDrains                         // and those of a host
	ExecutorKilled                     // by somebody's order
	NetworkParts                       // an executor, a host or a rack cannot be reached for a while; what it says meanwhile comes later
	ExecutorPauses                     // it does nothing for a while
	DriverPauses                       // the driver hears nothing for a while
	TasksProgress                      // an executor tells how far its tasks are, and now and then some that it does not have
)

var accidents = map[AccidentKind]func(w *World, r *rand.Rand, e *executor){
	ExecutorDies: func(w *World, _ *rand.Rand, e *executor) { w.lose(e, false) },
	HostDies:     func(w *World, _ *rand.Rand, e *executor) { w.loseHost(e.host) },
	LinkBreaks: func(w *World, r *rand.Rand, e *executor) {
		if !e.dead {
			w.tell(sched.ExecutorSuspected{ID: e.id, Reason: "its link ended"})
			w.lose(e, r.IntN(2) == 0)
		}
	},
	ExecutorMutes:  (*World).mute,
	DiskForgets:    (*World).loseOutputs,
	OutputCopied:   (*World).copyOutput,
	BlocksChange:   (*World).changeBlocks,
	UserCancels:    func(w *World, r *rand.Rand, _ *executor) { w.cancel(r) },
	ExecutorDrains: (*World).drain,
	HostDrains: func(w *World, r *rand.Rand, e *executor) {
		within := upTo(r, 5*time.Second)
		w.tell(sched.HostDecommissioned{Host: e.host, Reason: "maintenance", Within: within})
	},
	ExecutorKilled: func(w *World, r *rand.Rand, e *executor) {
		w.tell(sched.KillAsked{Executors: []ids.ExecutorID{e.id, e.id + 1}, Reason: "not needed", Force: r.IntN(2) == 0})
		for p := range max(1, w.Profiles) {
			w.more(ids.ProfileID(p), 2*time.Second)
			w.more(ids.ProfileID(p), 2*time.Second)
		}
	},
	NetworkParts:   (*World).part,
	ExecutorPauses: (*World).pause,
	TasksProgress:  (*World).progress,
	DriverPauses:   func(w *World, r *rand.Rand, _ *executor) { w.stop(upTo(r, 5*time.Second)) },
}

// makeAccidents draws what the counts of the scenario ask for.
func (d *drawing) makeAccidents() {
	some := func(n int, kinds ...AccidentKind) {
		for range n {
			kind := kinds[d.chance.IntN(len(kinds))]
			if kind == ExecutorMutes && d.Sched.Silence == 0 {
				continue // nobody would ever notice
			}
			d.Accidents = append(d.Accidents, Accident{d.upTo(d.Faults), kind, d.chance.Uint64()})
		}
	}
	some(d.Losses, ExecutorDies)
	some(d.DiskFaults, DiskForgets)
	some(d.Copies, OutputCopied)
	some(d.Caches, BlocksChange)
	some(d.Cancels, UserCancels)
	some(d.Retirements, HostDrains, ExecutorKilled, HostDies, LinkBreaks, ExecutorMutes, ExecutorDrains, ExecutorDrains)
	some(d.Partings, NetworkParts)
	some(d.Reports, TasksProgress)
	some(d.Pauses, ExecutorPauses, ExecutorPauses, DriverPauses)
}

// befall lets an accident happen, to one of the executors that have ever come.
func (w *World) befall(a Accident) {
	if len(w.executors) == 0 {
		return
	}
	r := rand.New(rand.NewPCG(a.Dice, 4))
	accidents[a.Kind](w, r, w.executors[r.IntN(len(w.executors))])
}

func upTo(r *rand.Rand, d Time) Time { return Time(r.Int64N(int64(d) + 1)) }

// mute cuts an executor off for good. The driver gives it up when it has heard nothing for long enough.
func (w *World) mute(_ *rand.Rand, e *executor) {
	if !e.dead && !e.mute && w.Sched.Silence > 0 {
		w.note("executor %v falls silent", e.id)
		e.mute = true
	}
}

// loseOutputs takes some map outputs from an executor, which does not know; or all, and it says so.
func (w *World) loseOutputs(r *rand.Rand, e *executor) {
	if r.IntN(4) == 0 {
		clear(e.outputs)
		w.tell(sched.OutputsLost{Executor: e.id})
		return
	}
	lost := 0
	for s := range w.Shuffles {
		for m := range w.Shuffles[s].Partitions {
			at := output{ids.ShuffleID(s), int32(m)}
			if _, there := e.outputs[at]; r.IntN(3) == 0 && there {
				delete(e.outputs, at)
				lost++
			}
		}
	}
	if lost > 0 {
		w.note("the disk of executor %v forgets %d map outputs", e.id, lost)
	}
}

// changeBlocks lets an executor lose cached partitions and say so, or tell what is not so, or an RDD be released.
func (w *World) changeBlocks(r *rand.Rand, e *executor) {
	rdd := ids.RDDID(r.IntN(3))
	if r.IntN(20) == 0 {
		clear(w.cached)
		w.uncache(rdd)
		w.tell(sched.RDDReleased{RDD: rdd})
		return
	}
	ev := sched.BlocksChanged{Executor: e.id}
	e.evict(func() bool { return r.IntN(2) == 0 })
	if r.IntN(4) > 0 {
		return
	}
	there := r.IntN(3) > 0
	for range 1 + r.IntN(8) {
		ev.Blocks = append(ev.Blocks, sched.BlockChange{RDD: rdd, Partition: int32(r.IntN(w.MaxTasks + 1)), There: there})
	}
	w.cached[e.id] = there
	w.tell(ev)
}

// progress lets an executor tell how far its tasks are.
func (w *World) progress(r *rand.Rand, e *executor) {
	ev := sched.Progressed{Executor: e.id}
	for _, ref := range e.started {
		if r.IntN(10) == 0 {
			ref.Try++
		}
		if e.running[ref] != nil || r.IntN(10) == 0 {
			ev.Tasks = append(ev.Tasks, sched.TaskProgress{Ref: ref, Rows: r.Int64N(100), Bytes: r.Int64N(3)})
		}
	}
	if !e.dead && !e.mute && w.now >= max(e.apart, e.paused) {
		w.tell(ev)
	}
}

func (w *World) cancel(r *rand.Rand) {
	switch r.IntN(4) {
	case 0:
		w.tell(sched.GroupCancelled{Group: fmt.Sprint(r.IntN(2)), Reason: "enough"})
	case 1:
		w.tell(sched.TagCancelled{Tag: fmt.Sprint(r.IntN(3)), Reason: "enough"})
	default:
		w.tell(sched.JobCancelled{Job: ids.JobID(r.IntN(max(1, len(w.jobs)))), Reason: "enough"})
	}
}

// drain decommissions an executor, and one that has not come yet.
func (w *World) drain(r *rand.Rand, e *executor) {
	within := upTo(r, 5*time.Second)
	if r.IntN(3) == 0 {
		within = 0
	}
	replace := r.IntN(2) == 0
	w.tell(sched.ExecutorsDecommissioned{Executors: []ids.ExecutorID{e.id, w.nextID}, Reason: "spot price", Within: within, Replace: replace})
	if replace {
		return
	}
	w.more(e.profile, within)
	for p := range max(1, w.Profiles) { // of which the second one is, nobody knows
		w.more(ids.ProfileID(p), within)
	}
}

// loseHost ends all executors of a host.
func (w *World) loseHost(host string) {
	for _, e := range w.executors {
		if e.host == host {
			w.lose(e, false) // of which the cluster manager tells later
		}
	}
	w.tell(sched.HostLost{Host: host, Reason: "no route to host"})
}
