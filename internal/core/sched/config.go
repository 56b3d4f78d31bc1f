package sched

import (
	"time"

	"github.com/kilnproject/kiln/internal/core/sched/health"
	"github.com/kilnproject/kiln/internal/core/sched/pool"
	"github.com/kilnproject/kiln/internal/core/sched/speculate"
)

// Time is a moment: the time since the driver started.
type Time = time.Duration

// Config is what the scheduler may be told. A zero field takes the default that stands beside it, which is Spark's where Spark
// has one.
type Config struct {
	Seed              uint64           // the only source of chance
	MaxFailures       int              // failed attempts of one task before its jobs fail; 4
	MaxStageAttempts  int              // attempts of a stage in a row that end for lost map outputs before its jobs fail; 4
	CountDrained      bool             // of these also those that end because an executor went that was decommissioned
	MaxStageTotal     int              // attempts of a stage altogether before its jobs fail, not below MaxStageAttempts; 0 means no limit
	MaxResultSize     int64            // bytes of results of one job; 0 means no limit
	ResubmitDelay     time.Duration    // how long lost map outputs are gathered before stages run again; 200 ms
	StarvationPeriod  time.Duration    // how often Starving comes while tasks wait and none runs; 15 s
	Ahead             int              // task attempts that may wait on an executor for each of its slots, when tasks are short; none
	ProcessWait       time.Duration    // how long a slot may be left free for one in the executor that a task prefers; 0 here and below
	NodeWait          time.Duration    // for one on its host
	RackWait          time.Duration    // for one in its rack
	UnschedulableWait time.Duration    // how long a stage waits for an executor that could run its tasks; 2 min
	BarrierWait       time.Duration    // how long a barrier stage waits for executors with room for all its tasks; 10 min
	BarrierHold       time.Duration    // after which one that waits holds slots that become free; 10 s; negative means never
	BarrierTimeout    time.Duration    // how long its tasks wait for each other at most; 0 means for ever
	MostSlots         int              // slots that there can ever be of profile 0: a barrier stage with more tasks is refused; 0 means no limit
	FarReduces        bool             // reduce tasks do not care on which hosts most of their input is
	Silence           time.Duration    // after which an executor is lost from which nothing was heard; 0 means never
	ReasonWait        time.Duration    // how long an executor may be suspected before it is lost; 0 means until ExecutorLost
	Expected          int              // executors that are asked for at the start
	MinRegistered     float64          // of these, the part that must have registered before tasks are launched; 0
	RegisteredWait    time.Duration    // how long after the start tasks wait for that; 30 s
	DrainWithin       time.Duration    // how long an executor may take that drains, where nobody says; 0 means as long as it takes
	Move              Move             // how map outputs leave executors that drain
	Hosts             []string         // the machines that executors can be on, where that is known: a task that may go to none of them fails at once
	Health            health.Config    // what keeps tasks away from where others failed: nothing
	Speculation       speculate.Config // which tasks that run get a copy elsewhere: none
	Pools             pool.Config      // in what order jobs get slots: first in, first out
	MaxActions        int              // actions of one Step; what is left follows at once, after Wake; 4096. Launches of a barrier stage come on top
	Publish           bool             // also give facts as actions
	Warn              bool             // also give those facts that are warnings
}

// lostPerFailure is how many times as often as it may fail a task may lose its executor through no fault of its own. Spark has no
// such limit, and a task that makes the kernel end its process then runs forever.
const lostPerFailure = 4

// minActions leaves room for a launch and what comes with it.
const minActions = 8

func (c Config) withDefaults() Config {
	if c.MaxFailures <= 0 {
		c.MaxFailures = 4
	}
	if c.MaxStageAttempts <= 0 {
		c.MaxStageAttempts = 4
	}
	if c.ResubmitDelay <= 0 {
		c.ResubmitDelay = 200 * time.Millisecond
	}
	if c.StarvationPeriod <= 0 {
		c.StarvationPeriod = 15 * time.Second
	}
	if c.UnschedulableWait <= 0 {
		c.UnschedulableWait = 2 * time.Minute
	}
	if c.BarrierWait <= 0 {
		c.BarrierWait = 10 * time.Minute
	}
	if c.BarrierHold == 0 {
		c.BarrierHold = 10 * time.Second
	}
	if c.RegisteredWait <= 0 {
		c.RegisteredWait = 30 * time.Second
	}
	if c.MaxActions <= 0 {
		c.MaxActions = 4096
	}
	c.MaxActions = max(c.MaxActions, minActions)
	c.Move = c.Move.withDefaults()
	c.Speculation = c.Speculation.WithDefaults()
	return c
}
