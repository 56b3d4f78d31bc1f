package executor

import (
	"context"
	"errors"
	"testing"

	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/data/op"
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
