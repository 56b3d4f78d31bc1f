package sched

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/sched/barrier"
	"github.com/kilnproject/kiln/internal/core/sched/taskset"
	"github.com/kilnproject/kiln/internal/core/task"
)

// The tasks of a barrier stage may wait for each other, so one of them is no use without the others: an attempt of such a stage is
// launched in one Step or not at all, and ends as soon as one of its tasks ends without success. Here is how it is launched and what
// its tasks ask for; together.go says how it ends, and hold.go how it comes to its slots.

// gang is what a run of a barrier stage has beside.
type gang struct {
	room  *barrier.Room // where its tasks meet
	held  []heldBack    // of a result stage: by task, what the job gets when all are there
	hosts []string      // by task, since it was launched
	could bool          // the executors have room for it, if they do nothing else
	since Time          // since when it waits although they have; valid while could
}

// heldBack is a result that waits for those of the other tasks.
type heldBack struct {
	value   []byte
	updates []task.Update
}

// newGang gives a run of a barrier stage what it has beside; nil for any other stage.
func (c *Core) newGang(s *stage, tasks int) *gang {
	if !s.spec.Barrier {
		return nil
	}
	g := &gang{room: barrier.New(tasks, c.cfg.BarrierTimeout), hosts: make([]string, tasks)}
	if !s.isMap() {
		g.held = make([]heldBack, tasks)
	}
	return g
}

// offerTogether launches all tasks of a run, when there is room for all of them. Where each of them goes is a wish only. All of this
// goes out in one Step, however many actions that are: half of it would be of no use, and might be out of date before the rest.
func (c *Core) offerTogether(r *run) bool {
	n := r.set.Len()
	if r.shape.vacant < n*r.ask.slots || !r.takesAny() && !c.fitTogether(r, n) {
		return false
	}
	for r.set.Waiting() > 0 {
		if !c.match(r, taskset.Rack) && !c.takeAnywhere(r, taskset.Any) {
			panic(fmt.Sprintf("sched: %v was found to have room for its %d tasks, and has not", r.ref, n))
		}
	}
	c.whole = true
	for i, a := range r.heads {
		r.gang.hosts[i] = a.executor.host.name
	}
	return true
}

// fitTogether says that the executors have what n tasks of a run ask for now. They are looked at only when something is new.
func (c *Core) fitTogether(r *run, n int) bool {
	if !r.unseen && len(c.freshly) == 0 {
		return false
	}
	r.unseen = false
	for _, e := range r.shape.free.executors {
		if n -= e.roomNow(r); n <= 0 {
			return true
		}
	}
	return false
}

// roomNow is how many tasks of a run an executor can take now.
func (e *executor) roomNow(r *run) int {
	if e.shape != r.shape || e.free == 0 || r.refuses(e) {
		return 0
	}
	return min((e.slots-e.used)/r.ask.slots, e.stock.Most(r.ask.resources))
}

// roomAlone is how many it could take if it did nothing else.
func (e *executor) roomAlone(r *run) int {
	if e.shape != r.shape || !e.takesTasks() || r.refuses(e) {
		return 0
	}
	return min(e.slots/r.ask.slots, e.stock.MostAlone(r.ask.resources))
}

// tooFewSlots says that all executors together have not enough room for a barrier stage, or nothing.
func (c *Core) tooFewSlots(r *run) string {
	room := 0
	for _, e := range c.executors {
		if e != nil {
			room += e.roomAlone(r)
		}
	}
	if n := r.set.Len(); room < n {
		return fmt.Sprintf("it is a barrier stage, whose %d tasks run at the same time, and the executors%s have room for %d", n, r.shape.ofProfile(), room)
	}
	return ""
}

// tooLarge says which barrier stage of a job has more tasks than there can ever be slots, or nothing.
func (c *Core) tooLarge(stages []StageSpec) string {
	most := c.cfg.MostSlots
	for i := range stages {
		s := &stages[i]
		if n := s.Partitions * max(1, s.Slots); s.Barrier && s.Profile == 0 && most > 0 && n > most {
			return fmt.Sprintf("%s at %s is a barrier stage, whose %d tasks run at the same time: they take %d slots, and there are never more than %d; give it fewer partitions, or ask for more slots",
				s.Name, s.Site, s.Partitions, n, most)
		}
	}
	return ""
}

// meet lets a task attempt come to the room of its run.
func (c *Core) meet(a *attempt, call *task.Call) {
	r := a.run
	why := ""
	switch {
	case r.gang == nil:
		why = "its stage is not a barrier stage"
	case r != r.stage.current():
		why = "its stage attempt is over"
	}
	if why != "" {
		c.do(AnswerCall{a.executor.id, task.Reply{Ref: a.ref, Seq: call.Seq, Refused: why}})
		return
	}
	c.answer(r, r.gang.room.Come(c.now, a.index, call))
}

// answer gives replies to those tasks of a run that are still there.
func (c *Core) answer(r *run, replies []task.Reply) {
	for _, reply := range replies {
		if i, ok := r.set.Index(reply.Ref.Partition); ok && r.heads[i] != nil {
			c.do(AnswerCall{r.heads[i].executor.id, reply})
		}
	}
}

// expireRooms refuses those who wait in a round that takes too long.
func (c *Core) expireRooms() {
	for _, r := range c.gangs {
		c.answer(r, r.gang.room.Expire(c.now))
	}
}
