package profile

import (
	"fmt"
	"strings"

	"github.com/kilnproject/kiln/internal/core/sched/resource"
)

// String gives what is asked for in words, such as "executors of 4 slots, 2g, 1 gpu; tasks of 2 slots, 0.5 gpu".
func (p Profile) String() string {
	var parts []string
	if text := p.Executor.String(); text != "" {
		parts = append(parts, "executors of "+text)
	}
	if text := p.Task.String(); text != "" {
		parts = append(parts, "tasks of "+text)
	}
	if parts == nil {
		return "nothing beyond the settings"
	}
	return strings.Join(parts, "; ")
}

// String gives the shape in words, or nothing.
func (e Executor) String() string {
	var words []string
	if e.Slots != 0 {
		words = append(words, plural(e.Slots, "slot"))
	}
	if e.Memory != 0 {
		words = append(words, memory(e.Memory))
	}
	for _, c := range e.Resources {
		words = append(words, fmt.Sprintf("%d %s", c.Amount, c.Name))
	}
	return strings.Join(words, ", ")
}

// String gives what a task takes in words, or nothing.
func (t Task) String() string {
	var words []string
	if t.Slots != 0 {
		words = append(words, plural(t.Slots, "slot"))
	}
	for _, n := range t.Resources {
		words = append(words, amountOf(n))
	}
	return strings.Join(words, ", ")
}

func amountOf(n resource.Need) string {
	return fmt.Sprintf("%g %s", float64(n.Amount)/resource.Unit, n.Name)
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// quantity is a number of what was named just before.
func quantity(n int) string {
	if n == 0 {
		return "none"
	}
	return fmt.Sprint(n)
}

// memory gives bytes in the largest unit that is exact, as settings are written.
func memory(n int64) string {
	for _, u := range []struct {
		name  string
		bytes int64
	}{{"g", 1 << 30}, {"m", 1 << 20}, {"k", 1 << 10}} {
		if n%u.bytes == 0 {
			return fmt.Sprintf("%d%s", n/u.bytes, u.name)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}
