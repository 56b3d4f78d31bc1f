package driver

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/profile"
)

// defined says what executors of a profile have. Profiles are defined in the order of their ids.
type defined struct {
	profile ids.ProfileID
	shape   profile.Executor
}

// Define says what executors of a profile have, before the first job with it is run. Ids go on from 1, one by one; profile 0 is that of
// Config.Executor. A shape is never changed.
func (d *Driver) Define(p ids.ProfileID, shape profile.Executor) { d.report(defined{p, shape}) }

func (d *Driver) define(x defined) {
	if int(x.profile) != len(d.shapes) {
		panic(fmt.Sprintf("driver: profile %d is defined after %d others", x.profile, len(d.shapes)))
	}
	d.shapes = append(d.shapes, x.shape)
}

// refuseProfile says why an executor may not take part, whose profile nobody asked for.
func (d *Driver) refuseProfile(r *remote) string {
	if p := r.hello.Profile; int(p) >= len(d.shapes) {
		return fmt.Sprintf("it is of profile %d, for which this application asked no executors", p)
	}
	return ""
}
