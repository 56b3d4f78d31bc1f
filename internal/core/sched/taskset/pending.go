package taskset

import "github.com/kilnproject/kiln/internal/core/ids"

// stack is task indexes, of which the last one is next.
type stack []int32

// pop takes indexes off until one is met that waits.
func (s *stack) pop(waits func(int32) bool) (int32, bool) {
	for n := len(*s); n > 0; n = len(*s) {
		i := (*s)[n-1]
		*s = (*s)[:n-1]
		if waits(i) {
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

func (e *everywhere) pop(n int32, waits func(int32) bool) (int32, bool) {
	if i, ok := e.again.pop(waits); ok {
		return i, true
	}
	for e.fresh < n {
		i := e.fresh
		e.fresh++
		if waits(i) {
			return i, true
		}
	}
	return 0, false
}

// preferred is the tasks that wait, by where they prefer to run.
type preferred struct {
	places     func(i int32) []Place
	byExecutor map[ids.ExecutorID]*stack // looked up, never ranged over
	byHost     map[string]*stack         // looked up, never ranged over
	none       stack                     // prefer no place
}

func newPreferred(n int32, places func(int32) []Place) *preferred {
	p := &preferred{places: places, byExecutor: map[ids.ExecutorID]*stack{}, byHost: map[string]*stack{}}
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

// pop gives the nearest task that waits, at most so far away as max.
func (p *preferred) pop(executor ids.ExecutorID, host string, max Level, waits func(int32) bool) (int32, Level, bool) {
	if list := p.byExecutor[executor]; list != nil {
		if i, ok := list.pop(waits); ok {
			return i, Process, true
		}
	}
	if max < Node {
		return 0, 0, false
	}
	if list := p.byHost[host]; list != nil {
		if i, ok := list.pop(waits); ok {
			return i, Node, true
		}
	}
	if max < NoPreference {
		return 0, 0, false
	}
	i, ok := p.none.pop(waits)
	return i, NoPreference, ok
}

// level says how near to the task's data a place is.
func (p *preferred) level(i int32, executor ids.ExecutorID, host string) Level {
	places := p.places(i)
	if len(places) == 0 {
		return NoPreference
	}
	level := Any
	for _, at := range places {
		switch {
		case at.OnExecutor && at.Executor == executor:
			return Process
		case at.Host == host && host != "":
			level = Node
		}
	}
	return level
}
