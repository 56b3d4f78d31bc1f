package kiln

import (
	"strings"
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
		got, err := told(t, c.set).health(conf.MasterURL{Kind: conf.LocalCluster})
		if err != nil || got.Ending != c.ending || got.DrainIdle != c.drainIdle || got.Timeout != time.Hour {
			t.Errorf("%v: %+v, %v", c.set, got, err)
		}
	}
}

func TestExclusionNeedsASecondTry(t *testing.T) {
	const on, tries = "kiln.excludeOnFailure.enabled", "kiln.task.maxFailures"
	for _, c := range []struct {
		master  string
		set     map[string]string
		refused string
		on      bool
	}{
		{"local[2]", map[string]string{on: "true"}, "", false}, // its tasks are tried once
		{"local", map[string]string{on: "true", tries: "9"}, "", false},
		{"local[2,4]", map[string]string{on: "true"}, "", true},
		{"local[2,2]", map[string]string{on: "true"}, "setting kiln.excludeOnFailure.task.maxTaskAttemptsPerNode=2 (default): it is not less than the 2 failures (kiln.task.maxFailures)", false},
		{"local-cluster[2,1,1g]", map[string]string{on: "true"}, "", true},
		{"local-cluster[2,1,1g]", map[string]string{on: "true", tries: "1"}, "setting kiln.excludeOnFailure.task.maxTaskAttemptsPerNode=2 (default): it is not less than the 1 failures", false},
		{"local-cluster[2,1,1g]", map[string]string{tries: "1"}, "", false},
	} {
		m, err := conf.ParseMaster(c.master)
		if err != nil {
			t.Fatal(err)
		}
		got, err := told(t, c.set).health(m)
		switch {
		case (err != nil) != (c.refused != "") || err != nil && !strings.Contains(err.Error(), c.refused):
			t.Errorf("%s, %v: %v, want %q", c.master, c.set, err, c.refused)
		case err == nil && got.TaskAndStage != c.on:
			t.Errorf("%s, %v: %+v", c.master, c.set, got)
		}
	}
}
