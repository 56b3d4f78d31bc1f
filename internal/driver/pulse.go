package driver

import (
	"time"

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
		d.step(sched.DriverResumed{})
	}
	d.turned = now
}
