package sched

import (
	"math/rand/v2"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched/commit"
	"github.com/kilnproject/kiln/internal/core/sched/health"
	"github.com/kilnproject/kiln/internal/core/sched/mapout"
	"github.com/kilnproject/kiln/internal/core/sched/resource"
	"github.com/kilnproject/kiln/internal/core/sched/speculate"
	"github.com/kilnproject/kiln/internal/core/task"
)

// Core is the scheduler's state. It is not safe for concurrent use.
type Core struct {
	cfg    Config
	chance *rand.Rand
	now    Time

	jobs        []*job   // active ones, by id
	stages      []*stage // by id: those of active jobs, and map stages whose shuffle is not released
	nextStage   ids.StageID
	byShuffle   map[ids.ShuffleID]*stage // looked up, never ranged over
	outputs     *mapout.Table
	kept        keptTable // cached RDDs that a job has read, or executors have
	queue       queue
	attempts    attempts
	grants      map[ids.TaskID]resource.Grant // what task attempts have beside slots; looked up, never ranged over
	nextTask    ids.TaskID
	lacking     []*stage // ready, or were: to be submitted again at resubmitAt
	rolledBack  []*stage // idle, or were: to be submitted again at once
	resubmitAt  Time     // valid while lacking is not empty
	executors   []*executor
	seen        bitset // executor ids that were ever used
	alive       int    // living executors
	dismissed   bitset // executors that were decommissioned, by id; they may be gone since
	commits     *commit.Coordinator
	health      *health.Tracker           // nil when it keeps nobody away
	changes     int                       // how often something changed that decides which executors can run a task
	hosts       map[string]*host          // looked up, never ranged over
	racks       map[string]*rack          // looked up, never ranged over
	shapes      []*shape                  // by profile
	offered     int                       // executors with free slots
	freshly     []*executor               // those that got a free slot since all runs in the queue were looked at
	delayed     []*run                    // those with delays that launched in this Step
	watching    bool                      // it was looked at whether runs are stuck
	watchedAt   int                       // Core.changes at that time
	idleWanted  bool                      // one of them waits for an executor that has nothing to do
	demanding   int                       // runs in the queue that are not easy
	gangs       []*run                    // current runs of barrier stages, oldest first
	held        bool                      // one of them holds slots
	freed       *executor                 // where a task attempt has ended in this Step
	recallAt    Time                      // valid while it is not zero: when what waits on executors is recalled
	drainers    ring                      // executors that drain
	drained     []*executor               // of these, those that may have nothing left that is needed, or may go on with moving it
	read        []*executor               // of those that drain, those that have drained and that tasks may yet read from
	turn        int                       // the executor that was last ordered to take a copy of a map output
	early       []ExecutorsDecommissioned // of one executor each, which has not registered
	alarms      alarms
	copied      speculate.Stats // what speculation did so far
	begun       bool            // tasks may be launched
	unavailable *string         // why no more executors will come

	out    []Action
	base   int      // where the actions of this Step begin in out
	later  []Action // given when there was no room, before all others
	orders orders   // of this Step
	given  given    // what these point to
	more   bool     // there may be something to launch, and was no room for it
	whole  bool     // this Step launches a barrier stage, and is not cut

	starving Time // since when tasks wait and none runs; valid while starveAt is not zero
	starveAt Time // when this is published next
}

// New gives a scheduler to which nothing has happened.
func New(cfg Config) *Core {
	c := &Core{
		cfg: cfg.withDefaults(), chance: rand.New(rand.NewPCG(cfg.Seed, 0)), byShuffle: map[ids.ShuffleID]*stage{},
		outputs: mapout.New(), queue: newQueue(cfg.Pools), health: health.New(cfg.Health), commits: commit.New(), hosts: map[string]*host{}, racks: map[string]*rack{},
		attempts: attempts{runs: map[ids.StageRef]*run{}, fetching: map[ids.TaskID]*attempt{}}, grants: map[ids.TaskID]resource.Grant{},
	}
	c.shape(0)
	c.drainers.member = func(e *executor) *place { return &e.drains }
	return c
}

// Step takes one event and appends the actions that follow from it to out. Now must not run backwards.
func (c *Core) Step(now Time, ev Event, out []Action) []Action {
	c.now, c.out, c.base, c.more, c.whole = now, out, len(out), false, false
	if len(c.later) == 0 {
		c.given.forget()
	}
	c.dispatch(ev)
	c.submitRolledBack()
	c.forgive()
	c.ringAlarms()
	c.expireRooms()
	c.resubmit()
	c.offer()
	c.offerAhead()
	c.giveOrders()
	c.watchUnschedulable()
	c.giveUpShapes()
	c.recall()
	c.letDrainedGo()
	c.watchStarvation()
	c.limit()
	out, c.out = c.out, nil
	return out
}

func (c *Core) dispatch(ev Event) {
	switch ev := ev.(type) {
	case *TaskEnded:
		c.taskEnded(ev)
	case TaskEnded:
		c.taskEnded(&ev)
	case TaskCalled:
		c.taskCalled(ev)
	case Progressed:
		c.progressed(ev)
	case ResultFetched:
		c.resultFetched(ev)
	case ResultLost:
		c.resultLost(ev)
	case JobSubmitted:
		c.submitJob(ev.Job)
	case JobCancelled:
		c.cancel(ev.Reason, func(j *Job) bool { return j.ID == ev.Job })
	case GroupCancelled:
		c.cancel(ev.Reason, func(j *Job) bool { return j.Group == ev.Group && j.Group != "" })
	case TagCancelled:
		c.cancel(ev.Reason, func(j *Job) bool { return j.tagged(ev.Tag) })
	case StageCancelled:
		if s := c.stage(ev.Stage); s != nil {
			c.abort(s, nowhere(Cancelled, ev.Reason))
		}
	case AllCancelled:
		c.cancel(ev.Reason, func(*Job) bool { return true })
	case BlocksChanged:
		c.blocksChanged(ev)
	case RDDReleased:
		c.releaseRDD(ev.RDD)
	case PoolDefined:
		c.definePool(ev)
	case ShuffleReleased:
		c.releaseShuffle(ev.Shuffle)
	case Woke:
	default:
		c.dispatchExecutors(ev)
	}
}

// dispatchExecutors takes the events about executors and what they hold.
func (c *Core) dispatchExecutors(ev Event) {
	switch ev := ev.(type) {
	case ExecutorRegistered:
		c.registerExecutor(ev)
	case ExecutorLost:
		c.loseExecutor(ev)
	case ExecutorSuspected:
		c.suspect(ev)
	case ExecutorsDecommissioned:
		c.decommission(ev)
	case HostDecommissioned:
		c.decommission(ExecutorsDecommissioned{Executors: c.on(ev.Host), Reason: ev.Reason, Within: ev.Within, Replace: true})
	case KillAsked:
		c.killExecutors(ev)
	case HostLost:
		c.loseHost(ev)
	case DriverResumed:
		for _, e := range c.executors {
			if e != nil {
				e.heard = c.now
			}
		}
	case Heard:
		if e := c.executor(ev.Executor); e != nil {
			e.heard = c.now
		}
	case ExecutorsUnavailable:
		c.unavailable = &ev.Reason
		c.giveUp()
	case OutputsLost:
		c.loseOutputsOf(ev.Executor)
	case CopyEnded:
		c.copyEnded(ev)
	}
}

func (c *Core) definePool(ev PoolDefined) {
	if err := c.queue.tree.Define(ev.Pool); err != nil {
		panic("sched: the shell defines a pool that cannot be: " + err.Error())
	}
}

// Wake gives the one moment at which the shell must tell Woke, if any.
func (c *Core) Wake() (at Time, ok bool) {
	if c.more || len(c.later) > 0 {
		return c.now, true
	}
	if len(c.lacking) > 0 {
		at, ok = c.resubmitAt, true
	}
	for _, t := range [...]Time{c.starveAt, c.recallAt} {
		if t > 0 && (!ok || t < at) {
			at, ok = t, true
		}
	}
	if t, waits := c.delayWake(); waits && (!ok || t < at) {
		at, ok = t, true
	}
	if t, stuck := c.stuckWake(); stuck && (!ok || t < at) {
		at, ok = t, true
	}
	if t, excludes := c.health.Next(); excludes && (!ok || t < at) {
		at, ok = t, true
	}
	if t, due := c.gangWake(); due && (!ok || t < at) {
		at, ok = t, true
	}
	if a, rings := c.nextAlarm(); rings && (!ok || a.at < at) {
		at, ok = a.at, true
	}
	if !c.begun && c.queue.first() != nil && (!ok || c.cfg.RegisteredWait < at) {
		at, ok = c.cfg.RegisteredWait, true
	}
	return at, ok
}

// Over says that a stage attempt is over and none of its tasks runs: executors have been told to forget it, as far as they live.
func (c *Core) Over(ref ids.StageRef) bool {
	s := c.stage(ref.Stage)
	return s == nil || s.attempt(ref.Attempt) == nil
}

// Stage describes a stage attempt to executors: what ShipStage sends. The lists of map outputs are the caller's, who fills in their
// addresses; sizes, body and properties are shared, and nobody changes them. It is nil when the attempt is over.
func (c *Core) Stage(ref ids.StageRef) *task.Stage {
	if c.Over(ref) {
		return nil
	}
	s := c.stage(ref.Stage)
	r := s.attempt(ref.Attempt)
	t := &task.Stage{
		Ref: ref, Job: r.job.spec.ID, Body: s.spec.Body, Props: r.job.spec.Props,
		IsMap: s.spec.IsMap, Shuffle: s.spec.Shuffle, Reduces: s.spec.Reduces, Slots: s.spec.Slots, Generation: r.generation,
	}
	t.Cached = c.describeKept(&s.spec)
	if r.gang != nil {
		t.Hosts = r.gang.hosts
	}
	for _, p := range s.spec.Parents {
		t.Inputs = append(t.Inputs, c.outputs.Find(p).Input())
	}
	return t
}

func (c *Core) do(a Action) { c.out = append(c.out, a) }

// publish gives a fact, when somebody listens; only then is it put into an interface.
func publish[F Fact](c *Core, f F) {
	if c.cfg.Publish {
		c.out = append(c.out, f)
	}
}

// room says whether a launch and what belongs to it fits into this Step.
func (c *Core) room() bool {
	return len(c.later) == 0 && len(c.out)-c.base+c.orders.len()+3 <= c.cfg.MaxActions
}

// limit keeps what is too much for one Step for the next.
func (c *Core) limit() {
	fresh := c.out[c.base:]
	if len(c.later) == 0 && (c.whole || len(fresh) <= c.cfg.MaxActions) {
		return
	}
	c.later = append(c.later, fresh...)
	n := min(len(c.later), c.cfg.MaxActions)
	c.out = append(c.out[:c.base], c.later[:n]...)
	left := copy(c.later, c.later[n:])
	clear(c.later[left:])
	c.later = c.later[:left]
}
