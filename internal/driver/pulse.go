package driver

import (
	"slices"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
)

// pulsePeriod is how often the loop turns when nothing happens.
const pulsePeriod = 250 * time.Millisecond

// asleep is how long the loop must not have turned for the whole process to have been stopped: by a debugger, by ctrl-Z, by a laptop's lid.
const asleep = time.Second

// turn notes that the loop turns. After the process itself was stopped, that nothing was heard from executors says nothing about them.
func (d *Driver) turn() {
	now := d.now()
	if now-d.turned > asleep {
		all := make([]ids.ExecutorID, 0, len(d.remotes))
		for id := range d.remotes { //nolint:maprange // put in order below
			all = append(all, id)
		}
		slices.Sort(all)
		for _, id := range all {
			d.step(sched.Heard{Executor: id})
		}
	}
	d.turned = now
}
