package pool

import (
	"cmp"
	"fmt"
	"iter"
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// Config is the pools of an application.
type Config struct {
	Policy Policy       // between pools. With FIFO there are none: definitions and names of pools mean nothing
	Pools  []Definition // Default is added when it is not among them
	Strict bool         // refuse a job that names another pool, which Spark creates with weight 1
}

// Tree is pools with their members. It is not safe for concurrent use.
type Tree[T any] struct {
	policy  Policy
	strict  bool
	byName  map[string]*pool[T] // looked up, never ranged over
	pools   []*pool[T]          // by name
	line    line[*pool[T]]      // those with members in line
	entered uint64
}

// pool is a pool. Invariant: it is in the tree's line exactly while a member is in its own.
type pool[T any] struct {
	Definition
	defined bool // it stays when the last member leaves
	line    line[*Member[T]]
	at      int32 // in the tree's line
	members int
	running int // tasks of all members
}

// Member is a task set that has its turn, from Enter until Leave.
type Member[T any] struct {
	job     ids.JobID
	stage   ids.StageID
	of      T
	pool    *pool[T]
	entered uint64
	at      int32 // in the pool's line
	running int
}

// New gives a tree. The error says which definition cannot be.
func New[T any](c Config) (*Tree[T], error) {
	t := &Tree[T]{policy: c.Policy, strict: c.Strict, byName: map[string]*pool[T]{}}
	t.line = line[*pool[T]]{before: poolBefore[T], place: func(p *pool[T]) *int32 { return &p.at }}
	for _, d := range c.Pools {
		if t.byName[d.Name] != nil {
			return nil, fmt.Errorf("pool %q is defined twice", d.Name)
		}
		if err := t.Define(d); err != nil {
			return nil, err
		}
	}
	if t.byName[Default] == nil {
		t.add(Unweighted(Default)).defined = true
	}
	return t, nil
}

// Define adds a pool, or changes the one of that name.
func (t *Tree[T]) Define(d Definition) error {
	if err := d.Check(); err != nil {
		return err
	}
	p := t.byName[d.Name]
	if p == nil {
		p = t.add(d)
	}
	policy := p.Policy
	p.Definition, p.defined = d, true
	if policy != d.Policy {
		t.reorder(p)
	}
	t.line.moved(p)
	return nil
}

func (t *Tree[T]) add(d Definition) *pool[T] {
	p := &pool[T]{Definition: d, at: absent}
	p.line.place = func(m *Member[T]) *int32 { return &m.at }
	p.line.before = t.order(d.Policy)
	t.byName[d.Name] = p
	at, _ := slices.BinarySearchFunc(t.pools, d.Name, byName[T])
	t.pools = slices.Insert(t.pools, at, p)
	return p
}

func byName[T any](p *pool[T], name string) int { return cmp.Compare(p.Name, name) }

// order gives the order between members of a pool with a policy.
func (t *Tree[T]) order(of Policy) func(a, b *Member[T]) bool {
	if t.policy == Fair && of == Fair {
		return fairBefore[T]
	}
	return fifoBefore[T]
}

// reorder lines the members up anew, for the pool has another policy.
func (t *Tree[T]) reorder(p *pool[T]) {
	waiting := p.line.items
	p.line.items, p.line.before = nil, t.order(p.Policy)
	for _, m := range waiting {
		m.at = absent
		p.line.add(m)
	}
}

// Known says that Enter finds the pool: with policy FIFO, or when it is defined, or when unknown pools are created.
func (t *Tree[T]) Known(name string) bool {
	return !t.strict || t.policy == FIFO || name == "" || t.byName[name] != nil
}

// Enter gives a task set its place in a pool; no name means Default. Created says that nobody had defined the pool. The only error
// is an *UnknownPool, when Known is false.
func (t *Tree[T]) Enter(name string, job ids.JobID, stage ids.StageID, of T) (m *Member[T], created bool, err error) {
	if !t.Known(name) {
		return nil, false, &UnknownPool{name}
	}
	if name == "" || t.policy == FIFO {
		name = Default
	}
	p := t.byName[name]
	if p == nil {
		p, created = t.add(Unweighted(name)), true
	}
	p.members++
	t.entered++
	return &Member[T]{job: job, stage: stage, of: of, pool: p, entered: t.entered, at: absent}, created, nil
}

// Leave takes a task set out of the tree, and a pool with its last one when nobody defined it. The member is not used any more.
func (t *Tree[T]) Leave(m *Member[T]) {
	p := m.pool
	t.Rest(m)
	p.running -= m.running
	p.members--
	t.line.moved(p)
	if p.members == 0 && !p.defined {
		delete(t.byName, p.Name)
		at, _ := slices.BinarySearchFunc(t.pools, p.Name, byName[T])
		t.pools = slices.Delete(t.pools, at, at+1)
	}
}

// Wait puts a task set in line for slots.
func (t *Tree[T]) Wait(m *Member[T]) {
	m.pool.line.add(m)
	t.line.add(m.pool)
}

// Rest takes a task set out of line.
func (t *Tree[T]) Rest(m *Member[T]) {
	m.pool.line.remove(m)
	if m.pool.line.Len() == 0 {
		t.line.remove(m.pool)
	}
}

// Started says that a task of the set runs.
func (t *Tree[T]) Started(m *Member[T]) { t.run(m, 1) }

// Ended says that a task of the set does not run any more.
func (t *Tree[T]) Ended(m *Member[T]) { t.run(m, -1) }

func (t *Tree[T]) run(m *Member[T], tasks int) {
	m.running += tasks
	m.pool.running += tasks
	m.pool.line.moved(m)
	t.line.moved(m.pool)
}

// Waiting says that a task set is in line.
func (m *Member[T]) Waiting() bool { return m.at != absent }

// First gives the task set in line whose turn it is.
func (t *Tree[T]) First() (of T, ok bool) {
	if t.line.Len() == 0 {
		return of, false
	}
	return t.line.items[0].line.items[0].of, true
}

// All gives the task sets in line, in order. The cost grows with how many of them are looked at. Nothing may be told to the tree
// meanwhile.
func (t *Tree[T]) All() iter.Seq[T] {
	return func(yield func(T) bool) {
		for p := range t.line.all() {
			for m := range p.line.all() {
				if !yield(m.of) {
					return
				}
			}
		}
	}
}
