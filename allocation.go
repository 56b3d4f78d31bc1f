package kiln

import (
	"time"

	"github.com/kilnproject/kiln/internal/conf"
	"github.com/kilnproject/kiln/internal/core/alloc"
	"github.com/kilnproject/kiln/internal/driver"
)

// allocation is how executors come and go with the load, as the settings say; it is nil where their number stays. It also gives how
// many there are at the start.
func (s *Session) allocation(m conf.MasterURL) (a *driver.Allocation, initial int) {
	c := s.conf
	if !conf.DynamicAllocation.Of(c) {
		return nil, m.Executors
	}
	sustained, said := conf.SustainedBacklogTimeout.Lookup(c)
	if !said {
		sustained = conf.BacklogTimeout.Of(c)
	}
	rules := alloc.Config{
		Min: conf.MinExecutors.Of(c), Max: min(conf.MaxExecutors.Of(c), m.Executors),
		Initial:       max(conf.MinExecutors.Of(c), conf.InitialExecutors.Of(c)),
		Ratio:         conf.AllocationRatio.Of(c),
		Backlog:       conf.BacklogTimeout.Of(c),
		Sustained:     sustained,
		Idle:          unlessUnlimited(conf.ExecutorIdleTimeout.Of(c)),
		CachedIdle:    unlessUnlimited(conf.CachedIdleTimeout.Of(c)),
		ShuffleIdle:   unlessUnlimited(conf.ShuffleTimeout.Of(c)),
		TrackShuffles: conf.ShuffleTracking.Of(c),
		Drain:         conf.Decommission.Of(c),
	}
	return &driver.Allocation{Rules: rules}, rules.Initial
}

func unlessUnlimited(d time.Duration) time.Duration {
	if d >= conf.UnlimitedTime {
		return alloc.Never
	}
	return d
}
