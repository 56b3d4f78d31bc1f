package kiln

import (
	"errors"
	"fmt"

	"github.com/kilnproject/kiln/internal/core/plan"
	"github.com/kilnproject/kiln/internal/core/profile"
	"github.com/kilnproject/kiln/internal/core/sched/resource"
)

// ErrProfileConflict is in the chain of the error of a job in which RDDs of one stage have different profiles.
var ErrProfileConflict = plan.ErrProfileConflict

// ResourceProfile says what the tasks of a stage need: on what executors they run, and what each takes of one. It is a value that is never
// changed, built step by step from its zero value, which asks for nothing beyond the settings:
//
//	train := kiln.ResourceProfile{}.ExecutorSlots(4).ExecutorMemory(8<<30).ExecutorResource("gpu", 1).TaskResource("gpu", 0.25)
//
// A profile that says nothing of executors means those of the settings, and other numbers for its tasks. One that does means executors of
// their own shape, which kiln.dynamicAllocation.enabled starts and ends with the load; profiles that ask for the same executors share them.
// What such a profile does not say of slots and memory is as the master says; it has no resources but those that it names.
type ResourceProfile struct {
	asks  profile.Profile
	wrong error // the first thing that cannot be
}

// ExecutorSlots asks for executors with so many slots. 0 leaves it to the master.
func (p ResourceProfile) ExecutorSlots(n int) ResourceProfile {
	p.asks.Executor.Slots = n
	return p
}

// ExecutorMemory asks for executors that may use so many bytes in all, as kiln.executor.memory says it for the others. 0 leaves it to the
// settings.
func (p ResourceProfile) ExecutorMemory(bytes int64) ResourceProfile {
	p.asks.Executor.Memory = bytes
	return p
}

// ExecutorResource asks for executors with so many addresses of a resource, such as "gpu". Which addresses a machine has is for
// kiln.executor.resource.NAME.addresses or discoveryScript to say.
func (p ResourceProfile) ExecutorResource(name string, amount int) ResourceProfile {
	p.asks.Executor = p.asks.Executor.WithCount(profile.Count{Name: name, Amount: amount})
	return p
}

// TaskSlots says how many slots each task takes. 0 leaves it to kiln.task.cpus.
func (p ResourceProfile) TaskSlots(n int) ResourceProfile {
	p.asks.Task.Slots = n
	return p
}

// TaskResource says how many addresses of a resource each task takes: a whole number, which it then has for itself, or a part of one, which
// it shares: with 0.25 four tasks have the same address. TaskContext.Resources tells a task its addresses.
func (p ResourceProfile) TaskResource(name string, amount float64) ResourceProfile {
	n, err := profile.Amount(amount)
	if err != nil && p.wrong == nil {
		p.wrong = fmt.Errorf("a task takes %g of resource %q: it %w", amount, name, err)
	}
	p.asks.Task = p.asks.Task.WithNeed(resource.Need{Name: name, Amount: n})
	return p
}

// String gives the profile in words.
func (p ResourceProfile) String() string { return p.asks.String() }

// WithProfile says what the tasks need that compute the RDD, and returns the RDD. They are those of its whole stage: of everything from the
// shuffle before it to the one after it. RDDs of one stage with different profiles fail the job with ErrProfileConflict, unless
// kiln.scheduler.resource.profileMergeConflicts lets the stage ask for the most of each thing. A profile that no executor could ever meet,
// or that this master cannot, is refused here.
//
//go:noinline
func (d RDD[T]) WithProfile(p ResourceProfile) RDD[T] {
	d.n.setProfile(p)
	return d
}

func (n *node) setProfile(p ResourceProfile) {
	const verb = "WithProfile"
	n.made(verb)
	if err := errors.Join(p.wrong, n.s.profiles.refuse(p.asks)); err != nil {
		if p.wrong != nil {
			err = p.wrong // what follows from it says nothing new
		}
		panic(&BuildError{Verb: verb, Site: userSite(), Cause: err})
	}
	n.s.lineage.Lock() // a job that is cut now looks at base
	n.mu.Lock()
	n.profile = p.asks
	if n.base != nil {
		n.base.Profile = p.asks
	}
	n.mu.Unlock()
	n.s.lineage.Unlock()
	n.relay()
}
