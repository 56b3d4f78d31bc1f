package driver

import (
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/link/wire"
)

// ship sends a stage attempt; it is described once for all executors that get it now.
func (d *Driver) ship(a sched.ShipStage) {
	s := d.stages[a.Stage]
	if s.stage == nil || s.listing < a.Listing {
		t := d.core.Stage(a.Stage)
		if t == nil {
			return
		}
		d.locate(t)
		if from := d.cfg.ListFrom; from > 0 && wire.WeightOfInputs(t.Inputs) >= from {
			d.list(a.Stage, t.Inputs)
			t.Inputs, t.Listed = nil, true
		}
		s = shipped{t, a.Listing}
		d.stages[a.Stage] = s
	}
	if r := d.remotes[a.Executor]; r != nil {
		b := d.batch(r)
		b.Stages = append(b.Stages, s.stage)
	}
}

// list offers the inputs of a stage attempt as a block. Executors that have an older one give it to nobody any more.
func (d *Driver) list(ref ids.StageRef, inputs []task.Input) {
	d.listings.offer(ref, inputs)
	d.directory.Forget(ids.Inputs(ref), 1)
}

// locate fills in where the executors are that have map outputs.
func (d *Driver) locate(t *task.Stage) {
	for i := range t.Inputs {
		for m := range t.Inputs[i].Outputs {
			o := &t.Inputs[i].Outputs[m]
			o.Addr = d.blocksOf(o.Executor)
			d.addresses(o.Copies)
		}
	}
}

// shipped is a stage attempt as executors are told of it.
type shipped struct {
	stage   *task.Stage
	listing int32
}

// blocksOf gives where an executor serves blocks; nothing when it is gone.
func (d *Driver) blocksOf(id ids.ExecutorID) string {
	if r := d.remotes[id]; r != nil {
		return r.hello.BlockAddr
	}
	return ""
}

func (d *Driver) forget(a sched.ForgetStage) {
	d.unship(a.Stage)
	if r := d.remotes[a.Executor]; r != nil {
		b := d.batch(r)
		b.Forget = append(b.Forget, a.Stage)
	}
}

// forgetOver forgets stage attempts of which nobody is left to be told: every executor that had one is gone.
func (d *Driver) forgetOver() {
	for ref := range d.stages { //nolint:maprange // each is looked at alone
		if d.core.Over(ref) {
			d.unship(ref)
		}
	}
}

// unship forgets a stage attempt, and what is told of it as a block.
func (d *Driver) unship(ref ids.StageRef) {
	delete(d.stages, ref)
	d.listings.drop(ref)
	d.directory.Forget(ids.Inputs(ref), 1)
}
