package driver_test

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"
	"testing/synctest"

	"github.com/kilnproject/kiln/cluster"
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/data/broadcast"
	"github.com/kilnproject/kiln/internal/link/transport"
	"github.com/kilnproject/kiln/internal/link/wire"
)

// place is what the driver answers to an executor that asks from whom it gets a block.
func (r *rig) place(of ids.BlockID, asker ids.ExecutorID) (broadcast.Place, error) {
	b, err := r.d.Blocks().OpenBlock(ids.Place(of, asker))
	if err != nil {
		return broadcast.Place{}, err
	}
	p, err := broadcast.ParsePlace(b.Data)
	if err != nil {
		return p, err
	}
	whole, err := r.d.Blocks().OpenBlock(of)
	if err == nil && !reflect.DeepEqual(p.Sums, transport.Sums(whole.Data)) {
		r.t.Errorf("of %v the checksums of another block are told", of)
	}
	return p, err
}

// wantPlaces asks in order, and fails the test when an executor is sent elsewhere.
func (r *rig) wantPlaces(of ids.BlockID, from ...string) {
	r.t.Helper()
	for asker, want := range from {
		if want == "-" {
			continue // it does not ask
		}
		if p, err := r.place(of, ids.ExecutorID(asker)); err != nil || p.Addr != want || !p.Shared {
			r.t.Errorf("for %v executor %d is sent to %+v, %v; want %q", of, asker, p, err, want)
		}
	}
}

func TestTheDriverSendsExecutorsToThoseThatHaveAPiece(t *testing.T) {
	drive(t, nil, func(r *rig) {
		for id := range ids.ExecutorID(4) {
			r.executor(id)
		}
		synctest.Wait()
		ref, err := r.d.Broadcast(make([]byte, 3<<20), "main.go:7")
		if err != nil {
			t.Fatal(err)
		}
		first, second := ids.Broadcast(ref.ID, 0), ids.Broadcast(ref.ID, 1)
		r.wantPlaces(first, "", "blocks-0", "blocks-0", "blocks-1")
		r.wantPlaces(second, "-", "", "-", "blocks-1")
		r.wantPlaces(second, "-", "-", "blocks-1")

		r.manager.handler.Gone(1, cluster.Loss{Text: "it was killed"})
		synctest.Wait()
		r.wantPlaces(second, "blocks-3", "-", "blocks-3")
		if p, err := r.place(second, 1); err != nil || p.Addr != "" || p.Shared {
			t.Errorf("one that is gone is sent to %+v, %v", p, err)
		}

		r.d.DropBroadcast(ref.ID, false)
		r.wantPlaces(first, "-", "-", "", "blocks-2")
		r.wantPlaces(first, "blocks-2")
		r.d.DropBroadcast(ref.ID, true)
		if _, err := r.place(first, 0); !errors.Is(err, transport.ErrNotFound) {
			t.Errorf("after its end: %v", err)
		}
		if _, err := r.d.Blocks().OpenBlock(ids.Place(ids.RDD(0, 0), 0)); !errors.Is(err, transport.ErrNotFound) {
			t.Errorf("of what the driver never has: %v", err)
		}
	})
}

func TestTheDriverSendsExecutorsToThoseThatHaveAList(t *testing.T) {
	drive(t, lists, func(r *rig) {
		p := r.executor(0)
		for id := range ids.ExecutorID(3) {
			r.executor(id + 1)
		}
		const reduces = 600_000
		done := r.shuffles(reduces)
		chance, sizes := rand.New(rand.NewPCG(1, 2)), make([]int64, reduces)
		for i := range sizes {
			sizes[i] = chance.Int64N(1 << (1 + chance.IntN(40)))
		}
		l := p.launch()
		p.send(&wire.Up{Ends: []task.End{mapped(l, sizes...)}})
		list := ids.Inputs(p.launch().Ref.StageRef)
		r.wantPlaces(list, "", "blocks-0", "blocks-0", "blocks-1")
		r.d.CancelAll("enough")
		if err := <-done; err == nil {
			t.Error("the job was cancelled and gives no error")
		}
		for id := range int32(4) {
			r.manager.handler.Gone(id, cluster.Loss{Text: "it was killed"})
		}
		synctest.Wait()
	})
}
