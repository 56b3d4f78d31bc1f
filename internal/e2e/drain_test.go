package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// forget removes what tells which processes have come to a gate.
func (p *process) forget(gate string) {
	for _, pid := range p.at(gate) {
		if err := os.Remove(filepath.Join(p.gates, fmt.Sprintf("%s.%d", gate, pid))); err != nil {
			p.t.Error(err)
		}
	}
}

// wantNobodyAt wants that no task has come to a gate since it was forgotten.
func (p *process) wantNobodyAt(gates ...string) {
	p.t.Helper()
	for _, g := range gates {
		if pids := p.at(g); len(pids) > 0 {
			p.t.Errorf("tasks have come to %q again, in processes %v:\n%s", g, pids, &p.errs)
		}
	}
}

// untilReplaced waits until executors have gone, and there are n others.
func (p *process) untilReplaced(gone []int, n int) {
	p.t.Helper()
	until(p.t, "others in the place of those that drain", func() bool {
		now := p.executors()
		return p.gone() || len(now) == n && !slices.ContainsFunc(now, func(pid int) bool { return slices.Contains(gone, pid) })
	})
}

func TestTheMapOutputsOfTheOnlyExecutorMoveToTheOneInItsPlace(t *testing.T) {
	drainBetweenJobs(t, "local-cluster[1,2,512m]", 1, 1)
}

func TestNothingIsComputedAgainWhenMostExecutorsDrain(t *testing.T) {
	drainBetweenJobs(t, "local-cluster[3,1,512m]", 3, 2)
}

// drainBetweenJobs tells some of all executors to go after the first of two jobs that read the same map outputs.
func drainBetweenJobs(t *testing.T, master string, all, some int) {
	in := text(t)
	p := start(t, pipeline(t), []string{"between"}, "--kiln.master="+master, "count", in.dir)
	p.reach("between", 1)
	told := p.executors()[:some]
	p.forget("map")
	p.forget("reduce")
	for _, pid := range told {
		p.signal(pid, syscall.SIGTERM)
	}
	p.untilReplaced(told, all)
	p.open("between")
	p.wait(0)
	p.wantOutput(in.want)
	p.wantNobodyAt("map", "reduce")
}

// What two of three executors have cached the third one and those in their place have when they have gone.
func TestCachedPartitionsAreNotComputedAgainWhenMostExecutorsDrain(t *testing.T) {
	p := start(t, pipeline(t), []string{"cache", "between"}, "--kiln.master=local-cluster[3,1,512m]", "again")
	told := p.reach("cache", 3)[:2]
	p.open("cache")
	p.reach("between", 1)
	p.forget("map")
	p.forget("cache")
	for _, pid := range told {
		p.signal(pid, syscall.SIGTERM)
	}
	p.untilReplaced(told, 3)
	p.open("between")
	p.wait(0)
	p.wantOutput("499500\n")
	p.wantNobodyAt("map", "cache")
}

// Nothing keeps idle executors but the fewest that there are to be: the others hand over their map outputs and go.
func TestIdleExecutorsGoAndNothingIsComputedAgain(t *testing.T) {
	in := text(t)
	p := startElastic(t, []string{"map", "between"}, "--kiln.dynamicAllocation.minExecutors=1", "--kiln.dynamicAllocation.shuffleTracking.enabled=false", "--kiln.decommission.enabled=true", "count", in.dir)
	p.reach("map", 3)
	p.open("map")
	p.reach("between", 1)
	p.untilExecutors(1)
	p.forget("map")
	p.open("between")
	p.wait(0)
	p.wantOutput(in.want)
	p.wantNobodyAt("map")
}

// The executor drains while a task holds it. When it is killed others have what it had.
func TestAnExecutorThatIsKilledWhileOthersHaveCopiesCostsNoMapTask(t *testing.T) {
	in := text(t)
	p := start(t, pipeline(t), []string{"reduce"}, "--kiln.master=local-cluster[2,1,512m]", "count", in.dir)
	told := p.reach("reduce", 2)[0]
	p.forget("map")
	all, its := p.outputs(""), p.outputs(p.directory(told))
	p.signal(told, syscall.SIGTERM)
	until(t, "copies of map outputs", func() bool { return p.outputs("") == all+its })
	p.signal(told, syscall.SIGKILL)
	p.open("reduce")
	p.wait(0)
	p.wantOutput(in.want)
	p.wantNobodyAt("map")
}

// directory is the name of an executor's directory.
func (p *process) directory(pid int) string {
	args, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		p.t.Fatal(err)
	}
	words := strings.Split(strings.TrimRight(string(args), "\x00"), "\x00")
	return "/executor-" + words[len(words)-1] + "/"
}

// outputs counts the map outputs on disk, of the executor with a directory.
func (p *process) outputs(in string) (n int) {
	for _, f := range p.files() {
		if strings.HasPrefix(filepath.Base(f), "shuffle_0_") && strings.HasSuffix(f, ".data") && strings.Contains(f, in) {
			n++
		}
	}
	return n
}

func TestAnExecutorThatIsToldTwiceEndsAtOnce(t *testing.T) {
	p := start(t, pipeline(t), nil, "--kiln.master=local-cluster[2,1,512m]", "endless")
	told := p.reach("endless", 2)[0]
	p.signal(told, syscall.SIGTERM)
	until(t, "another executor", func() bool { return len(p.executors()) == 3 })
	p.signal(told, syscall.SIGTERM)
	until(t, "the end of the executor", func() bool { return dead(told) })
	p.reach("endless", 3) // the task runs again
	p.interrupt()
	p.wait(130)
	p.wantErrors("told to end a second time (terminated)")
}
