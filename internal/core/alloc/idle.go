package alloc

import "github.com/kilnproject/kiln/internal/core/ids"

// timedOut gives the executors that have had nothing to do for so long that they may go.
func (a *Allocator) timedOut(v *View, now Time) (idle []Executor) {
	for _, e := range v.Executors {
		if !e.Leaving && e.Running == 0 && a.deadline(e) <= now {
			idle = append(idle, e)
		}
	}
	return idle
}

// deadline is when an idle executor may go.
func (a *Allocator) deadline(e Executor) Time {
	if a.cfg.TrackShuffles && e.Needed {
		return Never
	}
	stays := a.cfg.Idle
	if e.Cached {
		stays = max(stays, a.cfg.CachedIdle)
	}
	if a.cfg.TrackShuffles && e.Outputs {
		stays = max(stays, a.cfg.ShuffleIdle)
	}
	return later(e.Idle, stays)
}

// spared gives those of the idle executors that can go without leaving fewer than are wanted, which is never less than there must be.
func (a *Allocator) spared(v *View, idle []Executor) (leave []ids.ExecutorID) {
	for _, g := range a.targets {
		staying := 0
		for _, e := range v.Executors {
			if e.Profile == g.profile && !e.Leaving {
				staying++
			}
		}
		for _, e := range idle {
			if e.Profile == g.profile && staying > g.target {
				staying--
				leave = append(leave, e.ID)
			}
		}
	}
	return leave
}
