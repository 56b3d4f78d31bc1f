package speculate

import (
	"fmt"
	"time"
)

// Time is a moment: the time since the driver started.
type Time = time.Duration

// Config is what the package may be told. A zero field takes the default that stands beside it, which is Spark's.
type Config struct {
	Enabled    bool          // somebody looks for slow tasks at all
	Interval   time.Duration // between checks; 100 ms
	Quantile   float64       // part of the tasks that must be done first; 0.9
	Multiplier float64       // of the median: what is slow; 3
	MinRuntime time.Duration // of a task until it may be slow; 100 ms
	Threshold  time.Duration // what is slow in a set that fits on one executor before enough of it is done; 0 means nothing is
	AnyRate    bool          // a task that is slow gets a copy however fast it reads (no efficiency rule)
	LongRun    float64       // of the threshold: what is slow however fast it reads; 2
	SlowRate   float64       // of the average rate: what is slow reading; 0.75
}

// WithDefaults gives the configuration with what its zero fields stand for.
func (c Config) WithDefaults() Config {
	for _, d := range []struct {
		of    *time.Duration
		usual time.Duration
	}{{&c.Interval, 100 * time.Millisecond}, {&c.MinRuntime, 100 * time.Millisecond}} {
		if *d.of == 0 {
			*d.of = d.usual
		}
	}
	for _, f := range []struct {
		of    *float64
		usual float64
	}{{&c.Quantile, 0.9}, {&c.Multiplier, 3}, {&c.LongRun, 2}, {&c.SlowRate, 0.75}} {
		if *f.of == 0 {
			*f.of = f.usual
		}
	}
	return c
}

// Check gives an error, in words for who wrote the configuration, when it cannot be.
func (c Config) Check() error {
	c = c.WithDefaults()
	switch {
	case !(c.Quantile > 0 && c.Quantile <= 1):
		return fmt.Errorf("speculation begins when %v of the tasks are done: that is above 0 and at most 1", c.Quantile)
	case !(c.Multiplier >= 1 && c.Multiplier <= 1e6):
		return fmt.Errorf("a task is slow from %v times the median: that is at least 1", c.Multiplier)
	case !(c.LongRun >= 1 && c.LongRun <= 1e6):
		return fmt.Errorf("a task is slow from %v times the threshold however fast it reads: that is at least 1", c.LongRun)
	case !(c.SlowRate > 0 && c.SlowRate <= 1):
		return fmt.Errorf("a task reads slowly below %v of the average rate: that is above 0 and at most 1", c.SlowRate)
	case c.Interval < 0 || c.MinRuntime < 0 || c.Threshold < 0:
		return fmt.Errorf("a time of speculation is negative: interval %v, minimum runtime %v, threshold %v", c.Interval, c.MinRuntime, c.Threshold)
	}
	return nil
}
