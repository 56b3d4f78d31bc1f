package e2e

import (
	"path/filepath"
	"strings"
	"testing"
)

// excluding is a cluster of one executor, from which tasks keep away that failed there.
var excluding = []string{
	"--kiln.master=local-cluster[1,1,512m]", "--kiln.excludeOnFailure.enabled=true",
	"--kiln.scheduler.excludeOnFailure.unschedulableTaskSetTimeout=20s",
}

// The only executor is bad. It makes room for another one, without dynamic allocation.
func TestAnExecutorWhereTasksFailIsReplaced(t *testing.T) {
	for how, flag := range map[string]string{
		"executor 0 is leaving":  "--kiln.excludeOnFailure.killExcludedExecutors.decommission=false",
		"executor 0 is draining": "--kiln.excludeOnFailure.killExcludedExecutors.decommission=true",
	} {
		record := filepath.Join(t.TempDir(), "run.sched")
		p := start(t, pipeline(t), []string{"end"}, append(append([]string{"--kiln.sched.record=" + record, flag}, excluding...), "sick")...)
		p.reach("end", 1)
		p.untilExecutors(1)
		p.open("end")
		p.wait(0)
		p.wantOutput("[{0 2450} {1 2500}]\n")
		if story := storyOf(t, record); !strings.Contains(story, how) || !strings.Contains(story, "makes room for another one") {
			t.Errorf("%s is missing in:\n%s", how, story)
		}
	}
}

// Nobody may come in the place of the only executor, since its machine is excluded with it and there is no other: the job ends at once, says so
// and what the task failed with, and nobody makes room for nothing.
func TestATaskThatMayGoNowhereEndsTheJobAtOnce(t *testing.T) {
	record := filepath.Join(t.TempDir(), "run.sched")
	p := start(t, pipeline(t), nil, append(append([]string{"--kiln.sched.record=" + record}, excluding...), "--kiln.excludeOnFailure.task.maxTaskAttemptsPerNode=1", "sick")...)
	p.wait(1)
	p.wantErrors("may go to none of the executors", "a bad machine", "there are no executors on another machine than")
	if story := storyOf(t, record); strings.Contains(story, "makes room") {
		t.Errorf("somebody made room:\n%s", story)
	}
}
