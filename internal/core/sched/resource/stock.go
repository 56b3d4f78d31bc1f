package resource

import (
	"fmt"
	"math"
	"slices"

	"github.com/kilnproject/kiln/internal/core/task"
)

// Unit is one whole address.
const Unit = 1_000_000

// Offer is what an executor has of one resource.
type Offer struct {
	Name      string
	Addresses []string
}

// Need is what a task asks of one resource: a part of one Unit, or a multiple of it.
type Need struct {
	Name   string
	Amount int64
}

// Check says what makes needs impossible, or nothing.
func Check(needs []Need) string {
	for i, n := range needs {
		switch {
		case n.Name == "":
			return "asks for a resource without a name"
		case n.Amount <= 0 || n.Amount > Unit && n.Amount%Unit != 0:
			return fmt.Sprintf("asks for %g of resource %q: a task takes a part of one, or whole ones", float64(n.Amount)/Unit, n.Name)
		case slices.ContainsFunc(needs[:i], func(o Need) bool { return o.Name == n.Name }):
			return fmt.Sprintf("asks twice for resource %q", n.Name)
		}
	}
	return ""
}

// Times is how many tasks can have so much of a resource at once, where there are so many addresses: as many as share an address, for each
// of them, or one for as many addresses as it takes.
func Times(addresses int, amount int64) int {
	switch {
	case amount <= 0:
		return 0
	case amount <= Unit:
		return addresses * int(Unit/amount)
	}
	return int(int64(addresses) * Unit / amount)
}

// Stock is what an executor has, and what of it is free.
type Stock struct {
	offers []Offer
	free   [][]int64 // by offer and address, from 0 to Unit
}

// nothing is the stock of executors that have only slots. There is nothing in it that could change.
var nothing = &Stock{}

// NewStock gives the stock of an executor of which nothing is taken.
func NewStock(offers []Offer) *Stock {
	if len(offers) == 0 {
		return nothing
	}
	s := &Stock{offers: offers, free: make([][]int64, len(offers))}
	for i := range offers {
		s.free[i] = make([]int64, len(offers[i].Addresses))
		for a := range s.free[i] {
			s.free[i][a] = Unit
		}
	}
	return s
}

// part is some of one address.
type part struct {
	offer, address int32
	amount         int64
}

// Grant is what a task has taken.
type Grant struct{ parts []part }

// Fits says that a task can have what it needs now.
func (s *Stock) Fits(needs []Need) bool { return s.all(needs, func(free int64) int64 { return free }) }

// Could says that a task could have what it needs if nobody else had taken anything.
func (s *Stock) Could(needs []Need) bool { return s.all(needs, func(int64) int64 { return Unit }) }

// Most is how many tasks can have what each of them needs now, or as many as one likes when they need nothing.
func (s *Stock) Most(needs []Need) int { return s.most(needs, func(free int64) int64 { return free }) }

// MostAlone is how many could have it if nobody else had taken anything.
func (s *Stock) MostAlone(needs []Need) int {
	return s.most(needs, func(int64) int64 { return Unit })
}

// most counts tasks by the resource of which there is the least, where free tells what counts as free of an address.
func (s *Stock) most(needs []Need, free func(int64) int64) int {
	tasks := math.MaxInt
	for _, n := range needs {
		at := s.find(n.Name)
		if at < 0 {
			return 0
		}
		shares := int64(0) // parts of one address, or whole ones
		for _, f := range s.free[at] {
			shares += free(f) / min(n.Amount, Unit)
		}
		tasks = min(tasks, int(shares/max(1, n.Amount/Unit)))
	}
	return tasks
}

// all says that there is enough of everything, where free tells what counts as free of an address.
func (s *Stock) all(needs []Need, free func(int64) int64) bool {
	for _, n := range needs {
		at := s.find(n.Name)
		if at < 0 {
			return false
		}
		left := n.Amount
		for _, f := range s.free[at] {
			if take := min(n.Amount, Unit); free(f) >= take {
				left -= take
			}
		}
		if left > 0 {
			return false
		}
	}
	return true
}

func (s *Stock) find(name string) int {
	return slices.IndexFunc(s.offers, func(o Offer) bool { return o.Name == name })
}

// Take gives a task what it needs, which fits: the first addresses that have it.
func (s *Stock) Take(needs []Need) Grant {
	var g Grant
	for _, n := range needs {
		at, left, take := s.find(n.Name), n.Amount, min(n.Amount, Unit)
		for a := 0; left > 0; a++ {
			if free := &s.free[at][a]; *free >= take {
				*free -= take
				left -= take
				g.parts = append(g.parts, part{int32(at), int32(a), take})
			}
		}
	}
	return g
}

// Give takes back what a task had.
func (s *Stock) Give(g Grant) {
	for _, p := range g.parts {
		s.free[p.offer][p.address] += p.amount
	}
}

// Names gives the addresses of a grant, as its task learns them.
func (s *Stock) Names(g Grant) []task.Resource {
	var list []task.Resource
	for _, p := range g.parts {
		o := &s.offers[p.offer]
		if last := len(list) - 1; last < 0 || list[last].Name != o.Name {
			list = append(list, task.Resource{Name: o.Name})
		}
		r := &list[len(list)-1]
		r.Addresses = append(r.Addresses, o.Addresses[p.address])
	}
	return list
}

// Untaken says that everything is free.
func (s *Stock) Untaken() bool {
	return !slices.ContainsFunc(s.free, func(list []int64) bool {
		return slices.ContainsFunc(list, func(free int64) bool { return free != Unit })
	})
}
