package driver_test

import (
	"errors"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kilnproject/kiln/cluster"
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/driver"
	"github.com/kilnproject/kiln/internal/link/transport"
	"github.com/kilnproject/kiln/internal/link/wire"
)

// shuffles runs a job of one map task and so many tasks that read its output.
func (r *rig) shuffles(reduces int) <-chan error {
	done := make(chan error, 1)
	go func() {
		done <- r.d.Run(r.t.Context(), sched.Job{Stages: []sched.StageSpec{
			{Name: "map", IsMap: true, Shuffle: 1, Partitions: 1, Reduces: reduces, Body: []byte{1}},
			{Name: "count", Partitions: reduces, Parents: []ids.ShuffleID{1}, Body: []byte{1}},
		}}, func(int32, []byte) {})
	}()
	return done
}

func mapped(l task.Launch, sizes ...int64) task.End {
	end := ended(l, "")
	end.Sizes = task.PackSizes(sizes)
	return end
}

// listing fetches what the driver has of a stage attempt, as an executor does.
func (r *rig) listing(ref ids.StageRef) ([]task.Input, error) {
	b, err := r.d.Blocks().OpenBlock(ids.Inputs(ref))
	if err != nil {
		return nil, err
	}
	if !reflect.DeepEqual(b.Sums, transport.Sums(b.Data)) {
		r.t.Error("the block has the checksums of another one")
	}
	return wire.DecodeListing(b.Data)
}

// lists makes every stage that reads something have its inputs as a block.
func lists(c *driver.Config) { c.ListFrom = 1 }

func wantInput(t *testing.T, in []task.Input, executor ids.ExecutorID, sizes ...int64) {
	t.Helper()
	want := []task.Input{{Shuffle: 1, Reduces: len(sizes), Outputs: []task.MapOutput{
		{Executor: executor, Addr: "blocks-" + executor.String(), Sizes: task.PackSizes(sizes)},
	}}}
	if !reflect.DeepEqual(in, want) {
		t.Errorf("executors are told %+v, want %+v", in, want)
	}
}

func TestALargeListOfMapOutputsIsABlockAndNotInTheMessage(t *testing.T) {
	drive(t, lists, func(r *rig) {
		p := r.executor(0)
		done := r.shuffles(2)
		p.send(&wire.Up{Ends: []task.End{mapped(p.launch(), 7, 0)}})
		first := p.launch()
		if s := p.stages[0]; s.Listed || s.Reads() {
			t.Errorf("the map stage reads nothing, and executors are told %+v", s)
		}
		if s := p.stages[1]; !s.Listed || s.Inputs != nil || !s.Reads() {
			t.Errorf("executors are told %+v", s)
		}
		in, err := r.listing(first.Ref.StageRef)
		if err != nil {
			t.Fatal(err)
		}
		wantInput(t, in, 0, 7, 0)
		p.send(&wire.Up{Ends: []task.End{ended(first, "")}})
		p.send(&wire.Up{Ends: []task.End{ended(p.launch(), "")}})
		if err := <-done; err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if _, err := r.listing(first.Ref.StageRef); !errors.Is(err, transport.ErrNotFound) {
			t.Errorf("the job is over, and the driver still has its list: %v", err)
		}
	})
}

func TestASmallListOfMapOutputsComesWithTheStage(t *testing.T) {
	for _, from := range []int{0, 1 << 10} {
		drive(t, func(c *driver.Config) { c.ListFrom = from }, func(r *rig) {
			p := r.executor(0)
			done := r.shuffles(1)
			p.send(&wire.Up{Ends: []task.End{mapped(p.launch(), 7)}})
			l := p.launch()
			if p.stages[1].Listed {
				t.Errorf("executors are told %+v", p.stages[1])
			}
			wantInput(t, p.stages[1].Inputs, 0, 7)
			if _, err := r.listing(l.Ref.StageRef); !errors.Is(err, transport.ErrNotFound) {
				t.Errorf("the driver has it as a block too: %v", err)
			}
			p.send(&wire.Up{Ends: []task.End{ended(l, "")}})
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
}

// The next attempt of a stage has its own list.
func TestWhatWasComputedAgainIsInTheListOfTheNextAttempt(t *testing.T) {
	drive(t, lists, func(r *rig) {
		a := r.executor(0)
		done := r.shuffles(1)
		a.send(&wire.Up{Ends: []task.End{mapped(a.launch(), 7)}})
		lost := a.launch()
		b := r.executor(1)
		failed := ended(lost, "")
		failed.Reason = task.EndReason{Fate: task.FetchFailed, Error: &task.Error{Text: "no"}, Fetch: task.Fetch{Shuffle: 1, Executor: 0}}
		a.send(&wire.Up{Ends: []task.End{failed}})
		r.manager.handler.Gone(0, cluster.Loss{Text: "it was killed"})
		b.send(&wire.Up{Ends: []task.End{mapped(b.launch(), 9)}})
		l := b.launch()
		in, err := r.listing(l.Ref.StageRef)
		if err != nil {
			t.Fatal(err)
		}
		wantInput(t, in, 1, 9)
		b.send(&wire.Up{Ends: []task.End{ended(l, "")}})
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// Nobody is told to forget a stage attempt when all executors that knew it are gone; the driver forgets it nevertheless.
func TestListsOfExecutorsThatAreGoneAreForgotten(t *testing.T) {
	drive(t, lists, func(r *rig) {
		a := r.executor(0)
		done := r.shuffles(1)
		a.send(&wire.Up{Ends: []task.End{mapped(a.launch(), 7)}})
		ref := a.launch().Ref.StageRef
		if _, err := r.listing(ref); err != nil {
			t.Fatal(err)
		}
		r.manager.handler.Gone(0, cluster.Loss{Text: "it was killed"})
		r.d.CancelAll("enough")
		if err := <-done; err == nil {
			t.Error("the job was cancelled and gives no error")
		}
		time.Sleep(time.Second)
		if _, err := r.listing(ref); !errors.Is(err, transport.ErrNotFound) {
			t.Errorf("the driver still has the list: %v", err)
		}
	})
}
