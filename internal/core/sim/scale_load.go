package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/task"
)

// scaleJob is a job of a Scale.
type scaleJob struct {
	shuffle  ids.ShuffleID
	prefer   [][]sched.Place
	sizes    task.Sizes                 // of every map output
	at       []ids.ExecutorID           // where each map output lies, or lay before it was gone
	others   map[int32][]ids.ExecutorID // where more attempts left the same; nil while none has
	missing  int                        // map outputs that are nowhere yet
	readable Time                       // since when none is missing
}

// submit submits all jobs, and finds out how long they take at least.
func (w *scaleWorld) submit() {
	var work, longest time.Duration
	w.jobs = make([]scaleJob, w.Jobs)
	for i := range w.jobs {
		tasks := (i+1)*w.Tasks/w.Jobs - i*w.Tasks/w.Jobs
		reduces := max(1, tasks/100)
		maps := max(1, tasks-reduces)
		j := &w.jobs[i]
		*j = scaleJob{shuffle: ids.ShuffleID(i), prefer: w.places(maps), sizes: task.PackSizes(slices.Repeat([]int64{1 << 16}, reduces)), at: slices.Repeat([]ids.ExecutorID{nowhere}, maps), missing: maps}
		sum1, most1 := w.least(i*2, maps)
		sum2, most2 := w.least(i*2+1, reduces)
		work, longest = work+sum1+sum2, max(longest, most1+most2)
		w.tell(sched.JobSubmitted{Job: sched.Job{ID: ids.JobID(i), Stages: []sched.StageSpec{
			{Name: "map", Site: "sim.go:1", Body: []byte{1}, IsMap: true, Shuffle: j.shuffle, Partitions: maps, Reduces: reduces, Prefer: j.prefer},
			{Name: "result", Site: "sim.go:2", Body: []byte{1}, Partitions: reduces, Parents: []ids.ShuffleID{j.shuffle}},
		}}})
		w.report.Bound = max(longest, work/time.Duration(w.Executors*w.Slots))
	}
}

// places lets some tasks prefer three hosts, as blocks of a replicated file do.
func (w *scaleWorld) places(n int) [][]sched.Place {
	if w.Placed == 0 {
		return nil
	}
	prefer := make([][]sched.Place, n)
	for i := range prefer {
		if w.chance.Float64() < w.Placed {
			for range 3 {
				prefer[i] = append(prefer[i], sched.Place{Host: hostName(w.chance.IntN(w.Hosts))})
			}
		}
	}
	return prefer
}

func hostName(n int) string { return fmt.Sprintf("h%d", n) }

// least is how long n tasks of a stage take in all, and the longest one, on executors that are not slow.
func (w *scaleWorld) least(stage, n int) (sum, most time.Duration) {
	for p := range n {
		d := w.takes(stage, int32(p))
		sum, most = sum+d, max(most, d)
	}
	return sum, most
}

// takes is how long a task takes on an executor that is not slow: the same for each of its attempts.
func (w *scaleWorld) takes(stage int, partition int32) time.Duration {
	var chance rand.PCG
	chance.Seed(w.Seed^uint64(stage)<<32, uint64(partition))
	return w.Task/2 + time.Duration(chance.Uint64()%uint64(w.Task+1))
}

// meet remembers whose stage attempt is shipped. It asks the core for it, as a driver does.
func (w *scaleWorld) meet(ref ids.StageRef) {
	for int(ref.Stage) >= len(w.jobOf) {
		w.jobOf = append(w.jobOf, -1)
	}
	if w.jobOf[ref.Stage] >= 0 {
		return
	}
	st := w.core.Stage(ref)
	w.jobOf[ref.Stage] = int32(st.Job) * 2
	if !st.IsMap {
		w.jobOf[ref.Stage]++
	}
}
