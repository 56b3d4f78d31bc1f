package executor

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/data/broadcast"
	"github.com/kilnproject/kiln/internal/data/shuffle"
	"github.com/kilnproject/kiln/internal/link/transport"
	"github.com/kilnproject/kiln/internal/link/wire"
)

// told is what the driver of these tests has for every stage.
var told = []task.Input{{Shuffle: 4, Reduces: 1, Outputs: []task.MapOutput{{Executor: 2, Addr: "there", Sizes: task.PackSizes([]int64{5})}}}}

// answers is a driver's block server that gives one answer after the other, and the last one for ever. Nil is a good one.
type answers struct {
	transport.Fetcher
	give  []error
	takes time.Duration
	asked int
}

// broken is in the errors of connections; the others are told by the server.
var errBroken = errors.New("the connection broke")

func (a *answers) FetchInto(ctx context.Context, addr string, want []ids.BlockID, _ func(int, int64) []byte, got func(int, []byte, error)) error {
	if of, asker, ok := want[0].AsPlace(); ok && asker == 5 && of == ids.Inputs(ids.StageRef{Stage: 3}) {
		got(0, broadcast.Place{}.Append(nil), nil)
		return nil
	}
	if addr != "driver" || !reflect.DeepEqual(want, []ids.BlockID{ids.Inputs(ids.StageRef{Stage: 3})}) {
		return fmt.Errorf("asked %s for %v", addr, want)
	}
	timer := time.NewTimer(a.takes)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	err := a.give[min(a.asked, len(a.give)-1)]
	if a.asked++; errors.Is(err, errBroken) {
		return err
	}
	data, encodeErr := wire.EncodeListing(told)
	if err != nil {
		data = nil
	}
	got(0, data, errors.Join(err, encodeErr))
	return nil
}

// reading is an executor with a stage whose inputs the driver has as a block.
func reading(t *testing.T, a *answers) (*Executor, *stage) {
	e, err := New(Config{ID: 5, Dir: t.TempDir(), Fetch: a, DriverBlocks: "driver", Reading: shuffle.ReadConfig{Retries: 2, RetryWait: time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	e.ctx, e.cancel = context.WithCancelCause(t.Context())
	return e, &stage{Stage: &task.Stage{Ref: ids.StageRef{Stage: 3}, Listed: true}}
}

func TestTheTasksOfAStageFetchWhatTheyReadOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &answers{give: []error{nil}, takes: time.Second}
		e, s := reading(t, a)
		for range 5 {
			go func() {
				if in, err := e.inputs(t.Context(), s); err != nil || !reflect.DeepEqual(in, told) {
					t.Errorf("got %+v, %v", in, err)
				}
			}()
		}
		synctest.Wait()
		time.Sleep(time.Second)
		if in, err := e.inputs(t.Context(), s); err != nil || !reflect.DeepEqual(in, told) || a.asked != 1 {
			t.Errorf("got %+v, %v, after asking %d times", in, err, a.asked)
		}
	})
}

func TestWhatComesWithTheStageIsNotFetched(t *testing.T) {
	e, _ := reading(t, &answers{give: []error{errBroken}})
	if in, err := e.inputs(t.Context(), &stage{Stage: &task.Stage{Inputs: told}}); err != nil || !reflect.DeepEqual(in, told) {
		t.Errorf("got %+v, %v", in, err)
	}
}

func TestTheDriverIsAskedAgainWhereThatCanHelp(t *testing.T) {
	damaged := fmt.Errorf("a frame: %w", transport.ErrCorruptFrame)
	gone := fmt.Errorf("it: %w", transport.ErrNotFound)
	nobody := fmt.Errorf("%w: %w", errBroken, transport.ErrGone)
	for name, c := range map[string]struct {
		give  []error
		asked int
		want  error
	}{
		"a broken connection":   {[]error{errBroken, nil}, 2, nil},
		"a damaged answer":      {[]error{damaged, damaged, nil}, 3, nil},
		"broken for good":       {[]error{errBroken}, 3, errBroken},
		"a stage that is over":  {[]error{gone}, 1, transport.ErrNotFound},
		"a driver that is over": {[]error{nobody}, 1, transport.ErrGone},
	} {
		synctest.Test(t, func(t *testing.T) {
			a := &answers{give: c.give}
			e, s := reading(t, a)
			_, err := e.inputs(t.Context(), s)
			if !errors.Is(err, c.want) || a.asked != c.asked {
				t.Errorf("%s: asked %d times, %v", name, a.asked, err)
			}
			if err == nil {
				return
			}
			end := reasonOf(&attempt{ctx: t.Context()}, fmt.Errorf("while reading: %w", err))
			if end.Fate != task.Lost || !strings.Contains(end.Error.Text, "could not be fetched from the driver at driver: ") {
				t.Errorf("%s: the task ends with %v, %v", name, end.Fate, end.Error)
			}
		})
	}
}

func TestAfterAFailureTheNextTaskAsksAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &answers{give: []error{transport.ErrNotFound, nil}}
		e, s := reading(t, a)
		if _, err := e.inputs(t.Context(), s); err == nil {
			t.Fatal("nothing came, and there is no error")
		}
		if in, err := e.inputs(t.Context(), s); err != nil || !reflect.DeepEqual(in, told) {
			t.Errorf("got %+v, %v", in, err)
		}
	})
}

// A task that is killed does not wait, and those that are not go on waiting for what it began.
func TestACancelledTaskDoesNotWaitForWhatItReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &answers{give: []error{nil}, takes: time.Hour}
		e, s := reading(t, a)
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("enough")
		time.AfterFunc(time.Minute, func() { cancel(why) })
		began := time.Now()
		if _, err := e.inputs(ctx, s); !errors.Is(err, why) || time.Since(began) != time.Minute {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		if in, err := e.inputs(t.Context(), s); err != nil || !reflect.DeepEqual(in, told) || a.asked != 1 || time.Since(began) != time.Hour {
			t.Errorf("after %v, asking %d times: %+v, %v", time.Since(began), a.asked, in, err)
		}
	})
}

func TestAnExecutorThatEndsStopsFetching(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, s := reading(t, &answers{give: []error{errBroken}, takes: time.Hour})
		time.AfterFunc(time.Minute, func() { e.cancel(errors.New("the executor ends")) })
		began := time.Now()
		if _, err := e.inputs(t.Context(), s); err == nil || time.Since(began) != time.Minute {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}
