package sched

import (
	"math"
	"slices"
)

// The task attempts of an executor sit in a list, and lie together in memory. Those that are over stay behind the end of the list,
// where the next ones find them: what an executor touches is the same few lines again and again.
const (
	// roomAtOnce is for how many task attempts an executor gets room at once.
	roomAtOnce = 4
	// nearSeats are the first ones. Who sits there is looked for: to tell an attempt that it has moved would touch one more line.
	nearSeats = 16
	// farSeat is where the seats end that have a number. Who sits there or farther on is looked for, too.
	farSeat = math.MaxUint16
)

// room gives an executor's next task attempt the place in memory at the end of its list, which it joins when it sits down.
func (e *executor) room() *attempt {
	n := len(e.attempts)
	if n == cap(e.attempts) {
		e.attempts = slices.Grow(e.attempts, roomAtOnce)
	}
	list := e.attempts[:cap(e.attempts)]
	if list[n] == nil {
		fresh := make([]attempt, min(len(list)-n, roomAtOnce))
		for i := range fresh {
			list[n+i] = &fresh[i]
		}
	}
	return list[n]
}

// sit ends an executor's list with a task attempt that room gave.
func (e *executor) sit(a *attempt) {
	n := len(e.attempts)
	e.attempts = e.attempts[:n+1]
	e.attempts[n], a.seat = a, seatNumber(n)
}

// rise takes a task attempt out of an executor's list. The last one gets its seat.
func (e *executor) rise(a *attempt) {
	at, last := e.seatOf(a), len(e.attempts)-1
	moves := e.attempts[last]
	if e.attempts[at] = moves; at >= nearSeats {
		moves.seat = seatNumber(at)
	}
	e.attempts[last] = a
	e.attempts = e.attempts[:last]
}

func seatNumber(at int) uint16 { return uint16(min(at, farSeat)) }

// seatOf gives the place of a task attempt of an executor in its list.
func (e *executor) seatOf(a *attempt) int {
	if at := slices.Index(e.attempts[:min(len(e.attempts), nearSeats)], a); at >= 0 {
		return at
	}
	if a.seat < farSeat {
		return int(a.seat)
	}
	return farSeat + slices.Index(e.attempts[farSeat:], a)
}
