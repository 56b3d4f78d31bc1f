package health

import (
	"fmt"
	"time"
)

// Time is a moment: the time since the driver started.
type Time = time.Duration

// Ending is what is to become of an executor that the application excludes.
type Ending uint8

// The endings.
const (
	Keep         Ending = iota // it stays and gets no tasks
	Kill                       // it is to be killed
	Decommission               // it is to be decommissioned
)

// String gives the ending in a word.
func (e Ending) String() string {
	switch e {
	case Keep:
		return "keep"
	case Kill:
		return "kill"
	case Decommission:
		return "decommission"
	}
	return fmt.Sprintf("ending %d", e)
}

// Config is what the package may be told. A zero limit takes the default that stands beside it, which is Spark's.
type Config struct {
	TaskAndStage bool // exclude for tasks and for stage attempts
	Application  bool // exclude for the application
	Fetch        bool // exclude for the application, at once, where a map output could not be read
	FetchByHost  bool // and then the whole host, because map outputs are served by one process for all its executors

	TaskOnExecutor  int           // failures of a task on an executor until it does not go there again; 1
	TaskOnHost      int           // and on a host; 2
	StageOnExecutor int           // failed tasks of a stage attempt on an executor until none of it goes there; 2
	StageOnHost     int           // executors of a host that a stage attempt excludes until it excludes the host; 2
	AppOnExecutor   int           // failed tasks of successful task sets on an executor until the application excludes it; 2
	AppOnHost       int           // executors of a host that the application excludes until it excludes the host; 2
	Timeout         time.Duration // how long the application remembers a failure, and excludes; an hour
	Ending          Ending        // of what the application excludes
	DrainIdle       bool          // an idle executor that makes room for another one, because tasks may go nowhere, drains and is not killed at once
}

func (c Config) withDefaults() Config {
	for _, limit := range []struct {
		of    *int
		usual int
	}{{&c.TaskOnExecutor, 1}, {&c.TaskOnHost, 2}, {&c.StageOnExecutor, 2}, {&c.StageOnHost, 2}, {&c.AppOnExecutor, 2}, {&c.AppOnHost, 2}} {
		if *limit.of == 0 {
			*limit.of = limit.usual
		}
	}
	if c.Timeout == 0 {
		c.Timeout = time.Hour
	}
	return c
}

// Check gives an error, in words for who wrote the configuration, when it cannot be. MaxFailures is how often a task may fail
// before its job does: a task that may fail so often on one host never leaves a bad one.
func (c Config) Check(maxFailures int) error {
	c = c.withDefaults()
	for _, limit := range []struct {
		of   int
		what string
	}{
		{c.TaskOnExecutor, "failures of a task on an executor"},
		{c.TaskOnHost, "failures of a task on a host"},
		{c.StageOnExecutor, "failed tasks of a stage on an executor"},
		{c.StageOnHost, "excluded executors of a stage on a host"},
		{c.AppOnExecutor, "failed tasks of the application on an executor"},
		{c.AppOnHost, "excluded executors of the application on a host"},
	} {
		if limit.of < 0 {
			return fmt.Errorf("the limit of %s is %d: it is at least 1", limit.what, limit.of)
		}
	}
	if c.Timeout < 0 {
		return fmt.Errorf("executors are excluded for %v: that is at least 1 ms", c.Timeout)
	}
	if c.TaskAndStage && c.TaskOnHost >= maxFailures {
		return fmt.Errorf("a task may fail %d times on one host and %d times at all: with one bad host its job fails; let it fail more often at all, or less often on a host", c.TaskOnHost, maxFailures)
	}
	return nil
}
