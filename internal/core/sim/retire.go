package sim

import (
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
)

// beat gives signs of life, as long as something may be asked of the executor.
func (e *executor) beat() {
	w := e.world
	if w.Sched.Silence == 0 || w.over || e.dead || e.mute {
		return
	}
	w.tell(sched.Heard{Executor: e.id})
	w.plan(w.now+w.Sched.Silence/4, e.beat)
}

// retire makes some executors go, in one of the ways in which that happens. Whoever goes is replaced after a while.
func (w *World) retire() {
	if len(w.executors) == 0 {
		return
	}
	e := w.executors[w.chance.IntN(len(w.executors))]
	within := w.upTo(10*time.Second) / 2
	switch w.chance.IntN(7) {
	case 0:
		w.tell(sched.HostDecommissioned{Host: e.host, Reason: "maintenance", Within: within})
		w.plan(w.now+within, w.start)
	case 1:
		w.tell(sched.KillAsked{Executors: []ids.ExecutorID{e.id, e.id + 1}, Reason: "not needed", Force: w.chance.IntN(2) == 0})
	case 2:
		w.loseHost(e.host)
	case 3:
		if !e.dead {
			w.tell(sched.ExecutorSuspected{ID: e.id, Reason: "its link ended"})
			w.lose(e, w.chance.IntN(2) == 0)
		}
	case 4:
		e.mute = e.mute || w.Sched.Silence > 0
	default:
		if w.chance.IntN(3) == 0 {
			within = 0
		}
		who := []ids.ExecutorID{e.id, ids.ExecutorID(len(w.executors))}
		w.tell(sched.ExecutorsDecommissioned{Executors: who, Reason: "spot price", Within: within, ByItself: w.chance.IntN(2) == 0})
		for range 2 {
			w.plan(w.now+within, w.start)
		}
	}
}

// loseHost ends all executors of a host.
func (w *World) loseHost(host string) {
	for _, e := range w.executors {
		if e.host == host && !e.dead {
			e.dead = true
			w.plan(w.now+w.upTo(2*time.Second), w.start)
		}
	}
	w.tell(sched.HostLost{Host: host, Reason: "no route to host"})
}
