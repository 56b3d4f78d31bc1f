package sched

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestSeatsAreKnown plays an executor with more task attempts than seats have numbers, and with few.
func TestSeatsAreKnown(t *testing.T) {
	for _, most := range []int{1, 3, 5, nearSeats + 2, 70, farSeat + 100} {
		e, chance := &executor{}, rand.New(rand.NewPCG(1, uint64(most)))
		e.attempts = e.few[:0]
		var want []*attempt
		in := func() {
			a := e.room()
			if slices.Contains(want[max(0, len(want)-100):], a) {
				t.Fatal("room is given twice")
			}
			*a = attempt{executor: e}
			e.sit(a)
			want = append(want, a)
		}
		out := func(at int) {
			e.rise(want[at])
			want[at] = want[len(want)-1]
			want = want[:len(want)-1]
		}
		for len(want) < most {
			in()
		}
		for range 300 {
			if at := most - 1 - chance.IntN(min(most, 200)); at < len(want) && chance.IntN(2) == 0 {
				out(at)
			} else if len(want) < most {
				in()
			}
			for at := max(0, len(e.attempts)-300); at < len(e.attempts); at++ {
				if e.seatOf(e.attempts[at]) != at {
					t.Fatalf("seat %d of %d is taken for %d", at, len(want), e.seatOf(e.attempts[at]))
				}
			}
		}
		for len(want) > 0 {
			out(chance.IntN(len(want)))
		}
		if len(e.attempts) != 0 {
			t.Fatalf("%d are left", len(e.attempts))
		}
	}
}
