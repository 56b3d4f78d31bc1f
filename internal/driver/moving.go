package driver

import (
	"slices"

	"github.com/kilnproject/kiln/internal/core/sched"
)

// copyBlock orders an executor to take a copy of a block.
func (d *Driver) copyBlock(a sched.CopyBlock) {
	r := d.remotes[a.Executor]
	if r == nil {
		return // the scheduler hears that it is lost
	}
	a.Copy.From.Addr = d.blocksOf(a.Copy.From.Executor)
	b := d.batch(r)
	b.Copies = append(b.Copies, a.Copy)
}

// drain asks for an executor in the place of one that begins to drain: it is to be there before that one goes. Where executors come and
// go with the load, that looks at those that drain by itself.
func (d *Driver) drain(a sched.DrainExecutor) {
	if a.Replace && d.cfg.Allocation == nil {
		d.wantMore(1)
	}
}

// wantMore changes how many executors of the default profile are wanted, which is the only one when the numbers stay.
func (d *Driver) wantMore(n int) {
	if d.grants == nil {
		return
	}
	d.want = slices.Clone(d.want)
	d.want[0].Executors += n
	d.ask()
}
