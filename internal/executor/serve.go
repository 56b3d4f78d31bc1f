package executor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/core/work"
	"github.com/kilnproject/kiln/internal/link/transport"
	"github.com/kilnproject/kiln/internal/link/wire"
)

// Run serves the driver at the other end of the link until it says stop, or is gone, or ctx ends. The first message was sent by the caller: the
// executor is registered. It returns nil when the driver ended it.
func (e *Executor) Run(ctx context.Context, link transport.ExecutorEnd) error {
	defer e.cancel(errors.New("the executor ends"))
	for range e.cfg.Slots {
		go e.serveSlot()
	}
	downs := make(chan *wire.Down, 16)
	gone := make(chan error, 1)
	go func() {
		for {
			d, err := link.Recv()
			if err != nil {
				gone <- err
				return
			}
			select {
			case downs <- d:
			case <-e.ctx.Done():
				return
			}
		}
	}()
	return e.loop(ctx, link, downs, gone)
}

// loop is the one goroutine that owns the core. It takes everything that waits before it answers, so that answers travel in batches.
func (e *Executor) loop(ctx context.Context, link transport.ExecutorEnd, downs <-chan *wire.Down, gone <-chan error) error {
	beat := time.NewTicker(max(e.cfg.Heartbeat, 10*time.Millisecond))
	defer beat.Stop()
	hold := time.NewTimer(time.Hour)
	defer hold.Stop()
	wake := time.NewTimer(time.Hour)
	defer wake.Stop()
	var acts []work.Action
	var replies []task.Reply
	stop := func(reason string) { acts = e.core.Step(e.now(), work.Stopped{Reason: reason}, acts) }
	done := ctx.Done()
	for {
		acts, replies = acts[:0], nil
		waited := false
		select {
		case d := <-downs:
			acts, replies = e.take(d, acts), d.Replies
			if d.Stop {
				stop("the driver ended the executor")
			}
		case a := <-e.ended:
			acts = e.finish(a, acts)
		case x := <-e.asks:
			e.ask(x)
		case x := <-e.copied:
			e.copyEnded(x)
		case why := <-e.leaving:
			e.message().Leaving = why
		case err := <-gone:
			e.cancel(fmt.Errorf("the driver is gone: %w", err))
			return ignoreEnd(err)
		case <-done:
			done = nil
			stop(context.Cause(ctx).Error())
		case <-wake.C:
			acts = e.core.Step(e.now(), work.Woke{}, acts)
		case <-beat.C:
			e.message().Heartbeat = e.heartbeat()
		case <-hold.C:
			waited = true
		}
		acts = e.drain(downs, acts)
		if e.perform(acts, replies) {
			return errors.Join(e.flush(link), e.fault)
		}
		if at, ok := e.core.Wake(); ok {
			wake.Reset(max(0, at-e.now()))
		}
		if !waited && e.holds(hold) {
			continue
		}
		if err := e.flush(link); err != nil {
			return ignoreEnd(err)
		}
	}
}

// drain takes what else waits, without waiting.
func (e *Executor) drain(downs <-chan *wire.Down, acts []work.Action) []work.Action {
	for range 256 {
		select {
		case a := <-e.ended:
			acts = e.finish(a, acts)
		default:
			return acts
		}
	}
	return acts
}

func ignoreEnd(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, transport.ErrClosed) {
		return nil
	}
	return err
}

// take feeds one batch of the driver's to the core.
func (e *Executor) take(d *wire.Down, acts []work.Action) []work.Action {
	now := e.now()
	for _, s := range d.Stages {
		st := &stage{Stage: s}
		st.decode()
		e.stages[s.Ref] = st
		acts = e.core.Step(now, work.StageArrived{Ref: s.Ref}, acts)
	}
	for _, l := range d.Launches {
		acts = e.core.Step(now, work.LaunchArrived{Launch: l}, acts)
	}
	for _, k := range d.Kills {
		acts = e.core.Step(now, work.KillArrived{Kill: k}, acts)
	}
	for _, f := range d.Forget {
		acts = e.core.Step(now, work.StageForgotten{Ref: f}, acts)
	}
	for _, x := range d.Copies {
		e.startCopy(x)
	}
	for _, x := range d.Drop {
		e.drop(x)
	}
	return acts
}

func (e *Executor) drop(x wire.Drop) {
	switch x.Kind {
	case ids.ShuffleBlock:
		// A file that will not go is not worth failing for: the directory goes with the executor.
		_ = e.shuffle.RemoveShuffle(ids.ShuffleID(x.ID))
	case ids.RDDBlock:
		e.dropRDD(ids.RDDID(x.ID))
	case ids.BroadcastBlock:
		e.values.Remove(ids.BroadcastID(x.ID))
		e.exchange.DropBroadcast(ids.BroadcastID(x.ID))
	case ids.ResultBlock:
		e.blocks.Remove(ids.Result(ids.TaskID(x.ID)))
	}
}

func (e *Executor) finish(a *attempt, acts []work.Action) []work.Action {
	delete(e.running, a.launch.Ref)
	up := e.message()
	up.Ends = append(up.Ends, a.end)
	return e.core.Step(e.now(), work.TaskFinished{Ref: a.launch.Ref}, acts)
}

// perform carries out actions, then hands out replies, and reports whether the executor is to exit. A call is refused when the task's
// stage attempt is over: the kill that comes with it goes first, since it says why.
func (e *Executor) perform(acts []work.Action, replies []task.Reply) (exit bool) {
	for _, act := range acts {
		switch act := act.(type) {
		case work.StartTask:
			a := &attempt{launch: act.Launch, stage: e.stages[act.Launch.Ref.StageRef]}
			a.ctx, a.cancel = context.WithCancelCause(e.ctx)
			e.running[act.Launch.Ref] = a
			e.starts <- a
		case work.CancelTask:
			if a := e.running[act.Ref]; a != nil {
				a.kill(act.Reason)
			}
		case work.AnswerKilled:
			e.answer(act.Launch, task.EndReason{Fate: task.Killed, Error: &task.Error{Text: act.Reason}})
		case work.RefuseTask:
			if act.Why != work.Duplicate {
				e.answer(act.Launch, task.EndReason{Fate: task.Lost, Error: &task.Error{Text: fmt.Sprintf("the executor refused %v: %v", act.Launch.Ref, act.Why)}})
			}
		case work.DropStage:
			delete(e.stages, act.Ref)
			e.exchange.DropInputs(act.Ref)
		case work.GiveUp:
			e.fault = fmt.Errorf("%v did not end within %v after it was cancelled: the executor ends, and another takes its place (kiln.task.killTimeout)", act.Ref, act.After)
			e.message().Failure = e.fault.Error()
			exit = true
		case work.Exit:
			exit = true
		}
	}
	for _, r := range replies {
		e.replied(r)
	}
	return exit
}

func (e *Executor) answer(l task.Launch, why task.EndReason) {
	up := e.message()
	up.Ends = append(up.Ends, task.End{Ref: l.Ref, ID: l.ID, Reason: why})
}

// message is the batch that goes up next.
func (e *Executor) message() *wire.Up {
	if e.up == nil {
		e.up = &wire.Up{}
	}
	return e.up
}

// flush sends what there is to say.
func (e *Executor) flush(link transport.ExecutorEnd) error {
	if changed := e.changes.take(); len(changed) > 0 {
		e.message().Blocks = changed
	}
	if e.up == nil {
		return nil
	}
	up := e.up
	e.up, e.held = nil, false
	return link.Send(up)
}

// The ends of short tasks wait for each other while more tasks wait for a slot here, so that they share a message.
const (
	holdEnds = 16
	holdTime = time.Millisecond
)

// holds says that what there is to say can wait. The first time it sets the timer that ends the waiting.
func (e *Executor) holds(timer *time.Timer) bool {
	if e.up == nil || len(e.up.Ends) == 0 || len(e.up.Ends) >= holdEnds || e.up.Heartbeat != nil || len(e.up.Calls) > 0 || e.core.Queued() == 0 {
		return false
	}
	if !e.held {
		e.held = true
		timer.Reset(holdTime)
	}
	return true
}

func (e *Executor) heartbeat() *wire.Heartbeat {
	h := &wire.Heartbeat{}
	for ref, a := range e.running {
		rows, bytes := a.read()
		h.Running, h.RowsIn, h.BytesIn = append(h.Running, ref), append(h.RowsIn, rows), append(h.BytesIn, bytes)
	}
	e.memory.mu.Lock()
	h.Memory = int64(e.memory.ledger.Execution() + e.memory.ledger.Storage())
	e.memory.mu.Unlock()
	return h
}
