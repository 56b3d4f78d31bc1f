package local

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kilnproject/kiln/cluster"
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched/resource"
)

// broken keeps what a manager says that it cannot do.
type broken struct {
	mu   sync.Mutex
	said []string
}

func (b *broken) Granted(int32, string)    {}
func (b *broken) Gone(int32, cluster.Loss) {}
func (b *broken) Broken(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.said = append(b.said, err.Error())
}

// all gives what was said until now, when everything else rests.
func (b *broken) all() []string {
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.said
}

// gpus gives a manager of a machine with two accelerators, which starts nothing by itself.
func gpus(b *broken) *Processes {
	return &Processes{
		handler: b, patience: time.Minute, children: map[ids.ExecutorID]*child{}, lacks: map[int32]*lack{},
		machine: newMachine([]resource.Offer{{Name: "gpu", Addresses: []string{"0", "1"}}}),
	}
}

func wants(profile int32, executors, amount int) cluster.Wanted {
	w := cluster.Wanted{Profile: profile, Executors: executors, Shape: cluster.Shape{Slots: 1, Memory: 1 << 30}}
	if amount > 0 {
		w.Shape.Resources = []cluster.Resource{{Name: "gpu", Amount: amount}}
	}
	return w
}

// grant lets the manager start what it would, without processes.
func (p *Processes) grant() (started []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		w, h := p.neediest()
		if w == nil {
			p.watchLacks()
			return started
		}
		p.children[p.next] = &child{profile: ids.ProfileID(w.Profile), held: h}
		p.next++
		started = append(started, fmt.Sprintf("%d:%v", w.Profile, h.resources))
	}
}

func (p *Processes) end(id ids.ExecutorID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.machine.give(p.children[id].held)
	delete(p.children, id)
}

// wantOf changes how many executors of a profile are wanted.
func (p *Processes) wantOf(profile, executors int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.want[profile].Executors = executors
}

func TestShapesTakeTurnsWhereAddressesAreFew(t *testing.T) {
	p := gpus(&broken{})
	p.want = []cluster.Wanted{wants(0, 3, 0), wants(1, 3, 1), wants(2, 1, 1)}
	if got := fmt.Sprint(p.grant()); got != "[0:[] 1:[{gpu [0]}] 2:[{gpu [1]}] 0:[] 0:[]]" {
		t.Error(got)
	}
	p.end(2) // of the other shape, and it is wanted no more
	p.wantOf(2, 0)
	if got := fmt.Sprint(p.grant()); got != "[1:[{gpu [1]}]]" {
		t.Error(got)
	}
}

func TestAShapeThatGetsNoExecutorForLongIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		manager := &broken{}
		p := gpus(manager)
		p.want = []cluster.Wanted{wants(0, 2, 1)}
		p.grant()
		p.want = append(p.want, wants(1, 1, 2))
		p.grant()
		time.Sleep(50 * time.Second)
		p.wantOf(1, 0) // nobody waits for it for a while
		p.grant()
		p.wantOf(1, 1)
		p.grant()
		time.Sleep(50 * time.Second)
		if said := manager.all(); len(said) > 0 {
			t.Error(said)
		}
		time.Sleep(11 * time.Second)
		if said := manager.all(); len(said) != 1 || !strings.Contains(said[0], "no executor of 1 slot, 1g, 2 gpu could be started for 1m0s: executors of other shapes have too many") {
			t.Error(said)
		}
	})
}

func TestNothingIsSaidOfAShapeThatGetsItsExecutorInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		manager := &broken{}
		p := gpus(manager)
		p.want = []cluster.Wanted{wants(0, 1, 2), wants(1, 1, 1)}
		p.grant()
		time.Sleep(50 * time.Second)
		p.wantOf(0, 0)
		p.end(0)
		p.grant()
		time.Sleep(time.Hour)
		if said := manager.all(); len(said) > 0 {
			t.Error(said)
		}
	})
}
