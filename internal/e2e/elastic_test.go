package e2e

import (
	"testing"
)

// elastic is a cluster of up to three executors that come after moments of waiting and go after moments of rest.
var elastic = []string{
	"--kiln.master=local-cluster[3,1,512m]", "--kiln.dynamicAllocation.enabled=true",
	"--kiln.dynamicAllocation.schedulerBacklogTimeout=20ms", "--kiln.dynamicAllocation.executorIdleTimeout=200ms",
}

// keepsNoShuffle lets executors go although the program may read their map outputs again.
const keepsNoShuffle = "--kiln.dynamicAllocation.shuffleTracking.timeout=300ms"

func startElastic(t *testing.T, shut []string, more ...string) *process {
	t.Helper()
	return start(t, pipeline(t), shut, append(append([]string{}, elastic...), more...)...)
}

func (p *process) untilExecutors(n int) {
	p.t.Helper()
	until(p.t, "another number of executors", func() bool { return len(p.executors()) == n || p.gone() })
	if p.gone() {
		p.t.Fatalf("the program ended:\n%s%s", &p.out, &p.errs)
	}
}

func TestExecutorsComeWithTheLoadAndGoWithoutIt(t *testing.T) {
	in := text(t)
	p := startElastic(t, []string{"session", "map", "between", "end"}, keepsNoShuffle, "count", in.dir)
	p.reach("session", 1)
	if n := len(p.executors()); n != 0 {
		t.Errorf("%d executors with nothing to do", n)
	}
	p.open("session")
	p.reach("map", 3)
	p.untilExecutors(3)
	p.open("map")
	p.reach("between", 1)
	p.untilExecutors(0)
	p.open("between") // the second job's map outputs went with the executors
	p.reach("end", 1)
	p.untilExecutors(0)
	p.open("end")
	p.wait(0)
	p.wantOutput(in.want)
	if len(p.everSeen) < 4 {
		t.Errorf("%d executors in all: those of the first job cannot have served the second one", len(p.everSeen))
	}
}

func TestTheFewestExecutorsStay(t *testing.T) {
	in := text(t)
	p := startElastic(t, []string{"session", "map", "between"}, keepsNoShuffle, "--kiln.dynamicAllocation.minExecutors=1", "count", in.dir)
	p.reach("session", 1)
	p.untilExecutors(1)
	p.open("session")
	p.reach("map", 3)
	p.open("map")
	p.reach("between", 1)
	p.untilExecutors(1)
	p.open("between")
	p.wait(0)
	p.wantOutput(in.want)
}

func TestDrainedExecutorsGo(t *testing.T) {
	in := text(t)
	p := startElastic(t, []string{"map", "between"}, keepsNoShuffle, "--kiln.decommission.enabled=true", "--kiln.executor.decommission.forceKillTimeout=100ms", "count", in.dir)
	p.reach("map", 3)
	p.open("map")
	p.reach("between", 1)
	p.untilExecutors(0)
	p.open("between")
	p.wait(0)
	p.wantOutput(in.want)
}

func TestADriverThatIsKilledTakesElasticExecutorsWithIt(t *testing.T) {
	in := text(t)
	p := startElastic(t, []string{"map"}, "count", in.dir)
	p.reach("map", 3)
	p.signal(p.cmd.Process.Pid, 9)
	p.wait(-1)
}

func TestContradictionsOfDynamicAllocationStopTheProgramAtOnce(t *testing.T) {
	p := startElastic(t, nil, "--kiln.dynamicAllocation.minExecutors=4", "count", t.TempDir())
	p.wait(2)
	p.wantErrors("kiln.dynamicAllocation.minExecutors=4 (flag): it is more than local-cluster[3,1,512m] has")
}
