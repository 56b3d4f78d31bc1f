package sched

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// maxProfiles bounds the ids of profiles, which index slices.
const maxProfiles = 1 << 12

// shape is the executors of one profile: those that were started alike. A stage runs on those of its profile only, so each shape has its
// own turns and counts, and most applications have one.
type shape struct {
	profile ids.ProfileID
	free    ring     // executors with free slots
	laden   ring     // executors with more task attempts than slots
	alive   int      // executors
	open    int      // of these, those that take tasks
	slots   int      // of those
	vacant  int      // and how many of these are free
	surplus int      // of the executors that are yet to come, those that are too many
	holder  *run     // a barrier stage that holds those that become free, or nil
	renewal *renewal // the last executor that made room, until another one comes; nil when none did
}

func isProfile(p ids.ProfileID) bool { return p >= 0 && p < maxProfiles }

// shape gives the shape of a profile, which is entered when it is new.
func (c *Core) shape(p ids.ProfileID) *shape {
	for int(p) >= len(c.shapes) {
		s := &shape{profile: ids.ProfileID(len(c.shapes))}
		s.free.member = func(e *executor) *place { return &e.free }
		s.laden.member = func(e *executor) *place { return &e.laden }
		c.shapes = append(c.shapes, s)
	}
	return c.shapes[p]
}

// ofProfile names a profile in a message, when there is need to.
func (s *shape) ofProfile() string {
	if s.profile == 0 {
		return ""
	}
	return fmt.Sprintf(" of profile %d", s.profile)
}

// firstOf gives the run whose turn it is among those of a shape that have tasks waiting, or nil. Others want copies only.
func (c *Core) firstOf(s *shape) *run {
	waits := func(r *run) bool { return r.shape == s && r.set.Waiting() > 0 }
	r := c.queue.first()
	if r == nil || waits(r) {
		return r
	}
	for r := range c.queue.all() {
		if waits(r) {
			return r
		}
	}
	return nil
}

// giveUpShapes fails the stages for which there is no executor, when none will come. When there is none at all giveUp has done more.
func (c *Core) giveUpShapes() {
	if c.unavailable == nil || c.alive == 0 {
		return
	}
	var hopeless []*run
	for r := range c.queue.all() {
		if r.shape.alive == 0 {
			hopeless = append(hopeless, r)
		}
	}
	for _, r := range hopeless {
		if r.member.Waiting() {
			c.abort(r.stage, r.stage.blame(ExecutorsLost, -1, "there is no executor"+r.shape.ofProfile()+": "+*c.unavailable))
		}
	}
}

// tally counts executors by profile.
type tally []int

func (t *tally) add(p ids.ProfileID, by int) {
	for int(p) >= len(*t) {
		*t = append(*t, 0)
	}
	(*t)[p] += by
}

func (t tally) of(p ids.ProfileID) int {
	if int(p) >= len(t) {
		return 0
	}
	return t[p]
}
