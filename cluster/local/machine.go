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

// take gives an executor the first addresses that are free, or nothing when there are too few.
func (m machine) take(s cluster.Shape) (h held, ok bool) {
	needs := make([]resource.Need, len(s.Resources))
	for i, r := range s.Resources {
		needs[i] = resource.Need{Name: r.Name, Amount: int64(r.Amount) * resource.Unit}
	}
	if !m.stock.Fits(needs) {
		return held{}, false
	}
	h.grant = m.stock.Take(needs)
	h.resources = m.stock.Names(h.grant)
	return h, true
}

// give takes back what an executor had.
func (m machine) give(h held) { m.stock.Give(h.grant) }
