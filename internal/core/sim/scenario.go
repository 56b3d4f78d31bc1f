package sim

import (
	"math/rand/v2"
	"time"

	"github.com/kilnproject/kiln/internal/core/alloc"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/sched/health"
	"github.com/kilnproject/kiln/internal/core/sched/pool"
	"github.com/kilnproject/kiln/internal/core/sched/speculate"
)

// Time is virtual: it begins at zero and passes only when something happens.
type Time = sched.Time

// Scenario says what a simulation is like. Chances are from 0 to 1.
type Scenario struct {
	Seed        uint64
	Sched       sched.Config
	Executors   int
	Hosts       int
	Profiles    int // of stages and executors; 0 and 1 are the same
	MaxSlots    int
	Jobs        int
	MaxTasks    int           // of a stage
	MaxTask     time.Duration // a task takes up to this long
	Told        time.Duration // a task says that it took up to this long, which decides whether others are launched ahead
	MaxDelay    time.Duration // of a message
	Faults      time.Duration // how long faults happen
	Losses      int           // executors that are lost
	DiskFaults  int           // times at which an executor loses some map outputs, and nobody notices
	Copies      int           // times at which an executor takes a copy of a map output
	Caches      int           // times at which an executor tells of cached partitions
	Cancels     int
	Retirements int     // times at which executors are decommissioned, asked to go, suspected, silent, or lost with their host
	Partings    int     // times at which executors cannot be reached for a while
	Reports     int     // times at which an executor tells how far its tasks are
	Pauses      int     // times at which an executor, or the driver, stands still for a while
	SlowJoin    Time    // an executor may come so late
	Slow        float64 // an executor is several times as slow as others
	Racks       bool    // they are known
	Commits     bool    // result tasks ask before they succeed
	Wide        float64 // a stage asks for several slots, or for accelerators
	Barriers    float64 // a stage is a barrier stage
	Absent      float64 // a task does not come to the others of its barrier stage
	Digests     bool    // map tasks tell them
	Inexact     float64 // the functions of a stage do not give the same rows of the same rows; 0 without digests
	Fail        float64 // a task fails
	Final       float64 // its failure is final
	Crash       float64 // a task brings its executor down
	Deaf        float64 // a task that is killed ends as if it were not
	Twice       float64 // a status message comes twice
	Lose        float64 // it is lost, and the link with it
	Straggle    float64 // a task takes much longer than others
	Store       float64 // a result stays at its executor
	Forget      float64 // such a result is gone when it is fetched
	Never       float64 // an executor that dynamic allocation asks for cannot be started
	Steps       int     // more than this many mean that it never ends

	// Elastic lets executors come and go with the load: none is there at the start, and each has MaxSlots.
	Elastic *alloc.Config
}

// Random gives the scenario of a seed.
func Random(seed uint64) Scenario {
	r := rand.New(rand.NewPCG(seed, 1))
	some := func(chance, most float64) float64 {
		if r.Float64() >= chance {
			return 0
		}
		return r.Float64() * most
	}
	s := Scenario{
		Seed:      seed,
		Sched:     sched.Config{Seed: seed, Publish: r.IntN(2) == 0},
		Executors: 1 + r.IntN(6), Hosts: 1 + r.IntN(3), MaxSlots: 1 + r.IntN(4),
		Jobs: 1 + r.IntN(15), MaxTasks: 1 + r.IntN(20),
		MaxTask: time.Duration(1+r.IntN(3)) * time.Second, MaxDelay: time.Duration(r.IntN(200)) * time.Millisecond, Faults: 20 * time.Second,
		Losses: r.IntN(10), DiskFaults: r.IntN(12), Cancels: r.IntN(4),
		Fail: some(0.5, 0.2), Final: some(0.2, 0.1), Crash: some(0.2, 0.05),
		Deaf: some(0.5, 1), Twice: some(0.5, 0.5), Store: some(0.5, 0.5), Forget: some(0.3, 0.5),
		Steps: 50_000,
	}
	s.Caches = r.IntN(100)
	if r.IntN(2) == 0 {
		s.Sched.Ahead, s.MaxTasks = 1+r.IntN(8), 1+r.IntN(60)
		s.Told = time.Duration(r.IntN(2000)) * time.Microsecond
	}
	if r.IntN(2) == 0 {
		s.Retirements = r.IntN(20)
		s.Sched.Silence = time.Duration(r.IntN(3)) * 2 * time.Second
		s.Sched.ReasonWait = time.Duration(r.IntN(2)) * time.Second
		s.Sched.Expected, s.Sched.MinRegistered, s.Sched.RegisteredWait = s.Executors, r.Float64(), time.Duration(r.IntN(10))*time.Second
	}
	s.Commits = r.IntN(3) == 0
	if s.Racks = r.IntN(2) == 0; r.IntN(2) == 0 {
		wait := func() time.Duration { return time.Duration(r.IntN(3)) * time.Second }
		s.Sched.ProcessWait, s.Sched.NodeWait, s.Sched.RackWait = wait(), wait(), wait()
	}
	if r.IntN(3) == 0 {
		s.Wide, s.Sched.UnschedulableWait = r.Float64()/2, time.Duration(1+r.IntN(10))*time.Second
	}
	if r.IntN(2) == 0 {
		s.Sched.Pools = pool.Config{Policy: pool.Fair, Pools: []pool.Definition{
			{Name: "a", Policy: pool.Policy(r.IntN(2)), Weight: 1 + r.IntN(3)}, {Name: "b", Weight: 1, MinShare: r.IntN(4)},
		}}
	}
	if r.IntN(3) == 0 {
		s.exclude(r)
	}
	if r.IntN(4) == 0 {
		s.Sched.MaxStageTotal = 1 + r.IntN(8)
	}
	if r.IntN(3) == 0 {
		s.Sched.MaxActions = 8 + r.IntN(30)
	}
	if r.IntN(4) == 0 {
		s.Sched.MaxResultSize = int64(1 + r.IntN(400))
	}
	if r.IntN(3) == 0 {
		s.Profiles = 2 + r.IntN(2)
	}
	s.network(r)
	if r.IntN(3) == 0 {
		s.elastic(r)
	}
	s.barriers(r)
	s.speculate(r)
	return s.shuffling(r)
}

// barriers lets stages be barrier stages, now and then.
func (s *Scenario) barriers(r *rand.Rand) {
	if r.IntN(3) > 0 {
		return
	}
	s.Barriers, s.Absent = 0.2+r.Float64()/2, max(0, r.Float64()/5-0.1)
	s.Sched.BarrierWait, s.Sched.BarrierHold = time.Duration(5+r.IntN(60))*time.Second, time.Duration(r.IntN(8)-1)*time.Second
	s.Sched.BarrierTimeout = time.Duration(r.IntN(3)) * 4 * time.Second
	s.Sched.MostSlots = r.IntN(2) * r.IntN(30)
}

// network lets links and machines be bad.
func (s *Scenario) network(r *rand.Rand) {
	s.SlowJoin = 2 * time.Second
	if r.IntN(3) == 0 {
		s.SlowJoin = time.Duration(r.IntN(30)) * time.Second
	}
	if r.IntN(2) == 0 {
		s.Partings, s.Pauses = r.IntN(12), r.IntN(8)
	}
	if r.IntN(3) == 0 {
		s.Slow, s.Straggle = r.Float64()/2, r.Float64()/5
	}
	if r.IntN(4) == 0 {
		s.Lose = r.Float64() / 20
	}
}

// elastic lets executors come and go with the load.
func (s *Scenario) elastic(r *rand.Rand) {
	soon := func() Time { return Time(1+r.IntN(20)) * 100 * time.Millisecond }
	idle := func() Time { return []Time{0, 200 * time.Millisecond, 2 * time.Second, 10 * time.Second}[r.IntN(4)] }
	c := &alloc.Config{
		Min: r.IntN(3), Ratio: []float64{1, 0.5}[r.IntN(2)], Backlog: soon(), Sustained: soon(),
		Idle: idle(), CachedIdle: alloc.Never, ShuffleIdle: alloc.Never, TrackShuffles: r.IntN(4) > 0, Drain: r.IntN(3) == 0,
	}
	if !c.TrackShuffles { // executors take outputs along that are needed: were they soon gone, large stages would never be done
		c.Idle = 10 * time.Second
	}
	if c.Max = c.Min + 1 + r.IntN(8); r.IntN(2) == 0 {
		c.CachedIdle, c.ShuffleIdle = idle(), idle()
	}
	c.Initial = c.Min + r.IntN(c.Max-c.Min+1)
	if s.Profiles > 1 {
		// Executors of one profile have nothing to do while a job is busy with those of another. Where their map outputs are not worth
		// waiting for, it computes them in turns for ever, as the settings say.
		c.TrackShuffles, c.ShuffleIdle = true, alloc.Never
	}
	s.Elastic, s.Never, s.Sched.Expected = c, r.Float64()/4, 0
}

// speculate lets slow tasks have copies.
func (s *Scenario) speculate(r *rand.Rand) {
	if r.IntN(2) == 0 {
		return
	}
	s.Slow, s.Straggle, s.Reports = r.Float64()/2, r.Float64()/5, r.IntN(100)
	s.Sched.Speculation = speculate.Config{
		Enabled: true, Quantile: 0.05 + r.Float64()/1.1, Multiplier: 1 + 3*r.Float64(), AnyRate: r.IntN(2) == 0, LongRun: 1 + r.Float64(),
		Threshold: time.Duration(r.IntN(2)*r.IntN(3000)) * time.Millisecond,
	}
}

// shuffling lets map outputs be copied, be others when they are computed again, and go with executors that drain.
func (s Scenario) shuffling(r *rand.Rand) Scenario {
	s.Copies = r.IntN(2) * r.IntN(60)
	if s.Digests = r.IntN(4) > 0; s.Digests && r.IntN(10) < 7 {
		s.Inexact = r.Float64()
	}
	s.Sched.CountDrained = r.IntN(4) == 0
	return s.moving(r)
}

// moving lets few blocks move at once from executors that drain, now and then, or only map outputs.
func (s Scenario) moving(r *rand.Rand) Scenario {
	if r.IntN(3) == 0 {
		s.Sched.Move = sched.Move{LeaveKept: r.IntN(3) == 0, AtOnce: 1 + r.IntN(3), Failures: 1 + r.IntN(3), Wait: time.Duration(r.IntN(10)) * time.Second}
	}
	return s
}

// exclude lets tasks keep away from where others failed. In half of the scenarios it is known which machines there are.
func (s *Scenario) exclude(r *rand.Rand) {
	s.Sched.Health = health.Config{
		TaskAndStage: r.IntN(2) == 0, Application: r.IntN(2) == 0, Fetch: r.IntN(4) == 0, FetchByHost: r.IntN(2) == 0,
		AppOnExecutor: r.IntN(3), AppOnHost: r.IntN(3), StageOnExecutor: r.IntN(3),
		Timeout: time.Duration(1+r.IntN(10)) * time.Second, Ending: health.Ending(r.IntN(3)),
	}
	if s.Hosts%2 == 0 {
		s.Sched.Hosts = s.hosts()
	}
}
