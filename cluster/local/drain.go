package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/kilnproject/kiln/internal/executor"
)

// drain lets the executor drain when its process is told to go, and ends it at once when that is said again.
func drain(e *executor.Executor, told <-chan os.Signal, end context.CancelCauseFunc) {
	e.Leave(fmt.Sprintf("its process was told to end (%v)", <-told))
	end(&toldTwice{<-told})
}

// toldTwice is why a process ends that was told to go while it drained.
type toldTwice struct{ os.Signal }

func (t *toldTwice) Error() string {
	return fmt.Sprintf("ended while it drained: told to end a second time (%v)", t.Signal)
}

// endedBy gives the second signal, if it is why an executor has ended.
func endedBy(ctx context.Context) error {
	var t *toldTwice
	if errors.As(context.Cause(ctx), &t) {
		return t
	}
	return nil
}

// exitCode is the shell's for a process that a signal ended.
func exitCode(err error) int {
	var t *toldTwice
	if errors.As(err, &t) {
		if s, ok := t.Signal.(syscall.Signal); ok {
			return 128 + int(s)
		}
	}
	return 1
}
