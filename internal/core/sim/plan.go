package sim

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/sched/resource"
)

// Plan is a Scenario down to its decisions: lists from which something may be taken away while the rest stays what it is. What is
// decided on the way, how long a message takes or whether a task attempt fails, is asked by name (chance.go).
type Plan struct {
	Scenario
	Joins     []Join            // executors that are there from the start
	Shuffles  []sched.StageSpec // the map stages that fill them; their place is the shuffle's id. Of all stages, see expand
	RDDs      []rdd             // that are cached
	Jobs      []Submission
	Accidents []Accident
	Only      []name // the mishaps that may happen; nil means all that chance has
}

// Join lets an executor come.
type Join struct {
	At    Time
	ID    ids.ExecutorID // those that come later have higher ones
	Shape shape
}

// shape is what an executor has.
type shape struct {
	host        string
	slots, gpus int
	profile     ids.ProfileID
	slow        int // how many times as long it takes
}

// Submission is a job and when it is submitted.
type Submission struct {
	At    Time
	Job   sched.Job       // without its stages
	Roots []ids.ShuffleID // that it reads
	Last  sched.StageSpec // what it does with them, unless it is a map-stage job
}

// Draw makes the decisions of a scenario, as its seed has them.
func Draw(s Scenario) Plan {
	d := &drawing{Plan{Scenario: s}, rand.New(rand.NewPCG(s.Seed, 2))}
	if s.Elastic == nil {
		for id := range max(s.Executors, s.Profiles) {
			at := d.upTo(time.Second)
			if d.chance.IntN(4) == 0 {
				at = d.upTo(s.SlowJoin)
			}
			d.Joins = append(d.Joins, Join{at, ids.ExecutorID(id), d.shape(d.chance.Uint64(), ids.ProfileID(id%max(1, s.Profiles)))})
		}
	}
	for range s.Jobs {
		d.makeJob()
	}
	d.makeAccidents()
	return d.Plan
}

// drawing is a Plan that is being made.
type drawing struct {
	Plan
	chance *rand.Rand
}

func (d *drawing) upTo(t Time) Time { return Time(d.chance.Int64N(int64(t) + 1)) }

// shape makes an executor of a profile of some random bits.
func (s *Scenario) shape(bits uint64, of ids.ProfileID) shape {
	r := rand.New(rand.NewPCG(bits, 3))
	x := shape{host: fmt.Sprintf("h%d", r.IntN(s.Hosts)), slots: 1 + r.IntN(s.MaxSlots), gpus: r.IntN(3), profile: of, slow: 1}
	if s.Elastic != nil {
		x.slots = s.MaxSlots
	}
	if r.Float64() < s.Slow {
		x.slow = 2 + r.IntN(4)
	}
	return x
}

// hosts are all that there are.
func (s *Scenario) hosts() []string {
	all := make([]string, s.Hosts)
	for i := range all {
		all[i] = fmt.Sprintf("h%d", i)
	}
	return all
}

// rackOf is where a host stands, when racks are known.
func (s *Scenario) rackOf(host string) string {
	if !s.Racks {
		return ""
	}
	return "r" + host[len(host)-1:]
}

// makeJob makes a job over old and new shuffles.
func (d *drawing) makeJob() {
	for range d.chance.IntN(3) {
		d.makeShuffle()
	}
	j := Submission{At: d.upTo(d.Faults / 2), Roots: d.someShuffles(3)}
	j.Job = sched.Job{
		ID: ids.JobID(len(d.Jobs)), Group: fmt.Sprint(d.chance.IntN(3)), Pool: []string{"", "a", "b", "new"}[d.chance.IntN(4)],
		Tags: []string{fmt.Sprint(d.chance.IntN(4))}, MapStage: len(j.Roots) > 0 && d.chance.IntN(5) == 0,
	}
	if j.Job.MapStage {
		j.Roots = j.Roots[:1]
		d.Jobs = append(d.Jobs, j)
		return
	}
	j.Last = sched.StageSpec{Name: "result", Partitions: d.chance.IntN(d.MaxTasks + 1), Parents: j.Roots}
	d.finishSpec(&j.Last)
	if d.chance.IntN(4) == 0 && !j.Last.Barrier {
		j.Job.Partitions = []int32{}
		for p := range int32(j.Last.Partitions) {
			if d.chance.IntN(2) == 0 {
				j.Job.Partitions = append(j.Job.Partitions, p)
			}
		}
	}
	d.Jobs = append(d.Jobs, j)
}

// makeShuffle makes a map stage that reads up to two of the shuffles that there are.
func (d *drawing) makeShuffle() {
	s := sched.StageSpec{
		Name: "map", IsMap: true, Shuffle: ids.ShuffleID(len(d.Shuffles)), Reduces: 1 + d.chance.IntN(4),
		Partitions: d.chance.IntN(d.MaxTasks + 1), Parents: d.someShuffles(2),
	}
	d.finishSpec(&s)
	d.Shuffles = append(d.Shuffles, s)
}

func (d *drawing) someShuffles(most int) (some []ids.ShuffleID) {
	for range d.chance.IntN(most + 1) {
		if len(d.Shuffles) > 0 {
			some = append(some, ids.ShuffleID(d.chance.IntN(len(d.Shuffles))))
		}
	}
	return some
}

func (d *drawing) finishSpec(spec *sched.StageSpec) {
	spec.Site = "sim.go:1"
	d.makeAsk(spec)
	d.makeBarrier(spec)
	for range d.chance.IntN(3) {
		d.makeKept(spec)
	}
	if d.chance.IntN(3) > 0 {
		return
	}
	spec.Prefer = make([][]sched.Place, spec.Partitions)
	for p := range spec.Prefer {
		for range d.chance.IntN(3) {
			host := fmt.Sprintf("h%d", d.chance.IntN(d.Hosts+1))
			spec.Prefer[p] = append(spec.Prefer[p], sched.Place{
				Host: host, Rack: d.rackOf(host), Executor: ids.ExecutorID(d.chance.IntN(d.Executors)), OnExecutor: d.chance.IntN(2) == 0,
			})
		}
	}
}

// makeAsk says what the tasks of a stage take. The body tells it to the oracles: slots, half accelerators, and the
// profile; and to the executors of what kind its functions are.
func (d *drawing) makeAsk(spec *sched.StageSpec) {
	spec.Body = []byte{1, 0, 0, exact}
	if d.Inexact > 0 && d.chance.Float64() < d.Inexact {
		spec.Body[3] = byte(1 + d.chance.IntN(2))
	}
	if d.Profiles > 1 {
		spec.Profile = ids.ProfileID(d.chance.IntN(d.Profiles))
		spec.Body[2] = byte(spec.Profile)
	}
	if d.chance.Float64() < d.Wide {
		spec.Slots = 1 + d.chance.IntN(d.MaxSlots)
		spec.Body[0] = byte(spec.Slots)
	}
	if d.chance.Float64() < d.Wide {
		halves := []int{1, 2, 4}[d.chance.IntN(3)]
		spec.Resources = []resource.Need{{Name: "gpu", Amount: int64(halves) * resource.Unit / 2}}
		spec.Body[1] = byte(halves)
	}
}

// job gives what is submitted to the core.
func (p *Plan) job(s *Submission) sched.Job {
	j := s.Job
	seen := map[ids.ShuffleID]bool{}
	for _, r := range s.Roots {
		j.Stages = p.addStages(j.Stages, r, seen)
	}
	if !j.MapStage {
		last := p.expand(s.Last)
		for _, r := range last.Parents {
			j.Stages = p.addStages(j.Stages, r, seen)
		}
		j.Stages = append(j.Stages, last)
	}
	return j
}

// addStages adds the stages that fill a shuffle, parents first.
func (p *Plan) addStages(stages []sched.StageSpec, id ids.ShuffleID, seen map[ids.ShuffleID]bool) []sched.StageSpec {
	if seen[id] {
		return stages
	}
	seen[id] = true
	spec := p.expand(p.Shuffles[id])
	for _, parent := range spec.Parents {
		stages = p.addStages(stages, parent, seen)
	}
	return append(stages, spec)
}

// wanted gives the partitions that a job wants results of.
func (s *Submission) wanted() map[int32]bool {
	wanted := map[int32]bool{}
	for _, p := range s.Job.Partitions {
		wanted[p] = true
	}
	if s.Job.Partitions == nil {
		for p := range s.Last.Partitions {
			wanted[int32(p)] = true
		}
	}
	return wanted
}
