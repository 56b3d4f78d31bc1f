package profile

import (
	"fmt"
	"strings"

	"github.com/kilnproject/kiln/internal/core/sched/resource"
)

// The most that a profile may ask for: far beyond any machine, and small enough to count without overflow.
const (
	maxSlots  = 1 << 16
	maxAmount = 1 << 16
	maxName   = 100
)

// Check says what makes it impossible to give what a profile asks for, or nothing. The profile is whole: see Over.
func (p Profile) Check() error {
	if err := p.Executor.check(); err != nil {
		return err
	}
	switch {
	case p.Task.Slots < 1:
		return fmt.Errorf("a task takes %d slots, and needs at least one", p.Task.Slots)
	case p.Task.Slots > p.Executor.Slots:
		return fmt.Errorf("a task takes %d slots, and its executors have %d", p.Task.Slots, p.Executor.Slots)
	}
	for _, n := range p.Task.Resources {
		if err := CheckName(n.Name); err != nil {
			return fmt.Errorf("a task takes a resource %q, whose name %w", n.Name, err)
		}
		if has := p.Executor.count(n.Name); resource.Times(has, n.Amount) == 0 {
			return fmt.Errorf("a task takes %s, and its executors have %s", amountOf(n), quantity(has))
		}
	}
	if why := resource.Check(p.Task.Resources); why != "" {
		return fmt.Errorf("a task %s", why)
	}
	return nil
}

func (e Executor) check() error {
	switch {
	case e.Slots < 1 || e.Slots > maxSlots:
		return fmt.Errorf("an executor has %d slots; there may be from 1 to %d", e.Slots, maxSlots)
	case e.Memory < 0:
		return fmt.Errorf("an executor has %d bytes of memory", e.Memory)
	}
	for _, c := range e.Resources {
		if err := CheckName(c.Name); err != nil {
			return fmt.Errorf("an executor has a resource %q, whose name %w", c.Name, err)
		}
		if c.Amount < 1 || c.Amount > maxAmount {
			return fmt.Errorf("an executor has %d of resource %q; there may be from 1 to %d", c.Amount, c.Name, maxAmount)
		}
	}
	return nil
}

// ours are what executors have beside resources, by the names that users of other engines know.
var ours = map[string]string{"slots": "slots", "cores": "slots", "cpus": "slots", "memory": "memory"}

// CheckName says what is wrong with the name of a resource, or nothing. The error completes "it ...".
func CheckName(name string) error {
	strange := func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./", r))
	}
	switch {
	case name == "":
		return fmt.Errorf("is empty")
	case len(name) > maxName:
		return fmt.Errorf("is longer than %d bytes", maxName)
	case strings.ContainsFunc(name, strange):
		return fmt.Errorf("has other characters than letters, digits and -_./")
	case ours[name] != "":
		return fmt.Errorf("is what %s are called: ask for those", ours[name])
	}
	return nil
}
