package work

// A task attempt that was cancelled may go on for ever: nothing can stop a goroutine that does not look up. What it holds, a slot above
// all, comes back only when its process ends.

// leastPatience gives the cancelled task attempt with which the patience ends first, or nil.
func (c *Core) leastPatience() (first *attempt) {
	if c.cfg.Patience <= 0 {
		return nil
	}
	for _, a := range c.running {
		if a.cancelled && (first == nil || a.until < first.until) {
			first = a
		}
	}
	return first
}

// giveUp ends the executor when the patience with a task attempt is at an end.
func (c *Core) giveUp(now Time, out []Action) []Action {
	a := c.leastPatience()
	if a == nil || now < a.until {
		return out
	}
	c.exited = true
	return append(out, GiveUp{a.launch.Ref, c.cfg.Patience})
}
