package e2e

import (
	"fmt"
	"syscall"
	"testing"
)

// wantMet is what n tasks print that have met in an attempt of their stage.
func wantMet(n, attempt int) (text string) {
	var said []int
	for i := range n {
		said = append(said, 4*i+1)
	}
	for i := range n {
		text += fmt.Sprintf("%d: %v in attempt %d\n", i, said, attempt)
	}
	return text
}

func TestABarrierStageThatLosesAProcessRunsAgainAsAWhole(t *testing.T) {
	p := start(t, pipeline(t), []string{"meet"}, cluster, "meet", "4")
	p.signal(p.reach("meet", 1)[0], syscall.SIGKILL)
	p.open("meet")
	p.wait(0)
	p.wantOutput(wantMet(4, 1))
}

func TestABarrierStageBringsTheExecutorsThatItNeeds(t *testing.T) {
	p := startElastic(t, nil, "meet", "3")
	p.wait(0)
	p.wantOutput(wantMet(3, 0))
}

func TestABarrierStageThatCanNeverRunFailsAtOnce(t *testing.T) {
	p := startElastic(t, nil, "meet", "4")
	p.wait(1)
	p.wantErrors("is a barrier stage, whose 4 tasks run at the same time: they take 4 slots, and there are never more than 3")
	if n := len(p.everSeen); n > 0 {
		t.Errorf("%d executors were started for it", n)
	}
}
