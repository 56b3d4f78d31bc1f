package conf

import (
	"strings"
	"testing"
	"time"
)

func TestSettingsOfDynamicAllocation(t *testing.T) {
	c := parse(t, Layers{Code: code(
		"spark.dynamicAllocation.enabled", "true", "spark.dynamicAllocation.minExecutors", "2", "spark.dynamicAllocation.initialExecutors", "1",
		"spark.dynamicAllocation.executorIdleTimeout", "20", "spark.dynamicAllocation.shuffleTracking.timeout", "1500",
		"kiln.dynamicAllocation.schedulerBacklogTimeout", "200ms", "kiln.dynamicAllocation.executorAllocationRatio", "0.5",
	)})
	if !DynamicAllocation.Of(c) || MinExecutors.Of(c) != 2 || ExecutorIdleTimeout.Of(c) != 20*time.Second || ShuffleTimeout.Of(c) != 1500*time.Millisecond ||
		BacklogTimeout.Of(c) != 200*time.Millisecond || AllocationRatio.Of(c) != 0.5 || CachedIdleTimeout.Of(c) != UnlimitedTime || MaxExecutors.Of(c) != UnlimitedCount {
		t.Errorf("got %v", c.Set())
	}
}

// Each mistake is one error, before anything starts.
func TestMistakenSettingsOfDynamicAllocation(t *testing.T) {
	const k = "kiln.dynamicAllocation."
	for _, one := range []struct {
		set  string // pairs, beside enabled
		want string
	}{
		{k + "minExecutors -1", "minExecutors=-1 (code): it is not between 0 and"},
		{k + "maxExecutors 0", "maxExecutors=0 (code): it is not between 1 and"},
		{k + "initialExecutors -2", "initialExecutors=-2 (code): it is not between 0 and"},
		{k + "executorAllocationRatio 0", "it is not more than 0 and at most 1"},
		{k + "executorAllocationRatio 1.5", "it is not more than 0 and at most 1"},
		{k + "executorAllocationRatio NaN", "it is not"},
		{k + "schedulerBacklogTimeout 0s", "it is not more than nothing"},
		{k + "sustainedSchedulerBacklogTimeout 0s", "it is not more than nothing"},
		{k + "executorIdleTimeout -1s", "executorIdleTimeout=-1s (code): it is"},
		{k + "cachedExecutorIdleTimeout -1s", "cachedExecutorIdleTimeout=-1s (code): it is"},
		{k + "shuffleTracking.timeout -1s", "shuffleTracking.timeout=-1s (code): it is"},
		{k + "minExecutors 3 " + k + "maxExecutors 2", "minExecutors=3 (code): it is more than kiln.dynamicAllocation.maxExecutors"},
		{k + "initialExecutors 3 " + k + "maxExecutors 2", "initialExecutors=3 (code): it is more than there may ever be"},
		{k + "minExecutors 3 kiln.master local-cluster[2,1,1g]", "it is more than local-cluster[2,1,1g] has"},
		{k + "initialExecutors 3 kiln.master local-cluster[2,1,1g]", "it is more than there may ever be"},
		{k + "shuffleTracking.enabled false", "it would let executors go with map outputs"},
		{k + "shuffleTracking.enabled false kiln.decommission.enabled true kiln.storage.decommission.shuffleBlocks.enabled false", "unless kiln.decommission.enabled lets others copy them first"},
		{"kiln.storage.decommission.shuffleBlocks.maxThreads 0", "maxThreads=0 (code): it is not between 1 and"},
		{"kiln.storage.decommission.maxReplicationFailuresPerBlock 0", "maxReplicationFailuresPerBlock=0 (code): it is not between 1 and"},
		{"kiln.storage.decommission.wait -1s", "wait=-1s (code): it is"},
	} {
		pairs := strings.Fields(one.set)
		_, err := Parse(Layers{Code: code(append(pairs, k+"enabled", "true")...)})
		if err == nil || !strings.Contains(err.Error(), one.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s:\ngot  %v\nwant one line with %s", one.set, err, one.want)
		}
	}
}

func TestExecutorsThatHandOverTheirOutputsNeedNotBeKeptForThem(t *testing.T) {
	parse(t, Layers{Code: code("kiln.dynamicAllocation.enabled", "true", "kiln.dynamicAllocation.shuffleTracking.enabled", "false", "kiln.decommission.enabled", "true")})
}

// Whole files of settings are shared between applications: what is not used is not refused.
func TestContradictionsDoNotMatterWhileDynamicAllocationIsOff(t *testing.T) {
	parse(t, Layers{Code: code("kiln.dynamicAllocation.minExecutors", "3", "kiln.dynamicAllocation.maxExecutors", "2")})
}
