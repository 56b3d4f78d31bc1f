package e2e

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// listed makes executors fetch where the map outputs are, however few there are.
const listed = "--kiln.shuffle.mapOutput.minSizeForBroadcast=1b"

func TestListsOfMapOutputsThatAreFetchedGiveTheSame(t *testing.T) {
	in := text(t)
	p := start(t, pipeline(t), nil, cluster, listed, "count", in.dir)
	p.wait(0)
	p.wantOutput(in.want)
}

func TestExecutorsKilledWhileTheyFetchListsOfMapOutputs(t *testing.T) {
	in := text(t)
	for _, gate := range []string{"map", "reduce"} {
		p := start(t, pipeline(t), []string{gate}, cluster, listed, "count", in.dir)
		p.signal(p.reach(gate, 1)[0], syscall.SIGKILL)
		p.open(gate)
		p.wait(0)
		p.wantOutput(in.want)
	}
	p := start(t, wordcount(t), nil, cluster, listed, in.dir)
	for range 3 {
		var pids []int
		until(t, "executors", func() bool { pids = p.executors(); return len(pids) > 0 || p.gone() })
		if len(pids) > 0 {
			p.signal(pids[0], syscall.SIGKILL)
			until(t, "the executor's end", func() bool { return dead(pids[0]) })
		}
	}
	p.wait(0)
	calm := start(t, wordcount(t), nil, "--kiln.master=local[2]", in.dir)
	calm.wait(0)
	p.wantOutput(calm.out.String())
}

// driverSocket is where the driver serves blocks.
func (p *process) driverSocket() string {
	for _, f := range p.files() {
		if filepath.Base(f) == "driver.sock" {
			return f
		}
	}
	p.t.Fatal("the driver has no socket for blocks")
	return ""
}

func TestListsOfMapOutputsThatComeAtTheThirdTry(t *testing.T) {
	in := text(t)
	p := start(t, pipeline(t), []string{"map"}, "--kiln.master=local-cluster[1,1,1g]", listed, "--kiln.shuffle.fetch.retryWait=10ms", "--kiln.task.maxFailures=1", "count", in.dir)
	p.reach("map", 1)
	socket := p.driverSocket()
	if err := os.Rename(socket, socket+".real"); err != nil {
		t.Fatal(err)
	}
	cutter, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket})
	if err != nil {
		t.Fatal(err)
	}
	cutter.SetUnlinkOnClose(false)
	if err := cutter.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	p.open("map")
	for range 2 { // who connects is cut off
		c, err := cutter.Accept()
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
	}
	if err := os.Rename(socket+".real", socket); err != nil { // at once: there is always one that listens
		t.Fatal(err)
	}
	cutter.Close()
	p.wait(0)
	p.wantOutput(in.want)
}

func TestListsOfMapOutputsThatNeverComeFailTheJobWithOneError(t *testing.T) {
	in := text(t)
	p := start(t, pipeline(t), []string{"map"}, cluster, listed, "--kiln.shuffle.fetch.retryWait=10ms", "count", in.dir)
	p.reach("map", 2)
	if err := os.Remove(p.driverSocket()); err != nil {
		t.Fatal(err)
	}
	p.open("map")
	p.wait(1)
	p.wantErrors("where the map outputs are that stage", "could not be fetched from the driver at unix://")
	if n := strings.Count(p.errs.String(), "could not be fetched"); n != 1 {
		t.Errorf("the error is told %d times:\n%s", n, &p.errs)
	}
}
