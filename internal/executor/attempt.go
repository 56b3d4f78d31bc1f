package executor

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/data/block"
	"github.com/kilnproject/kiln/internal/data/op"
	"github.com/kilnproject/kiln/internal/data/shuffle"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// attempt is one task attempt in its slot.
type attempt struct {
	launch task.Launch
	stage  *stage
	ctx    context.Context
	cancel context.CancelCauseFunc
	task   atomic.Pointer[op.Task]
	end    task.End
	asking asking
}

// killed is the cause of the context of a task that was told to stop.
type killed struct{ reason string }

func (k *killed) Error() string { return "killed: " + k.reason }

// kill asks the task to end.
func (a *attempt) kill(reason string) {
	a.cancel(&killed{reason})
	if t := a.task.Load(); t != nil {
		t.Stop()
	}
}

// read gives how many rows and bytes the task has read so far.
func (a *attempt) read() (rows, bytes int64) {
	if t := a.task.Load(); t != nil {
		return t.Read()
	}
	return 0, 0
}

// serveSlot runs one task after another on one goroutine, whose stack has then grown to what tasks need.
func (e *Executor) serveSlot() {
	for {
		select {
		case a := <-e.starts:
			if !e.runOne(a) {
				return
			}
		case <-e.ctx.Done():
			return
		}
	}
}

// runOne runs a task and reports its end, whatever the user's code does. It returns false when the goroutine is on its way out:
// runtime.Goexit cannot be stopped, so another goroutine takes the slot.
func (e *Executor) runOne(a *attempt) (stays bool) {
	a.end = task.End{Ref: a.launch.Ref, ID: a.launch.ID}
	began := time.Now()
	a.end.Metrics.Started = began.Sub(e.began)
	t := &op.Task{
		Context: a.ctx, Ref: a.launch.Ref, ID: a.launch.ID, Stage: a.stage.Stage, Resources: a.launch.Resources, Metrics: &a.end.Metrics,
		Host: host{e, a}, DebugRows: e.cfg.CheckRows, Compression: e.cfg.Compression, Digests: e.cfg.Digests,
	}
	memory := &taskMemory{pool: e.memory, task: a.launch.ID}
	t.Memory = memory
	a.task.Store(t)
	if a.ctx.Err() != nil {
		t.Stop()
	}
	done := false
	defer func() {
		var err error
		p := recover()
		if p != nil {
			err = op.PanicError(p)
		} else if !done {
			err = errGoexit
		}
		if err != nil {
			e.conclude(a, t, memory, began, op.Answer{}, err)
		}
		stays = done || p != nil
		if !stays {
			go e.serveSlot()
		}
		a.cancel(nil)
		select {
		case e.ended <- a:
		case <-e.ctx.Done():
		}
	}()
	answer, err := e.run(a, t)
	done = true
	e.conclude(a, t, memory, began, answer, err)
	return true
}

var errGoexit = errors.New("the task's function called runtime.Goexit (as testing.T.FailNow does): return instead, or use kiln.Fail")

func (e *Executor) run(a *attempt, t *op.Task) (op.Answer, error) {
	if a.stage.err != nil {
		return op.Answer{}, a.stage.err
	}
	if e.cfg.Fault != nil {
		if err := e.cfg.Fault(a.ctx, a.stage.Stage, a.launch.Ref); err != nil {
			return op.Answer{}, err
		}
	}
	return op.Run(t, a.stage.body, int(a.launch.Ref.Partition), a.launch.Split)
}

// conclude turns what came of the task into its end.
func (e *Executor) conclude(a *attempt, t *op.Task, memory *taskMemory, began time.Time, answer op.Answer, err error) {
	var updates []task.Update
	if err == nil {
		updates, err = t.Updates()
	}
	if doneErr := runDone(t, err); err == nil {
		err = doneErr // a completion function that fails, fails the task
	}
	m := &a.end.Metrics
	m.PeakMemory = memory.peak
	m.Run = time.Since(began)
	memory.end()
	if err != nil {
		a.end.Reason = reasonOf(a, err)
		return
	}
	a.end.Updates = updates
	a.end.Sizes, a.end.Digest = task.PackSizes(answer.Sizes), answer.Digest
	m.ResultSize = int64(len(answer.Value))
	a.end.ResultSize = m.ResultSize
	a.end.Reason = task.EndReason{Fate: task.Success}
	if e.cfg.DirectResult > 0 && m.ResultSize > e.cfg.DirectResult {
		stored, putErr := e.blocks.Put(ids.Result(a.launch.ID), block.Value{Encoded: answer.Value}, block.MemoryAndDisk)
		if putErr != nil || !stored {
			a.end.Reason = reasonOf(a, fmt.Errorf("the result of %d bytes could not be kept for the driver: %v", m.ResultSize, putErr))
			return
		}
		a.end.Stored = true
		return
	}
	a.end.Result = answer.Value
}

// runDone runs what users registered for the end of the task; it survives their panics.
func runDone(t *op.Task, err error) (first error) {
	for again := true; again; {
		again = func() (again bool) {
			defer func() {
				if p := recover(); p != nil {
					again = true
					if first == nil {
						first = op.PanicError(p)
					}
				}
			}()
			t.RunDone(err)
			return false
		}()
	}
	return first
}

// reasonOf classifies an error, once.
func reasonOf(a *attempt, err error) task.EndReason {
	var k *killed
	if cause := context.Cause(a.ctx); cause != nil && errors.As(cause, &k) {
		return task.EndReason{Fate: task.Killed, Error: &task.Error{Text: k.reason}}
	}
	var f *shuffle.FetchError
	if errors.As(err, &f) {
		return task.EndReason{Fate: task.FetchFailed, Fetch: f.Fetch, Error: &task.Error{Text: err.Error()}}
	}
	var denied *op.CommitDenied
	if errors.As(err, &denied) {
		return task.EndReason{Fate: task.CommitDenied, Error: &task.Error{Text: err.Error()}}
	}
	var unknown *inputsError
	if errors.As(err, &unknown) {
		return task.EndReason{Fate: task.Lost, Error: &task.Error{Text: err.Error()}}
	}
	te := &task.Error{Text: err.Error(), Type: fmt.Sprintf("%T", err), Value: op.EncodeError(err)}
	var failure *op.Failure
	var p *op.Panicked
	switch {
	case errors.As(err, &p):
		te.Panic, te.Site, te.Stack, te.Value = true, p.Site, p.Stack, nil
		if p.Err != nil {
			te.Value = op.EncodeError(p.Err)
		}
	case errors.As(err, &failure):
		te.Site, te.Type, te.Value = failure.Site, fmt.Sprintf("%T", failure.Err), op.EncodeError(failure.Err)
	}
	return task.EndReason{Fate: task.Failed, Error: te}
}
