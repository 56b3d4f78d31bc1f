package taskset

import (
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// stack is task indexes, of which the last one is next.
type stack []int32

// filter says which tasks may be taken: those that wait, and are allowed where that is asked. Those that only wait stay where they are.
type filter struct {
	set     *Set
	allowed func(int32) bool // nil: all of them
}

func (f filter) waits(i int32) bool { return f.set.waits(i) }

func (f filter) allows(i int32) bool { return f.allowed == nil || f.allowed(i) }

// pop takes indexes off until one is met that waits and is allowed.
func (s *stack) pop(f filter) (int32, bool) {
	for at := len(*s) - 1; at >= 0; at-- {
		i := (*s)[at]
		waits := f.waits(i)
		if waits && !f.allows(i) {
			continue
		}
		*s = slices.Delete(*s, at, at+1)
		if waits {
			return i, true
		}
	}
	return 0, false
}

// everywhere is all tasks that wait. Tasks that were never met on it need no list: they are those from fresh on.
type everywhere struct {
	fresh int32
	again stack // came back
}

func (e *everywhere) pop(n int32, f filter) (int32, bool) {
	if i, ok := e.again.pop(f); ok {
		return i, true
	}
	for e.fresh < n {
		i := e.fresh
		e.fresh++
		switch {
		case !f.waits(i):
		case f.allows(i):
			return i, true
		default:
			e.again = append(e.again, i)
		}
	}
	return 0, false
}

// preferred is the tasks that wait, by where they prefer to run.
type preferred struct {
	places     func(i int32) []Place
	byExecutor map[ids.ExecutorID]*stack // looked up, never ranged over
	byHost     map[string]*stack         // looked up, never ranged over
	byRack     map[string]*stack         // looked up, never ranged over
	none       stack                     // prefer no place
}

func newPreferred(n int32, places func(int32) []Place) *preferred {
	p := &preferred{places: places, byExecutor: map[ids.ExecutorID]*stack{}, byHost: map[string]*stack{}, byRack: map[string]*stack{}}
	for i := n - 1; i >= 0; i-- { // low indexes end on top
		p.push(i)
	}
	return p
}

func (p *preferred) push(i int32) {
	places := p.places(i)
	if len(places) == 0 {
		p.none = append(p.none, i)
	}
	for _, at := range places {
		if at.OnExecutor {
			pushOn(p.byExecutor, at.Executor, i)
		}
		if at.Host != "" {
			pushOn(p.byHost, at.Host, i)
		}
		if at.Rack != "" {
			pushOn(p.byRack, at.Rack, i)
		}
	}
}

func pushOn[K comparable](lists map[K]*stack, key K, i int32) {
	list := lists[key]
	if list == nil {
		list = new(stack)
		lists[key] = list
	}
	*list = append(*list, i)
}

// pop gives the nearest task that waits, at most so far away as max, or one that prefers no place, which is nowhere far.
func (p *preferred) pop(at Spot, max Level, f filter) (int32, Level, bool) {
	if i, ok := popFrom(p.byExecutor, at.Executor, f); ok {
		return i, Process, true
	}
	if max >= Node {
		if i, ok := popFrom(p.byHost, at.Host, f); ok {
			return i, Node, true
		}
	}
	if i, ok := p.none.pop(f); ok {
		return i, NoPreference, true
	}
	if max >= Rack && at.Rack != "" {
		if i, ok := popFrom(p.byRack, at.Rack, f); ok {
			return i, Rack, true
		}
	}
	return 0, 0, false
}

func popFrom[K comparable](lists map[K]*stack, key K, f filter) (int32, bool) {
	list := lists[key]
	if list == nil {
		return 0, false
	}
	return list.pop(f)
}

// wants gives the nearest level at which some task has ever waited for a place.
func (p *preferred) wants(at Spot) Level {
	switch {
	case p.byExecutor[at.Executor] != nil:
		return Process
	case p.byHost[at.Host] != nil:
		return Node
	case at.Rack != "" && p.byRack[at.Rack] != nil:
		return Rack
	}
	return Any
}

// level says how near to the task's data a place is.
func (p *preferred) level(i int32, at Spot) Level {
	places := p.places(i)
	if len(places) == 0 {
		return NoPreference
	}
	level := Any
	for _, want := range places {
		switch {
		case want.OnExecutor && want.Executor == at.Executor:
			return Process
		case want.Host == at.Host && at.Host != "":
			level = Node
		case want.Rack == at.Rack && at.Rack != "":
			level = min(level, Rack)
		}
	}
	return level
}
