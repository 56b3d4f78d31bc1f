package kiln

import (
	"testing"
	"time"

	"github.com/kilnproject/kiln/internal/conf"
	"github.com/kilnproject/kiln/internal/core/sched/health"
)

// told gives a session that is not open and knows what it was told.
func told(t *testing.T, set map[string]string) *Session {
	t.Helper()
	var given []conf.Given
	for k, v := range set {
		given = append(given, conf.Given{Key: k, Value: v})
	}
	c, err := conf.Parse(conf.Layers{Code: given})
	if err != nil {
		t.Fatal(err)
	}
	return &Session{conf: c}
}

func TestWhatBecomesOfExcludedExecutors(t *testing.T) {
	const (
		on    = "kiln.excludeOnFailure.enabled"
		fetch = "kiln.excludeOnFailure.application.fetchFailure.enabled"
		kill  = "kiln.excludeOnFailure.killExcludedExecutors"
		drain = "kiln.excludeOnFailure.killExcludedExecutors.decommission"
	)
	for _, c := range []struct {
		set       map[string]string
		ending    health.Ending
		drainIdle bool
	}{
		{map[string]string{on: "true"}, health.Keep, false},
		{map[string]string{on: "true", kill: "true"}, health.Kill, false},
		{map[string]string{on: "true", drain: "true"}, health.Keep, true},
		{map[string]string{on: "true", kill: "true", drain: "true"}, health.Decommission, true},
		{map[string]string{fetch: "true", kill: "true"}, health.Kill, false},
		{map[string]string{fetch: "true", kill: "true", drain: "true"}, health.Decommission, true},
	} {
		got, err := told(t, c.set).health(4)
		if err != nil || got.Ending != c.ending || got.DrainIdle != c.drainIdle || got.Timeout != time.Hour {
			t.Errorf("%v: %+v, %v", c.set, got, err)
		}
	}
}
