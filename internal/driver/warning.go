package driver

import (
	"fmt"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
)

// mostWarnings is how many different ones of stages are told in the life of a driver: who has read so many reads no more.
const mostWarnings = 20

// warnings is what people were told already.
type warnings struct {
	told    map[string]bool // of stages
	starved time.Duration   // how long tasks had waited when that was told last
}

// warnOf tells what a stage does that its author should know of. A loop that makes the same stage again and again is told once.
func (d *Driver) warnOf(w sched.StageWarned) {
	if d.cfg.Warn == nil || len(d.warned.told) == mostWarnings {
		return
	}
	if d.warned.told == nil {
		d.warned.told = map[string]bool{}
	}
	name, site := d.titleOf(w.Stage.Stage)
	if key := site + w.Text; !d.warned.told[key] {
		d.warned.told[key] = true
		d.warn(fmt.Sprintf("stage %d (%s at %s): %s", w.Stage.Stage, name, site, w.Text))
	}
}

// warnStarving tells that nothing runs, after waits that are twice as long each time.
func (d *Driver) warnStarving(s sched.Starving) {
	if d.cfg.Warn == nil || s.For >= d.warned.starved && s.For < 2*d.warned.starved {
		return
	}
	d.warned.starved = s.For
	name, site := d.titleOf(s.Stage.Stage)
	because := "there is no executor"
	if s.Executors > 0 {
		because = fmt.Sprintf("none of the executors (%d) takes them; with kiln.sched.record=FILE, kiln replay --why STAGE.PARTITION FILE tells the rule", s.Executors)
	}
	d.warn(fmt.Sprintf("tasks of stage %d (%s at %s) have waited for %v, %d of them, and nothing runs: %s",
		s.Stage.Stage, name, site, s.For.Round(time.Second), s.Waiting, because))
}

// warn hands a text to people, who may read slowly.
func (d *Driver) warn(text string) { d.notes.put(func() { d.cfg.Warn(text) }) }

// titleOf gives the verb that ends a stage of a job under way, and the user's line.
func (d *Driver) titleOf(id ids.StageID) (name, site string) {
	for _, s := range d.core.View().Stages {
		if s.Ref.Stage == id {
			return s.Name, s.Site
		}
	}
	return "", ""
}
