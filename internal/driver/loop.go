package driver

import (
	"context"
	"fmt"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/sched/resource"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/link/wire"
)

// mostAtOnce is how many reports are taken before actions are carried out.
const mostAtOnce = 256

// loop is the one goroutine that owns the core.
func (d *Driver) loop() {
	defer close(d.done)
	wake := time.NewTimer(time.Hour)
	defer wake.Stop()
	pulse := time.NewTicker(pulsePeriod)
	defer pulse.Stop()
	load := d.looks()
	for {
		select {
		case x := <-d.in:
			d.turn()
			d.take(x)
		case <-load:
			d.allocate()
		case <-wake.C:
			d.turn()
			d.step(sched.Woke{})
		case <-pulse.C:
			d.turn()
			d.record.sync()
			d.forgetOver()
		case <-d.quit:
			d.shutDown()
			return
		}
		for range mostAtOnce {
			select {
			case x := <-d.in:
				d.take(x)
				continue
			default:
			}
			break
		}
		d.flush()
		if at, ok := d.core.Wake(); ok {
			wake.Reset(max(0, at-d.now()))
		}
	}
}

// take does what one report asks for.
func (d *Driver) take(x any) {
	switch x := x.(type) {
	case heardFrom:
		d.hear(x)
	case submission:
		d.jobs[x.job.ID] = x.handle
		d.step(sched.JobSubmitted{Job: x.job})
	case fetched:
		d.taskEnded(x.executor, &x.end)
		d.sendDrop(x.executor, wire.Drop{Kind: ids.ResultBlock, ID: int64(x.end.ID)})
	case someGone:
		d.hearOfLosses()
	case wire.Drop:
		for _, r := range d.remotes { //nolint:maprange // every executor gets the same
			b := d.batch(r)
			b.Drop = append(b.Drop, x)
		}
	case chan *sched.View:
		x <- d.core.View()
	case serving:
		d.grants, d.want = x.manager, x.executors
	case defined:
		d.define(x)
	case sched.Event:
		d.step(x)
	}
}

func (d *Driver) hear(m heardFrom) {
	r := m.from
	if m.up == nil { // the manager may say why
		if d.remotes[r.id] == r {
			d.detach(r.id)
			d.step(sched.ExecutorSuspected{ID: r.id, Reason: "its connection ended"})
		}
		return
	}
	if m.up.Hello != nil {
		d.hearOfLosses()
		if d.remotes[r.id] != nil {
			r.link.Close()
			return
		}
		d.welcome(r)
	}
	if d.remotes[r.id] != r {
		return // it counts as lost already
	}
	if m.up.Heartbeat != nil {
		d.step(sched.Heard{Executor: r.id})
		d.progress(r, m.up.Heartbeat)
	}
	if len(m.up.Blocks) > 0 { // first: a stage that follows from a task's end may read what the task has cached
		d.step(blocksChanged(r, m.up.Blocks))
	}
	for _, c := range m.up.Calls { // before the ends of the tasks that made them
		d.step(sched.TaskCalled{Executor: r.id, Call: c})
	}
	for i := range m.up.Ends {
		end := &m.up.Ends[i]
		if end.Stored {
			go d.fetchResult(r, *end)
			continue
		}
		d.taskEnded(r.id, end)
	}
	for _, x := range m.up.Copied {
		d.step(sched.CopyEnded{Executor: r.id, Copied: x})
	}
	if m.up.Leaving != "" {
		d.step(sched.ExecutorsDecommissioned{Executors: []ids.ExecutorID{r.id}, Reason: m.up.Leaving, Replace: true})
	}
	if m.up.Failure != "" {
		d.lose(r.id, m.up.Failure, false)
	}
}

// welcome takes an executor in, unless it makes no sense here or the scheduler refuses it.
func (d *Driver) welcome(r *remote) {
	if why := d.refuseProfile(r); why != "" {
		d.batch(r).Welcome = &wire.Welcome{Refused: why}
		return
	}
	d.remotes[r.id] = r
	d.directory.Joined(r.id, r.hello.BlockAddr)
	d.batch(r).Welcome = &wire.Welcome{Executor: r.id, AppID: d.cfg.App.ID}
	ev := sched.ExecutorRegistered{ID: r.id, Host: r.hello.Host, Slots: r.hello.Slots, Profile: r.hello.Profile}
	for _, has := range r.hello.Resources {
		ev.Resources = append(ev.Resources, resource.Offer(has))
	}
	d.step(ev)
}

// progress tells the scheduler how far running tasks are, when it asks.
func (d *Driver) progress(r *remote, h *wire.Heartbeat) {
	if !d.cfg.Sched.Speculation.Enabled || len(h.Running) == 0 || len(h.RowsIn) == 0 || len(h.BytesIn) == 0 {
		return
	}
	ev := sched.Progressed{Executor: r.id, Tasks: make([]sched.TaskProgress, len(h.Running))}
	for i, ref := range h.Running {
		ev.Tasks[i] = sched.TaskProgress{Ref: ref, Rows: h.RowsIn[i], Bytes: h.BytesIn[i]}
	}
	d.step(ev)
}

// fetched is a task's end whose large result has been fetched.
type fetched struct {
	executor ids.ExecutorID
	end      task.End
}

func (d *Driver) fetchResult(r *remote, end task.End) {
	end.Stored = false
	ctx, cancel := context.WithTimeout(context.Background(), d.cfg.Timeout)
	defer cancel()
	err := d.cfg.Fetch.Fetch(ctx, r.hello.BlockAddr, []ids.BlockID{ids.Result(end.ID)}, func(_ int, data []byte, e error) {
		end.Result = data
		if e != nil {
			end.Reason = lostResult(e)
		}
	})
	if err != nil {
		end.Reason = lostResult(err)
	}
	d.report(fetched{r.id, end})
}

func lostResult(err error) task.EndReason {
	return task.EndReason{Fate: task.Lost, Error: &task.Error{Text: fmt.Sprintf("its result could not be fetched: %v", err)}}
}

// lose forgets an executor of which it is known that it is gone.
func (d *Driver) lose(id ids.ExecutorID, why string, byApp bool) {
	if r := d.remotes[id]; r != nil {
		d.detach(id)
		r.link.Close()
	}
	d.step(sched.ExecutorLost{ID: id, Reason: why, AppCaused: byApp})
}

func (d *Driver) step(ev sched.Event) {
	now := d.now()
	d.actions = d.core.Step(now, ev, d.actions[:0])
	d.record.step(now, ev, d.actions)
	for _, a := range d.actions {
		d.perform(a)
	}
}

// taskEnded tells the end of a task attempt, the most frequent of all events, in the same memory again and again.
func (d *Driver) taskEnded(id ids.ExecutorID, end *task.End) {
	d.taskEnd = sched.TaskEnded{Executor: id, End: *end}
	d.step(&d.taskEnd)
}

// perform carries out one action.
func (d *Driver) perform(a sched.Action) {
	switch a := a.(type) {
	case *sched.Launch:
		if r := d.remotes[a.Executor]; r != nil {
			b := d.batch(r)
			b.Launches = append(b.Launches, a.Task)
		}
	case sched.ShipStage:
		d.ship(a)
	case sched.Kill:
		if r := d.remotes[a.Executor]; r != nil {
			b := d.batch(r)
			b.Kills = append(b.Kills, a.Task)
		}
	case sched.AnswerCall:
		if r := d.remotes[a.Executor]; r != nil {
			d.addresses(a.Reply.Places)
			b := d.batch(r)
			b.Replies = append(b.Replies, a.Reply)
		}
	case sched.ForgetStage:
		d.forget(a)
	case *sched.DeliverResult:
		if h := d.jobs[a.Job]; h != nil {
			h.deliver(a.Partition, a.Value)
		}
	case sched.MergeUpdates:
		d.outbox.updates(a.Updates)
	case sched.CompleteJob:
		d.finish(a.Job, nil)
	case sched.FailJob:
		d.finish(a.Job, &Failure{a.Job, a.Why})
	case sched.DrainExecutor:
		d.drain(a)
	case sched.CopyBlock:
		d.copyBlock(a)
	case sched.KillExecutor:
		d.release(a)
	case sched.RefuseExecutor:
		if r := d.remotes[a.Executor]; r != nil {
			d.detach(a.Executor)
			d.batch(r).Welcome = &wire.Welcome{Refused: a.Reason}
		}
	case sched.StageWarned:
		d.warnOf(a)
	case sched.Starving:
		d.warnStarving(a)
	case sched.DropShuffle:
		d.take(wire.Drop{Kind: ids.ShuffleBlock, ID: int64(a.Shuffle)})
	case sched.DropRDD:
		d.take(wire.Drop{Kind: ids.RDDBlock, ID: int64(a.RDD)})
		d.flush() // launches that follow would overtake it in the same message
	}
}

func (d *Driver) sendDrop(id ids.ExecutorID, x wire.Drop) {
	if r := d.remotes[id]; r != nil {
		b := d.batch(r)
		b.Drop = append(b.Drop, x)
	}
}

// flush sends what this turn gathered.
func (d *Driver) flush() {
	for i, r := range d.touched {
		d.touched[i] = nil
		next := r.next
		r.next = nil
		// A link that does not take it has ended, and its reader says so.
		_ = r.link.Send(next)
	}
	d.touched = d.touched[:0]
}

// shutDown ends every job and tells the executors to stop.
func (d *Driver) shutDown() {
	for id := range d.jobs { //nolint:maprange // all of them end
		d.finish(id, ErrClosed)
	}
	for _, r := range d.remotes { //nolint:maprange // every executor gets the same
		_ = r.link.Send(&wire.Down{Stop: true})
	}
}
