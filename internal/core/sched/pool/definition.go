package pool

import "fmt"

// Policy is how the members of a pool, or the pools of the tree, take turns.
type Policy uint8

// The policies.
const (
	FIFO Policy = iota // the lower job first, then the lower stage
	Fair               // who has least for its share and weight
)

// String gives Spark's name of the policy.
func (p Policy) String() string {
	if p == Fair {
		return "FAIR"
	}
	return "FIFO"
}

// Default is the pool of jobs that name none.
const Default = "default"

// MaxShare is the largest weight and minimum share.
const MaxShare = 1 << 20

// Definition is what a pool may have of the slots.
type Definition struct {
	Name     string
	Policy   Policy // between its own members
	Weight   int    // its part relative to other pools; at least 1
	MinShare int    // running tasks that it gets before others are weighed
}

// Unweighted gives the definition that Spark gives a pool of which it knows only the name.
func Unweighted(name string) Definition { return Definition{Name: name, Weight: 1} }

// Check gives an error, in words for who wrote the definition, when it cannot be.
func (d Definition) Check() error {
	switch {
	case d.Name == "":
		return fmt.Errorf("a pool has no name")
	case d.Policy > Fair:
		return fmt.Errorf("pool %q has policy %d: it is FIFO or FAIR", d.Name, d.Policy)
	case d.Weight < 1 || d.Weight > MaxShare:
		return fmt.Errorf("pool %q has weight %d: a weight is from 1 to %d", d.Name, d.Weight, MaxShare)
	case d.MinShare < 0 || d.MinShare > MaxShare:
		return fmt.Errorf("pool %q has minimum share %d: it is from 0 to %d", d.Name, d.MinShare, MaxShare)
	}
	return nil
}

// UnknownPool is the error of a job that names a pool that nobody defined, where that is not allowed.
type UnknownPool struct{ Name string }

// Error gives what is wrong and what to do.
func (e *UnknownPool) Error() string {
	return fmt.Sprintf("pool %q is not in the file of pools: define it there, or name one of those", e.Name)
}
