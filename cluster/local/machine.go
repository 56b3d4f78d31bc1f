package local

import (
	"github.com/kilnproject/kiln/cluster"
	"github.com/kilnproject/kiln/internal/core/sched/resource"
	"github.com/kilnproject/kiln/internal/core/task"
)

// machine is the resources of this machine, which executors on it divide: each address belongs to one executor at a time.
type machine struct{ stock *resource.Stock }

func newMachine(has []resource.Offer) machine { return machine{resource.NewStock(has)} }

// held is what one executor has of the machine.
type held struct {
	grant     resource.Grant
	resources []task.Resource
}

// fits says that there are addresses for one more executor.
func (m machine) fits(s cluster.Shape) bool { return m.stock.Fits(needs(s)) }

// take gives an executor, for which they suffice, the first addresses that are free.
func (m machine) take(s cluster.Shape) (h held) {
	h.grant = m.stock.Take(needs(s))
	h.resources = m.stock.Names(h.grant)
	return h
}

func needs(s cluster.Shape) []resource.Need {
	all := make([]resource.Need, len(s.Resources))
	for i, r := range s.Resources {
		all[i] = resource.Need{Name: r.Name, Amount: int64(r.Amount) * resource.Unit}
	}
	return all
}

// give takes back what an executor had.
func (m machine) give(h held) { m.stock.Give(h.grant) }
