package executor

import (
	"context"

	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/data/op"
)

// asking is what a task attempt needs to call the driver.
type asking struct {
	calls   int32             // so far; belongs to the task's goroutine
	waits   int32             // the number of the call that waits, and
	replies chan<- task.Reply // where its reply goes, or nil; both belong to the loop
}

// asked is a call on its way to the loop.
type asked struct {
	by      *attempt
	call    task.Call
	replies chan<- task.Reply
}

// Ask implements op.Host.
func (h host) Ask(_ *op.Task, kind task.CallKind, message []byte) ([][]byte, error) {
	r, err := h.call(task.Call{Kind: kind, Message: message})
	return r.Messages, err
}

// call asks the driver what is in the call, and waits for its reply.
func (h host) call(call task.Call) (task.Reply, error) {
	a, replies := h.attempt, make(chan task.Reply, 1)
	call.Ref, call.ID, call.Seq = a.launch.Ref, a.launch.ID, a.asking.calls
	a.asking.calls++
	select {
	case h.e.asks <- asked{a, call, replies}:
	case <-a.ctx.Done():
		return task.Reply{}, context.Cause(a.ctx)
	}
	select {
	case r := <-replies:
		return a.answer(r)
	case <-a.ctx.Done():
		return task.Reply{}, context.Cause(a.ctx)
	}
}

// answer is what a call gives. Of a task that is killed the driver may refuse a call because of what killed it: the kill came first, and says why.
func (a *attempt) answer(r task.Reply) (task.Reply, error) {
	switch {
	case a.ctx.Err() != nil:
		return task.Reply{}, context.Cause(a.ctx)
	case r.Refused != "":
		return task.Reply{}, &op.Refused{Why: r.Refused}
	}
	return r, nil
}

// ask sends a call with the next message.
func (e *Executor) ask(x asked) {
	if e.running[x.call.Ref] != x.by {
		return // it has ended meanwhile
	}
	x.by.asking.waits, x.by.asking.replies = x.call.Seq, x.replies
	up := e.message()
	up.Calls = append(up.Calls, x.call)
}

// replied hands the driver's reply to the task attempt that waits for it. An answer that nobody waits for is none.
func (e *Executor) replied(r task.Reply) {
	if a := e.running[r.Ref]; a != nil && a.asking.replies != nil && r.Seq == a.asking.waits {
		a.asking.replies <- r
		a.asking.replies = nil
	}
}
