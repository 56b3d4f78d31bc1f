package kiln

import (
	"errors"
	"fmt"
	"math"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kilnproject/kiln/cluster/local"
	"github.com/kilnproject/kiln/internal/conf"
	"github.com/kilnproject/kiln/internal/conf/pools"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/sched/health"
	"github.com/kilnproject/kiln/internal/core/sched/pool"
	"github.com/kilnproject/kiln/internal/core/sched/speculate"
	"github.com/kilnproject/kiln/internal/driver"
)

// reasonWait is how long the scheduler waits, when an executor's link has ended, for the cluster manager to say why.
const reasonWait = time.Second

// schedConfig is what the settings say to the scheduler.
func (s *Session) schedConfig(m conf.MasterURL) (sched.Config, error) {
	c := sched.Config{
		Seed:              1,
		MaxFailures:       m.MaxFailures(s.conf),
		MaxStageAttempts:  conf.MaxStageAttempts.Of(s.conf),
		CountDrained:      !conf.IgnoreDrained.Of(s.conf),
		MaxResultSize:     int64(conf.MaxResultSize.Of(s.conf)),
		Ahead:             conf.LaunchAhead.Of(s.conf),
		ProcessWait:       s.localityWait(conf.LocalityWaitProcess),
		NodeWait:          s.localityWait(conf.LocalityWaitNode),
		RackWait:          s.localityWait(conf.LocalityWaitRack),
		ReasonWait:        reasonWait,
		UnschedulableWait: conf.UnschedulableTimeout.Of(s.conf),
		MinRegistered:     conf.MinRegisteredRatio.Of(s.conf),
		RegisteredWait:    conf.MaxRegisteredWait.Of(s.conf),
		FarReduces:        !conf.ReduceLocality.Of(s.conf),
		BarrierWait:       s.barrierWait(),
		BarrierHold:       conf.BarrierHold.Of(s.conf),
		BarrierTimeout:    conf.BarrierSyncTimeout.Of(s.conf),
		MostSlots:         s.slots,
		DrainWithin:       conf.DecommissionKillTimeout.Of(s.conf),
		Move:              s.moves(),
		Warn:              true,
	}
	if c.BarrierHold == 0 {
		c.BarrierHold = -1
	}
	if m.Kind != conf.Local { // an executor in this process is silent only when this process is
		c.Silence = conf.NetworkTimeout.Of(s.conf)
	}
	if m.Kind == conf.LocalCluster {
		c.Hosts = local.Hosts(s.conf)
	}
	c.Speculation = s.speculation(m)
	var err error
	if c.Health, err = s.health(m); err != nil {
		return c, err
	}
	c.Pools, err = s.pools()
	return c, err
}

// moves is how map outputs and cached partitions leave executors that drain.
func (s *Session) moves() sched.Move {
	return sched.Move{
		Off:       !conf.MoveOutputs.Of(s.conf),
		LeaveKept: !conf.MoveCached.Of(s.conf),
		AtOnce:    conf.MovesAtOnce.Of(s.conf),
		Failures:  conf.MoveFailures.Of(s.conf),
		Wait:      conf.MoveWait.Of(s.conf),
	}
}

// speculation is which tasks get a copy on another machine.
func (s *Session) speculation(m conf.MasterURL) speculate.Config {
	return speculate.Config{
		Enabled:    conf.Speculation.Of(s.conf) && m.Kind != conf.Local,
		Interval:   conf.SpeculationInterval.Of(s.conf),
		Quantile:   max(conf.SpeculationQuantile.Of(s.conf), math.SmallestNonzeroFloat64), // a zero field is its default
		Multiplier: conf.SpeculationMultiplier.Of(s.conf),
		MinRuntime: max(conf.SpeculationMinRuntime.Of(s.conf), 1),
		Threshold:  conf.SpeculationThreshold.Of(s.conf),
		AnyRate:    !conf.SpeculationEfficiency.Of(s.conf),
		SlowRate:   conf.SpeculationRate.Of(s.conf),
		LongRun:    conf.SpeculationLongRun.Of(s.conf),
	}
}

// health is when tasks keep away from where others failed. A task that local[N] tries once never goes anywhere again, so that such a master
// takes the settings of a cluster without a word.
func (s *Session) health(m conf.MasterURL) (health.Config, error) {
	tries := m.MaxFailures(s.conf)
	c := health.Config{Fetch: conf.ExcludeFetch.Of(s.conf), Timeout: conf.ExcludeTimeout.Of(s.conf), DrainIdle: conf.ExcludeDrain.Of(s.conf)}
	switch {
	case conf.ExcludeKill.Of(s.conf) && c.DrainIdle:
		c.Ending = health.Decommission
	case conf.ExcludeKill.Of(s.conf):
		c.Ending = health.Kill
	}
	if !conf.Exclude.Of(s.conf) || m.Kind == conf.Local && tries == 1 {
		return c, nil
	}
	c.TaskAndStage, c.Application = true, true
	c.TaskOnExecutor, c.TaskOnHost = conf.ExcludeTaskExecutor.Of(s.conf), conf.ExcludeTaskHost.Of(s.conf)
	c.StageOnExecutor, c.StageOnHost = conf.ExcludeStageExecutor.Of(s.conf), conf.ExcludeStageHost.Of(s.conf)
	c.AppOnExecutor, c.AppOnHost = conf.ExcludeAppExecutor.Of(s.conf), conf.ExcludeAppHost.Of(s.conf)
	if c.TaskOnHost >= tries {
		return c, &ConfigError{
			Key: conf.ExcludeTaskHost.String(), Value: fmt.Sprint(c.TaskOnHost), Origin: conf.ExcludeTaskHost.Origin(s.conf),
			Why:        fmt.Sprintf("is not less than the %d failures (%v) that fail a job: with %v, one bad machine would fail it", tries, conf.MaxFailures, conf.Exclude),
			Suggestion: "lower it, or let a task fail more often",
		}
	}
	if err := c.Check(tries); err != nil {
		return c, &ConfigError{Key: conf.Exclude.String(), Value: "true", Origin: conf.Exclude.Origin(s.conf), Why: "has limits that cannot be: " + err.Error()}
	}
	return c, nil
}

// barrierWait is how long a barrier stage waits for executors with room for it.
func (s *Session) barrierWait() time.Duration {
	each, times := conf.BarrierCheckInterval.Of(s.conf), time.Duration(conf.BarrierCheckFailures.Of(s.conf))
	if each > conf.UnlimitedTime/times {
		return conf.UnlimitedTime
	}
	return each * times
}

func (s *Session) localityWait(k conf.Key[time.Duration]) time.Duration {
	if d, said := k.Lookup(s.conf); said {
		return d
	}
	return conf.LocalityWait.Of(s.conf)
}

// pools reads the pool file.
func (s *Session) pools() (pool.Config, error) {
	file := conf.AllocationFile.Of(s.conf)
	refuse := func(why string) error {
		return &ConfigError{Key: conf.AllocationFile.String(), Value: file, Origin: conf.AllocationFile.Origin(s.conf), Why: why}
	}
	if conf.SchedulerMode.Of(s.conf) != "FAIR" {
		if file != "" {
			return pool.Config{}, refuse("defines pools, which mean nothing to kiln.scheduler.mode=FIFO: set it to FAIR, or leave the file out")
		}
		return pool.Config{}, nil
	}
	c := pool.Config{Policy: pool.Fair}
	if file == "" {
		return c, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return c, refuse(fmt.Sprintf("cannot be read: %v", err))
	}
	if c.Pools, err = pools.Parse(file, data); err != nil {
		return c, errors.Join(refuse("is not a file of pools"), err)
	}
	c.Strict = true
	return c, nil
}

// recordLimit is how large a record of the scheduler may become.
const recordLimit = 1 << 30

// recording opens the file that the scheduler's events go to, if any.
func (s *Session) recording() (*driver.Recording, error) {
	file := conf.SchedRecord.Of(s.conf)
	if file == "" {
		return nil, nil
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE, 0o600)
	if err == nil {
		err = emptied(f)
	}
	if err != nil {
		return nil, &ConfigError{Key: conf.SchedRecord.String(), Value: file, Origin: conf.SchedRecord.Origin(s.conf), Why: fmt.Sprintf("cannot be written: %v", err)}
	}
	return &driver.Recording{Out: f, Limit: recordLimit}, nil
}

// emptied makes a file ready that nobody else writes, as long as it is open. One that another program records into is left alone: two
// logs in one file are none.
func emptied(f *os.File) error {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return errors.Join(errors.New("another program records into it"), f.Close())
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return err // a device or a pipe has nothing to empty, and what cannot be locked need not be
	}
	return f.Truncate(0)
}
