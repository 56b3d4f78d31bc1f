package sched

import (
	"slices"
	"strings"
)

// HostTasks is how many tasks prefer a host.
type HostTasks struct {
	Host  string
	Tasks int
}

// placing is which hosts the tasks of a run prefer.
type placing struct {
	tasks int // that prefer some
	hosts []HostTasks
}

// places says which hosts the tasks of a run prefer: how many prefer some, and how many each. It is counted when it is asked for first.
func (r *run) places() (tasks int, hosts []HostTasks) {
	if !r.set.Prefers() {
		return 0, nil
	}
	if r.placing == nil {
		r.placing = r.countPlaces()
	}
	return r.placing.tasks, r.placing.hosts
}

func (r *run) countPlaces() *placing {
	n, known := &placing{}, map[string]int{}
	for i := range int32(r.set.Len()) {
		places := r.set.Places(i)
		some := false
		for at, p := range places {
			again := slices.ContainsFunc(places[:at], func(o Place) bool { return o.Host == p.Host })
			if p.Host == "" || again {
				continue
			}
			h, ok := known[p.Host]
			if !ok {
				h = len(n.hosts)
				known[p.Host] = h
				n.hosts = append(n.hosts, HostTasks{Host: p.Host})
			}
			n.hosts[h].Tasks++
			some = true
		}
		if some {
			n.tasks++
		}
	}
	slices.SortFunc(n.hosts, func(a, b HostTasks) int { return strings.Compare(a.Host, b.Host) })
	return n
}
