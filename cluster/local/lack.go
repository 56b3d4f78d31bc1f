package local

import (
	"fmt"
	"time"

	"github.com/kilnproject/kiln/cluster"
	"github.com/kilnproject/kiln/internal/core/profile"
)

// A machine may have too few addresses for all executors that are wanted. Those that are missing wait until others go, and where there is
// none of a shape at all its tasks wait with them. Nothing says that others ever go: their map outputs may be what these tasks read. So
// that is an error after a while, and no hang.

// lack is a shape of which executors are wanted, and none could be started.
type lack struct {
	shape cluster.Shape
	timer *time.Timer // goes off when that has been so for too long
}

// neediest gives the shape that has the fewest of the executors that are wanted of it, among those that the machine has enough for, and what
// the next one gets; nil when nothing is missing, or there is not enough for anything.
func (p *Processes) neediest() (least *cluster.Wanted, h held) {
	fewest := 0
	for i := range p.want {
		w := &p.want[i]
		n := p.staying(w.Profile)
		if n < w.Executors && (least == nil || n < fewest) && p.machine.fits(w.Shape) {
			least, fewest = w, n
		}
	}
	if least != nil {
		h = p.machine.take(least.Shape)
	}
	return least, h
}

// watchLacks begins to wait for those shapes of which there should be executors and is none, and forgets the others. The caller holds the
// lock.
func (p *Processes) watchLacks() {
	for i := range p.want {
		w, profile := &p.want[i], p.want[i].Profile
		known := p.lacks[profile]
		lacks := !p.closed && w.Executors > 0 && p.staying(profile) == 0
		switch {
		case lacks && known == nil:
			p.lacks[profile] = &lack{w.Shape, time.AfterFunc(p.patience, func() { p.giveUp(profile) })}
		case !lacks && known != nil:
			known.timer.Stop()
			delete(p.lacks, profile)
		}
	}
}

// giveUp says that nothing can be given of a shape, if that is so still.
func (p *Processes) giveUp(profile int32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l := p.lacks[profile]; l != nil && !p.closed {
		delete(p.lacks, profile)
		p.handler.Broken(l.error(p.patience))
	}
}

func (l *lack) error(after time.Duration) error {
	shape := profile.Executor{Slots: l.shape.Slots, Memory: l.shape.Memory}
	for _, r := range l.shape.Resources {
		shape = shape.WithCount(profile.Count(r))
	}
	if len(shape.Resources) == 0 {
		return fmt.Errorf("no executor of %v could be started for %v", shape, after)
	}
	return fmt.Errorf("no executor of %v could be started for %v: executors of other shapes have too many of the addresses that it needs; let them have fewer "+
		"(kiln.executor.resource.NAME.amount, kiln.dynamicAllocation.maxExecutors), or go sooner (kiln.dynamicAllocation.executorIdleTimeout)", shape, after)
}
