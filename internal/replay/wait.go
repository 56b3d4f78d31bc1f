package replay

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/sched/resource"
)

// rule gives the rule that keeps the task waiting; zero when nobody wants it.
func (w *watcher) rule(v *sched.View) (Rule, string) {
	stage := func(id ids.StageID) (s sched.StageView) {
		if at := slices.IndexFunc(v.Stages, func(s sched.StageView) bool { return s.Ref.Stage == id }); at >= 0 {
			s = v.Stages[at]
		}
		return s
	}
	switch s := stage(w.stage); s.State {
	case "waiting":
		var missing []string
		for _, p := range w.spec.Parents {
			if writer := w.writers[p]; stage(writer).State != "done" {
				missing = append(missing, fmt.Sprintf("stage %d", writer))
			}
		}
		return Parents, strings.Join(missing, ", ")
	case "ready":
		return Gathering, ""
	case "running":
		if s.Awaits {
			return Excluded, w.exclusions() + "; one made room for another, which has not come"
		}
		return w.placeRule(v)
	case "idle": // the stage that reads from it asks for it again
		if slices.ContainsFunc(v.Stages, func(s sched.StageView) bool { return s.State == "ready" }) {
			return Gathering, ""
		}
	}
	return 0, ""
}

// placeRule gives the rule for a task whose stage runs.
func (w *watcher) placeRule(v *sched.View) (Rule, string) {
	all, there, active, free := 0, 0, 0, 0
	for _, e := range v.Executors {
		if e.State == "active" {
			all++
		}
		if e.Profile != w.spec.Profile {
			continue
		}
		there++
		if e.State == "active" {
			active++
			free += max(0, e.Slots-e.Used)
		}
	}
	switch {
	case there == 0 && w.spec.Profile != 0:
		return NoExecutor, fmt.Sprintf("none of profile %d is there", w.spec.Profile)
	case there == 0:
		return NoExecutor, ""
	case active == 0:
		return NoExecutor, fmt.Sprintf("%d are there and take no tasks", there)
	case !w.began && float64(all) < w.cfg.MinRegistered*float64(w.cfg.Expected):
		return TooFewExecutors, ""
	case w.spec.Barrier:
		return Together, fmt.Sprintf("%d tasks, each of which takes %s; %d slots are free", w.spec.Partitions, w.asks(), free)
	case free == 0:
		return NoSlot, "" // close tells who got those that came free
	case len(w.failed)+len(w.excluded) > 0:
		return Excluded, w.exclusions()
	case w.cfg.ProcessWait+w.cfg.NodeWait+w.cfg.RackWait > 0 && w.prefers():
		return Locality, "others are free"
	case w.spec.Slots > 1 || len(w.spec.Resources) > 0:
		return Unfit, "others are free, and it takes " + w.asks()
	}
	return Unfit, "others are free"
}

// exclusions gives where the task does not go, in words.
func (w *watcher) exclusions() string {
	var words []string
	if len(w.failed) > 0 {
		words = append(words, "it failed on executors "+list(w.failed))
	}
	for _, f := range w.excluded {
		words = append(words, f.String())
	}
	return strings.Join(words, "; ")
}

// prefers says that the task would like to run somewhere.
func (w *watcher) prefers() bool {
	return w.spec.Prefer != nil && len(w.spec.Prefer[w.partition]) > 0 || len(w.spec.Kept) > 0
}

// asks gives what the task takes on an executor.
func (w *watcher) asks() string {
	words := fmt.Sprintf("%d slots", max(1, w.spec.Slots))
	for _, r := range w.spec.Resources {
		words += fmt.Sprintf(", %g %s", float64(r.Amount)/resource.Unit, r.Name)
	}
	return words
}
