package sched

import "math"

// mayOffer says that tasks may be launched: when so many executors have registered as Config wants to see first, or it has waited for
// them long enough. The first few would otherwise get all that there is, far from its data.
func (c *Core) mayOffer() bool {
	if !c.begun {
		need := int(math.Ceil(c.cfg.MinRegistered * float64(c.cfg.Expected)))
		c.begun = c.alive >= need || c.now >= c.cfg.RegisteredWait
	}
	return c.begun
}
