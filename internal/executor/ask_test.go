package executor

import (
	"context"
	"errors"
	"testing"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/data/op"
	"github.com/kilnproject/kiln/internal/link/wire"
)

func TestAKilledTaskHearsWhyAndNotThatItsCallIsRefused(t *testing.T) {
	a := &attempt{}
	a.ctx, a.cancel = context.WithCancelCause(t.Context())
	refused := task.Reply{Refused: "its stage attempt is over"}
	var why *op.Refused
	if _, err := a.answer(refused); !errors.As(err, &why) || why.Why != refused.Refused {
		t.Errorf("a task that runs is told %v", err)
	}
	a.kill("we have seen enough")
	for _, r := range []task.Reply{refused, {Messages: [][]byte{nil}}} {
		var end *killed
		if _, err := a.answer(r); !errors.As(err, &end) || end.reason != "we have seen enough" {
			t.Errorf("a task that is killed is told %v", err)
		}
	}
}

func TestAKillGoesBeforeTheReplyThatComesWithIt(t *testing.T) {
	e, err := New(Config{Slots: 1, Memory: 1 << 20, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	ref := ids.TaskRef{Partition: 3}
	e.perform(e.take(&wire.Down{Stages: []*task.Stage{{}}, Launches: []task.Launch{{Ref: ref}}}, nil), nil)
	a, replies := e.running[ref], make(chan task.Reply) // it has no room: handing a reply out waits for the task
	a.asking.replies = replies
	heard := make(chan error)
	go func() {
		_, err := a.answer(<-replies)
		heard <- err
	}()
	down := &wire.Down{Kills: []task.Kill{{Ref: ref, Reason: "we have seen enough"}}, Replies: []task.Reply{{Ref: ref, Refused: "its stage attempt is over"}}}
	e.perform(e.take(down, nil), down.Replies)
	var end *killed
	if err := <-heard; !errors.As(err, &end) || end.reason != "we have seen enough" {
		t.Errorf("the task is told %v", err)
	}
}
