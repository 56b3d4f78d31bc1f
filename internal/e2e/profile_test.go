package e2e

import (
	"slices"
	"syscall"
	"testing"
)

const twoAccelerators = "--kiln.executor.resource.gpu.addresses=0,1"

// holders gives the processes that have the two accelerators, of which each has one.
func (p *process) holders() (a, b int) {
	p.t.Helper()
	first, second := p.reach("gpu-0", 1), p.reach("gpu-1", 1)
	if len(first) != 1 || len(second) != 1 || first[0] == second[0] {
		p.t.Fatalf("the accelerators are with processes %v and %v", first, second)
	}
	return first[0], second[0]
}

func TestTwoStagesRunOnExecutorsOfTwoShapesWhichComeAndGo(t *testing.T) {
	in := text(t)
	p := startElastic(t, []string{"session", "map", "gpu-0", "gpu-1", "between"}, keepsNoShuffle, twoAccelerators, "shapes", in.dir)
	p.reach("session", 1)
	p.untilExecutors(0)
	p.open("session")
	mappers := p.reach("map", 3)
	p.untilExecutors(3)
	p.open("map")
	a, b := p.holders()
	if slices.Contains(mappers, a) || slices.Contains(mappers, b) {
		t.Errorf("a task with an accelerator runs on an executor of the other shape: %d or %d of %v", a, b, mappers)
	}
	p.untilExecutors(5) // three have map outputs; there are accelerators for two, and tasks for three
	p.open("gpu-0")
	p.open("gpu-1")
	p.reach("between", 1)
	p.untilExecutors(0)
	p.open("between") // the second job's map outputs went with the executors
	p.wait(0)
	p.wantOutput(in.want)
	if len(p.everSeen) < 5 {
		t.Errorf("%d executors in all", len(p.everSeen))
	}
}

func TestExecutorsThatAreKilledAreReplacedByOthersOfTheirShape(t *testing.T) {
	in := text(t)
	p := startElastic(t, []string{"gpu-0", "gpu-1"}, twoAccelerators, "shapes", in.dir)
	a, b := p.holders()
	p.signal(a, syscall.SIGKILL)
	until(t, "another process with the first accelerator", func() bool { return len(p.at("gpu-0")) == 2 || p.gone() })
	mapper := slices.DeleteFunc(p.executors(), func(pid int) bool { return pid == b || slices.Contains(p.at("gpu-0"), pid) })
	p.signal(mapper[0], syscall.SIGKILL) // its map outputs are computed again
	p.open("gpu-0")
	p.open("gpu-1")
	p.wait(0)
	p.wantOutput(in.want)
}

func TestExecutorsDivideTheAddressesOfTheirMachine(t *testing.T) {
	in := text(t)
	p := start(t, pipeline(t), []string{"gpu-0", "gpu-1"}, "--kiln.master=local-cluster[2,2,256m]", twoAccelerators,
		"--kiln.executor.resource.gpu.amount=1", "accelerators", in.dir)
	_, b := p.holders()
	p.signal(b, syscall.SIGKILL)
	until(t, "another process with the second accelerator", func() bool { return len(p.at("gpu-1")) == 2 || p.gone() })
	if n := len(p.at("gpu-0")); n != 1 {
		t.Errorf("%d processes had the first accelerator", n)
	}
	p.open("gpu-0")
	p.open("gpu-1")
	p.wait(0)
	p.wantOutput(in.want)
}

func TestExecutorsOfAnotherShapeNeedDynamicAllocation(t *testing.T) {
	p := start(t, pipeline(t), nil, "--kiln.master=local-cluster[2,1,256m]", twoAccelerators, "shapes", text(t).dir)
	p.wait(1)
	p.wantErrors("shapes.go:21", "kiln.WithProfile", "the profile asks for executors of 1 slot, 96m, and those of local-cluster[2,1,256m] have 1 slot, 256m",
		"set kiln.dynamicAllocation.enabled=true")
	if len(p.out.String()) > 0 {
		t.Errorf("printed %s", &p.out)
	}
}

func TestMoreResourcesThanTheMachineHasStopTheProgramAtOnce(t *testing.T) {
	p := start(t, pipeline(t), nil, "--kiln.master=local-cluster[3,1,256m]", twoAccelerators, "--kiln.executor.resource.gpu.amount=1", "accelerators", t.TempDir())
	p.wait(2)
	p.wantErrors("kiln.executor.resource.gpu.amount=1 (flag): it asks for 1 for each of 3 executors, and this machine has 2: 0, 1")
}

func TestShapesThatKeepEachOtherFromTheirAddressesEndTheJob(t *testing.T) {
	in := text(t)
	p := startElastic(t, []string{"map"}, twoAccelerators, "--kiln.executor.resource.gpu.amount=1", "--kiln.dynamicAllocation.maxExecutors=2",
		"--kiln.scheduler.excludeOnFailure.unschedulableTaskSetTimeout=300ms", "keepers", in.dir)
	p.reach("map", 2)
	p.open("map")
	p.wait(1) // those that the map outputs lie on have both accelerators, and stay for them
	p.wantErrors("there is no executor of profile 1", "no executor of 2 slots, 128m, 1 gpu could be started for 300ms: executors of other shapes have too many of the addresses")
}
