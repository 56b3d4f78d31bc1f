package kiln

import (
	"context"
	"errors"
	"testing"
)

func TestAnInterruptIsSaidInOneWord(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errInterrupted)
	err := over(ctx)
	if err.Error() != "cancelled: interrupted" || !errors.Is(err, ErrCancelled) || !errors.Is(err, context.Canceled) || !errors.Is(errInterrupted, ErrCancelled) {
		t.Errorf("got %q", err)
	}
}
