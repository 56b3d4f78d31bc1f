package plan

import (
	"errors"
	"fmt"
	"strings"

	"github.com/kilnproject/kiln/internal/core/profile"
)

// ErrProfileConflict is in the chain of every [ProfileConflict].
var ErrProfileConflict = errors.New("different profiles in one stage")

// ProfileConflict says that RDDs of one stage ask for different profiles.
type ProfileConflict struct {
	Stage *Stage
	RDDs  []*RDD // of each profile the first one, those that others read first
}

// Error says who asks for what, and what to do.
func (e *ProfileConflict) Error() string {
	var asks []string
	for _, r := range e.RDDs {
		asks = append(asks, fmt.Sprintf("%s at %s asks for %v", r.Verb, r.Site, r.Profile))
	}
	return fmt.Sprintf("the tasks of one stage cannot have two profiles: %s; give them the same one, put a shuffle between them, "+
		"or let kiln.scheduler.resource.profileMergeConflicts=true take the most of each thing that they ask for", strings.Join(asks, ", "))
}

// Unwrap gives ErrProfileConflict.
func (e *ProfileConflict) Unwrap() error { return ErrProfileConflict }

// Profile gives what the RDDs of the stage ask for: the one profile that any of them has, or the zero one. When they have different ones it
// gives the most of each thing if merge says so, and else a [*ProfileConflict].
func (s *Stage) Profile(merge bool) (profile.Profile, error) {
	var all profile.Profile
	var first []*RDD
next:
	for _, r := range s.nodes {
		if r.Profile.IsZero() {
			continue
		}
		for _, f := range first {
			if f.Profile.Equal(r.Profile) {
				continue next
			}
		}
		first, all = append(first, r), profile.Merge(all, r.Profile)
	}
	if len(first) > 1 && !merge {
		return profile.Profile{}, &ProfileConflict{s, first}
	}
	return all, nil
}
