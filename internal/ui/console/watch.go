package console

import (
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
)

// firstDelay is how long a stage runs before it is shown: a line that is gone before it can be read only disturbs.
const firstDelay = 500 * time.Millisecond

// watch knows how long stages have been running. Views do not tell, so it remembers the look before the one that first showed a stage.
type watch struct {
	since map[ids.StageID]time.Time
	last  time.Time // the previous look
}

// begin forgets all stages. Those of the next view began after now.
func (w *watch) begin(now time.Time) { w.since, w.last = nil, now }

// visible gives the stages that are worth showing, by id: those that launch tasks, more than one, for some time already.
func (w *watch) visible(v *sched.View, now time.Time) (stages []sched.StageView) {
	running := make(map[ids.StageID]time.Time, len(w.since))
	for _, s := range v.Stages {
		if s.State != "running" || s.Total < 2 {
			continue
		}
		since, known := w.since[s.Ref.Stage]
		if !known {
			since = w.last
		}
		running[s.Ref.Stage] = since
		if now.Sub(since) >= firstDelay {
			stages = append(stages, s)
		}
	}
	w.since, w.last = running, now
	return stages
}
