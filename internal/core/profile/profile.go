package profile

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/kilnproject/kiln/internal/core/sched/resource"
)

// Profile is what a user asks for a stage. Its zero value asks for nothing beyond what the application's settings say. A Profile is never
// changed; whoever adds to one copies its lists.
type Profile struct {
	Executor Executor
	Task     Task
}

// Executor is a shape of executors. Zero fields are not asked for.
type Executor struct {
	Slots     int
	Memory    int64
	Resources []Count // by name
}

// Count is how many addresses of one resource an executor has.
type Count struct {
	Name   string
	Amount int
}

// Task is what each task takes of its executor. Zero fields are not asked for.
type Task struct {
	Slots     int
	Resources []resource.Need // by name
}

// IsZero says that the profile asks for nothing.
func (p Profile) IsZero() bool { return p.Executor.isZero() && p.Task.isZero() }

func (e Executor) isZero() bool { return e.Slots == 0 && e.Memory == 0 && len(e.Resources) == 0 }

func (t Task) isZero() bool { return t.Slots == 0 && len(t.Resources) == 0 }

// Equal says that two profiles ask for the same.
func (p Profile) Equal(q Profile) bool {
	return p.Executor.Equal(q.Executor) && p.Task.Slots == q.Task.Slots && slices.Equal(p.Task.Resources, q.Task.Resources)
}

// Equal says that executors of both shapes are alike.
func (e Executor) Equal(f Executor) bool {
	return e.Slots == f.Slots && e.Memory == f.Memory && slices.Equal(e.Resources, f.Resources)
}

// WithCount gives the shape with so many addresses of a resource, in place of what it said of that.
func (e Executor) WithCount(c Count) Executor {
	e.Resources = put(e.Resources, c, func(a, b Count) int { return strings.Compare(a.Name, b.Name) })
	return e
}

// WithNeed gives the task with what it takes of a resource, in place of what it said of that.
func (t Task) WithNeed(n resource.Need) Task {
	t.Resources = put(t.Resources, n, func(a, b resource.Need) int { return strings.Compare(a.Name, b.Name) })
	return t
}

// put gives a list in order with x in it, in place of what is equal to it. The list itself stays as it is.
func put[T any](list []T, x T, order func(a, b T) int) []T {
	at, there := slices.BinarySearchFunc(list, x, order)
	list = slices.Clone(list)
	if there {
		list[at] = x
		return list
	}
	return slices.Insert(list, at, x)
}

// Over gives what the profile means in an application whose settings say base, which is whole. A profile that says nothing of executors
// means those of base; else what it does not say of their slots and memory is as in base, and they have the resources that it names. A task
// has the resources that its profile names, and as many slots as base says when the profile does not.
func (p Profile) Over(base Profile) Profile {
	if p.IsZero() {
		return base
	}
	p.Task.Slots = cmp.Or(p.Task.Slots, base.Task.Slots)
	if p.Executor.isZero() {
		p.Executor = base.Executor
		return p
	}
	p.Executor.Slots = cmp.Or(p.Executor.Slots, base.Executor.Slots)
	p.Executor.Memory = cmp.Or(p.Executor.Memory, base.Executor.Memory)
	return p
}

// Merge gives, of each thing that one of the two asks for, the most.
func Merge(p, q Profile) Profile {
	p.Executor.Slots = max(p.Executor.Slots, q.Executor.Slots)
	p.Executor.Memory = max(p.Executor.Memory, q.Executor.Memory)
	for _, c := range q.Executor.Resources {
		c.Amount = max(c.Amount, p.Executor.count(c.Name))
		p.Executor = p.Executor.WithCount(c)
	}
	p.Task.Slots = max(p.Task.Slots, q.Task.Slots)
	for _, n := range q.Task.Resources {
		n.Amount = max(n.Amount, p.Task.need(n.Name))
		p.Task = p.Task.WithNeed(n)
	}
	return p
}

// count is how many addresses of a resource the shape has.
func (e Executor) count(name string) int {
	for _, c := range e.Resources {
		if c.Name == name {
			return c.Amount
		}
	}
	return 0
}

func (t Task) need(name string) int64 {
	for _, n := range t.Resources {
		if n.Name == name {
			return n.Amount
		}
	}
	return 0
}

// PerExecutor is how many tasks run at once on an executor that has so much: what it has least of decides. Both are whole.
func (t Task) PerExecutor(e Executor) int {
	n := e.Slots / max(t.Slots, 1)
	for _, need := range t.Resources {
		n = min(n, resource.Times(e.count(need.Name), need.Amount))
	}
	return n
}

// Amount gives a user's number of a resource in the scheduler's units: a part of one, or a whole number. What is neither is an error, which
// completes "it ...".
func Amount(of float64) (int64, error) {
	switch {
	case math.IsNaN(of) || of <= 0:
		return 0, fmt.Errorf("is not more than 0")
	case of > maxAmount:
		return 0, fmt.Errorf("is more than %d", maxAmount)
	case of > 1 && of != math.Trunc(of):
		return 0, fmt.Errorf("is neither a part of one nor a whole number: addresses are shared by parts, or had whole")
	case of < 1.0/resource.Unit:
		return 0, fmt.Errorf("is less than a millionth, which is the smallest part")
	}
	// Parts are cut off, so that three times a third is not more than one.
	return int64(of * resource.Unit), nil
}
