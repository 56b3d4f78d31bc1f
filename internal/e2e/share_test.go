package e2e

import (
	"syscall"
	"testing"
)

// six executors are more than the driver sends a piece of a broadcast to.
const six = "--kiln.master=local-cluster[6,1,256m]"

const allShared = "share 12\nagain 12\n"

func TestSixExecutorsShareABroadcast(t *testing.T) {
	p := start(t, pipeline(t), nil, six, "share", "12")
	p.wait(0)
	p.wantOutput(allShared)
}

func TestExecutorsKilledWhileTheyShareABroadcast(t *testing.T) {
	p := start(t, pipeline(t), []string{"share", "again"}, six, "share", "12")
	pids := p.reach("share", 6)
	p.open("share")
	p.signal(pids[0], syscall.SIGKILL)
	p.reach("again", 6)
	p.open("again")
	for _, pid := range p.executors()[:2] {
		p.signal(pid, syscall.SIGKILL)
	}
	p.wait(0)
	p.wantOutput(allShared)
}

// Others wait for pieces from an executor that says nothing any more, and get them elsewhere.
func TestAnExecutorPausedWhileItSharesABroadcast(t *testing.T) {
	p := start(t, pipeline(t), []string{"share"}, six, "--kiln.executor.heartbeatInterval=100ms", "--kiln.network.timeout=2s", "share", "12")
	pids := p.reach("share", 6)
	p.open("share")
	p.signal(pids[1], syscall.SIGSTOP)
	p.wait(0)
	p.wantOutput(allShared)
}
