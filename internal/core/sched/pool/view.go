package pool

import "fmt"

// View is an immutable picture of one pool.
type View struct {
	Definition
	Defined bool // else it was created for a job that named it
	Running int  // tasks
	Sets    int  // task sets in it
	Waiting int  // of these, in line
}

// View gives the pools by name; one, Default, with policy FIFO.
func (t *Tree[T]) View() []View {
	pools := make([]View, len(t.pools))
	for i, p := range t.pools {
		pools[i] = View{p.Definition, p.defined, p.running, p.members, p.line.Len()}
	}
	return pools
}

// Check gives an error when an invariant is broken.
func (t *Tree[T]) Check() error {
	inLine := 0
	for _, p := range t.pools {
		running := 0
		for i, m := range p.line.items {
			running += m.running
			if int(m.at) != i || m.pool != p || i > 0 && p.line.Less(i, (i-1)/2) {
				return fmt.Errorf("pool: %q has a member at %d of its line that is not in order", p.Name, i)
			}
		}
		if running > p.running || p.running < 0 || p.line.Len() > p.members || t.byName[p.Name] != p {
			return fmt.Errorf("pool: %q runs %d tasks of %d members, %d of which wait and run %d", p.Name, p.running, p.members, p.line.Len(), running)
		}
		if (p.at != absent) != (p.line.Len() > 0) || p.at != absent && t.line.items[p.at] != p {
			return fmt.Errorf("pool: %q is at %d of the line, with %d members in its own", p.Name, p.at, p.line.Len())
		}
		if p.at != absent {
			inLine++
		}
	}
	if inLine != t.line.Len() || len(t.pools) != len(t.byName) {
		return fmt.Errorf("pool: %d pools by name, %d of %d known ones, %d in line", len(t.byName), inLine, len(t.pools), t.line.Len())
	}
	return nil
}
