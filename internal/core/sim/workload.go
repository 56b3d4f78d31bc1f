package sim

import (
	"fmt"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/sched/resource"
)

// shuffle is an exchange that jobs may share.
type shuffle struct {
	spec    sched.StageSpec
	parents []*shuffle
}

// job is a job of the workload.
type job struct {
	spec          sched.Job
	wanted        map[int32]bool
	submitted     bool
	ended, failed bool
}

// plant plans everything that does not follow from something else.
func (w *World) plant() {
	for range max(w.Executors, w.Profiles) {
		w.plan(w.upTo(time.Second), w.start)
	}
	for range w.Jobs {
		j := w.makeJob()
		w.plan(w.upTo(w.Faults/2), func() {
			j.submitted = true
			w.tell(sched.JobSubmitted{Job: j.spec})
		})
	}
	for range w.Losses {
		w.plan(w.upTo(w.Faults), func() {
			if len(w.executors) > 0 {
				w.lose(w.executors[w.chance.IntN(len(w.executors))], false)
			}
		})
	}
	for range w.DiskFaults {
		w.plan(w.upTo(w.Faults), w.loseOutputs)
	}
	for range w.Caches {
		w.plan(w.upTo(w.Faults), w.changeBlocks)
	}
	for range w.Retirements {
		w.plan(w.upTo(w.Faults), w.retire)
	}
	for range w.Cancels {
		w.plan(w.upTo(w.Faults), w.cancel)
	}
	w.plan(w.Faults, w.release)
}

// loseOutputs takes some map outputs from an executor, which does not know.
func (w *World) loseOutputs() {
	if len(w.executors) == 0 {
		return
	}
	e := w.executors[w.chance.IntN(len(w.executors))]
	for _, s := range w.shuffles {
		for m := range s.spec.Partitions {
			if w.chance.IntN(3) == 0 {
				delete(e.outputs, output{s.spec.Shuffle, int32(m)})
			}
		}
	}
	if w.chance.IntN(4) == 0 {
		clear(e.outputs)
		w.tell(sched.OutputsLost{Executor: e.id})
	}
}

func (w *World) cancel() {
	switch w.chance.IntN(4) {
	case 0:
		w.tell(sched.GroupCancelled{Group: fmt.Sprint(w.chance.IntN(2)), Reason: "enough"})
	case 1:
		w.tell(sched.TagCancelled{Tag: fmt.Sprint(w.chance.IntN(3)), Reason: "enough"})
	default:
		w.tell(sched.JobCancelled{Job: ids.JobID(w.chance.IntN(len(w.jobs))), Reason: "enough"})
	}
}

// lastJob is how long after the faults the last job may take, which is long.
const lastJob = time.Hour

// release gives up each shuffle when no job uses it any more, and looks again later while some are left.
func (w *World) release() {
	left := false
	for _, j := range w.jobs {
		left = left || !j.ended
	}
	if left && w.now > w.Faults+lastJob {
		w.fail(fmt.Errorf("jobs do not end: %+v", w.core.View()))
		return
	}
	if left {
		w.plan(w.now+time.Second, w.release)
		return
	}
	w.over = true
	for _, s := range w.shuffles {
		w.tell(sched.ShuffleReleased{Shuffle: s.spec.Shuffle})
	}
}

// makeShuffle gives a map stage that reads up to two of the shuffles that there are.
func (w *World) makeShuffle() *shuffle {
	s := &shuffle{spec: sched.StageSpec{
		Name: "map", IsMap: true, Shuffle: ids.ShuffleID(len(w.shuffles)), Reduces: 1 + w.chance.IntN(4), Partitions: w.chance.IntN(w.MaxTasks + 1),
	}}
	s.parents = w.someShuffles(2)
	w.finishSpec(&s.spec, s.parents)
	w.shuffles = append(w.shuffles, s)
	return s
}

func (w *World) someShuffles(most int) (some []*shuffle) {
	for range w.chance.IntN(most + 1) {
		if len(w.shuffles) > 0 {
			some = append(some, w.shuffles[w.chance.IntN(len(w.shuffles))])
		}
	}
	return some
}

func (w *World) finishSpec(spec *sched.StageSpec, parents []*shuffle) {
	spec.Site = "sim.go:1"
	w.makeAsk(spec)
	for _, p := range parents {
		spec.Parents = append(spec.Parents, p.spec.Shuffle)
	}
	for range w.chance.IntN(3) {
		w.makeKept(spec)
	}
	if w.chance.IntN(3) == 0 {
		spec.Prefer = make([][]sched.Place, spec.Partitions)
		for p := range spec.Prefer {
			for range w.chance.IntN(3) {
				spec.Prefer[p] = append(spec.Prefer[p], sched.Place{
					Host: fmt.Sprintf("h%d", w.chance.IntN(w.Hosts+1)), Rack: fmt.Sprintf("r%d", w.chance.IntN(w.Hosts+1)), Executor: ids.ExecutorID(w.chance.IntN(w.Executors)), OnExecutor: w.chance.IntN(2) == 0,
				})
			}
		}
	}
}

// makeAsk says what the tasks of a stage take. The body tells it to the oracles: slots, half accelerators, and the profile.
func (w *World) makeAsk(spec *sched.StageSpec) {
	spec.Body = []byte{1, 0, 0}
	if w.Profiles > 1 {
		spec.Profile = ids.ProfileID(w.chance.IntN(w.Profiles))
		spec.Body[2] = byte(spec.Profile)
	}
	if w.chance.Float64() < w.Wide {
		spec.Slots = 1 + w.chance.IntN(w.MaxSlots)
		spec.Body[0] = byte(spec.Slots)
	}
	if w.chance.Float64() < w.Wide {
		halves := []int{1, 2, 4}[w.chance.IntN(3)]
		spec.Resources = []resource.Need{{Name: "gpu", Amount: int64(halves) * resource.Unit / 2}}
		spec.Body[1] = byte(halves)
	}
}

// makeKept lets a stage read cached partitions, which executors say they have, or have no more, as chance has it.
func (w *World) makeKept(spec *sched.StageSpec) {
	k := sched.Kept{RDD: ids.RDDID(w.chance.IntN(3))}
	if w.chance.IntN(2) == 0 {
		k.Partitions = make([]int32, spec.Partitions)
		for p := range k.Partitions {
			k.Partitions[p] = int32(w.chance.IntN(w.MaxTasks+1)) - 1
		}
	}
	spec.Kept = append(spec.Kept, k)
}

// changeBlocks lets an executor tell of cached partitions, or an RDD be released.
func (w *World) changeBlocks() {
	rdd := ids.RDDID(w.chance.IntN(3))
	if len(w.executors) == 0 || w.chance.IntN(20) == 0 {
		w.tell(sched.RDDReleased{RDD: rdd})
		return
	}
	ev := sched.BlocksChanged{Executor: ids.ExecutorID(w.chance.IntN(len(w.executors)))}
	for range 1 + w.chance.IntN(8) {
		ev.Blocks = append(ev.Blocks, sched.BlockChange{RDD: rdd, Partition: int32(w.chance.IntN(w.MaxTasks + 1)), There: w.chance.IntN(3) > 0})
	}
	w.tell(ev)
}

// makeJob gives a job over old and new shuffles.
func (w *World) makeJob() *job {
	for range w.chance.IntN(3) {
		w.makeShuffle()
	}
	j := &job{spec: sched.Job{ID: ids.JobID(len(w.jobs)), Group: fmt.Sprint(w.chance.IntN(3)), Pool: []string{"", "a", "b", "new"}[w.chance.IntN(4)], Tags: []string{fmt.Sprint(w.chance.IntN(4))}}}
	w.jobs = append(w.jobs, j)
	roots := w.someShuffles(3)
	j.spec.MapStage = len(roots) > 0 && w.chance.IntN(5) == 0
	if j.spec.MapStage {
		roots = roots[:1]
	}
	seen := map[ids.ShuffleID]bool{}
	for _, r := range roots {
		j.addStages(r, seen)
	}
	if j.spec.MapStage {
		return j
	}
	last := sched.StageSpec{Name: "result", Partitions: w.chance.IntN(w.MaxTasks + 1)}
	w.finishSpec(&last, roots)
	j.spec.Stages = append(j.spec.Stages, last)
	j.wanted = map[int32]bool{}
	some := w.chance.IntN(4) == 0
	for p := range int32(last.Partitions) {
		if !some || w.chance.IntN(2) == 0 {
			j.wanted[p] = true
			if some {
				j.spec.Partitions = append(j.spec.Partitions, p)
			}
		}
	}
	if some && j.spec.Partitions == nil {
		j.spec.Partitions = []int32{}
	}
	return j
}

// addStages adds the stages that fill a shuffle, parents first.
func (j *job) addStages(s *shuffle, seen map[ids.ShuffleID]bool) {
	if seen[s.spec.Shuffle] {
		return
	}
	seen[s.spec.Shuffle] = true
	for _, p := range s.parents {
		j.addStages(p, seen)
	}
	j.spec.Stages = append(j.spec.Stages, s.spec)
}
