package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const cluster = "--kiln.master=local-cluster[2,2,1g]"

func TestThePipelineGivesTheSameUnderEveryMaster(t *testing.T) {
	in := text(t)
	for _, master := range []string{"local", "local[4]", "local-cluster[1,1,256m]", "local-cluster[2,2,1g]"} {
		p := start(t, pipeline(t), nil, "--kiln.master="+master, "count", in.dir)
		p.wait(0)
		p.wantOutput(in.want)
	}
}

func TestAnExecutorKilledWhileMapping(t *testing.T) {
	in := text(t)
	p := start(t, pipeline(t), []string{"map"}, cluster, "count", in.dir)
	p.signal(p.reach("map", 2)[0], syscall.SIGKILL)
	p.open("map")
	p.wait(0)
	p.wantOutput(in.want)
}

// A process that is stopped says nothing, and its tasks run elsewhere.
func TestAnExecutorPausedWhileMapping(t *testing.T) {
	in := text(t)
	p := start(t, pipeline(t), []string{"map"}, cluster, "--kiln.executor.heartbeatInterval=100ms", "--kiln.network.timeout=2s", "count", in.dir)
	p.signal(p.reach("map", 2)[0], syscall.SIGSTOP)
	p.open("map")
	p.wait(0)
	p.wantOutput(in.want)
}

func TestAllExecutorsKilledWhileMapping(t *testing.T) {
	in := text(t)
	p := start(t, pipeline(t), []string{"map"}, cluster, "count", in.dir)
	for _, pid := range p.reach("map", 2) {
		p.signal(pid, syscall.SIGKILL)
	}
	p.open("map")
	p.wait(0)
	p.wantOutput(in.want)
}

func TestAnExecutorKilledWhileReducing(t *testing.T) {
	in := text(t)
	p := start(t, pipeline(t), []string{"reduce"}, cluster, "count", in.dir)
	p.signal(p.reach("reduce", 1)[0], syscall.SIGKILL)
	p.open("reduce")
	p.wait(0)
	p.wantOutput(in.want)
}

// Executors of one slot hold at their first reduce partition while six more wait: the one that lives reads these from the one that died.
func TestAnExecutorKilledWhileServing(t *testing.T) {
	in := text(t)
	p := start(t, pipeline(t), []string{"reduce"}, "--kiln.master=local-cluster[2,1,1g]", "count", in.dir)
	p.signal(p.reach("reduce", 2)[1], syscall.SIGKILL)
	p.open("reduce")
	p.wait(0)
	p.wantOutput(in.want)
}

func TestWordCountWhileExecutorsAreKilled(t *testing.T) {
	in := text(t)
	calm := start(t, wordcount(t), nil, "--kiln.master=local[2]", in.dir)
	calm.wait(0)
	p := start(t, wordcount(t), nil, cluster, in.dir)
	for range 3 {
		var pids []int
		until(t, "executors", func() bool { pids = p.executors(); return len(pids) > 0 || p.gone() })
		if len(pids) > 0 {
			p.signal(pids[len(pids)-1], syscall.SIGKILL)
			until(t, "the executor's end", func() bool { return dead(pids[len(pids)-1]) })
		}
	}
	p.wait(0)
	p.wantOutput(calm.out.String())
}

func TestADriverKilledLeavesNoProcessAndNoFile(t *testing.T) {
	in := text(t)
	for _, gate := range []string{"session", "map", "reduce", "end"} {
		p := start(t, pipeline(t), []string{gate}, cluster, "count", in.dir)
		p.reach(gate, 1)
		until(t, "two executors", func() bool { return len(p.executors()) == 2 })
		p.signal(p.cmd.Process.Pid, syscall.SIGKILL)
		p.wait(-1)
	}
}

// A command that a task runs does not outlive its executor, nor that its driver.
func TestACommandEndsWithItsExecutor(t *testing.T) {
	for _, master := range []string{cluster, "--kiln.master=local[2]"} {
		p := start(t, pipeline(t), nil, master, "command")
		commands := p.reach("command", 2)
		p.signal(p.cmd.Process.Pid, syscall.SIGKILL)
		until(t, "the end of the program", p.gone)
		p.ended = true
		for _, pid := range commands {
			until(t, fmt.Sprintf("the end of command %d", pid), func() bool { return dead(pid) })
		}
	}
}

func TestTheNextDriverSweepsUpAfterOneThatWasKilled(t *testing.T) {
	in := text(t)
	p := start(t, pipeline(t), []string{"reduce"}, "--kiln.master=local[2]", "count", in.dir)
	p.reach("reduce", 1)
	p.signal(p.cmd.Process.Pid, syscall.SIGKILL)
	until(t, "its end", p.gone)
	p.ended = true
	if len(p.files()) == 0 {
		t.Error("a driver that is killed can remove nothing, and yet nothing is left")
	}
	next := start(t, pipeline(t), nil, "--kiln.master=local[2]", "--kiln.local.dir="+p.dir, "count", in.dir)
	next.wait(0)
	p.nothingLeft()
}

func TestExitInATaskIsAnErrorThatNamesTheCode(t *testing.T) {
	p := start(t, pipeline(t), nil, cluster, "exit")
	p.wait(1)
	p.wantErrors("exit code 7", "main.go:")
}

// shuffleFiles gives the data files of map outputs that are there now.
func (p *process) shuffleFiles() (files []string) {
	for _, f := range p.files() {
		if strings.HasPrefix(filepath.Base(f), "shuffle_") && strings.HasSuffix(f, ".data") {
			files = append(files, f)
		}
	}
	slices.Sort(files)
	return files
}

func TestShuffleFilesDamagedOnDiskAreComputedAgain(t *testing.T) {
	in := text(t)
	for name, harm := range map[string]func(path string, size int64) error{
		"truncated": func(path string, size int64) error { return os.Truncate(path, size/2) },
		"emptied":   func(path string, _ int64) error { return os.Truncate(path, 0) },
		"removed":   func(path string, _ int64) error { return os.Remove(path) },
		"flipped":   flipped,
	} {
		if testing.Short() && name != "flipped" {
			continue
		}
		for _, master := range []string{"--kiln.master=local[1,4]", "--kiln.master=local-cluster[2,1,1g]"} {
			p := start(t, pipeline(t), []string{"reduce"}, master, "count", in.dir)
			p.reach("reduce", 1)
			files := p.shuffleFiles()
			if len(files) < 2 {
				t.Fatalf("%d shuffle files, want more: make the input larger", len(files))
			}
			for _, f := range files[:2] {
				info, err := os.Stat(f)
				if err != nil {
					t.Fatal(err)
				}
				if err := harm(f, info.Size()); err != nil {
					t.Fatal(err)
				}
			}
			p.open("reduce")
			p.wait(0)
			if p.wantOutput(in.want); t.Failed() {
				t.Fatalf("%s under %s", name, master)
			}
		}
	}
}

// flipped flips one bit in each sixteenth of a file.
func flipped(path string, size int64) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for i := range 16 {
		data[int64(i)*size/16] ^= 4
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteAt(data, 0)
	return err
}

// The driver's own process can be stopped, by a laptop's lid or a debugger. That nothing was heard from executors meanwhile says nothing
// about them: none is given up, and none is replaced.
func TestADriverPausedForLongerThanItWaitsForExecutorsKeepsThem(t *testing.T) {
	in := text(t)
	p := start(t, pipeline(t), []string{"map"}, cluster, "--kiln.executor.heartbeatInterval=100ms", "--kiln.network.timeout=1s", "count", in.dir)
	p.reach("map", 2)
	before := p.executors()
	p.signal(p.cmd.Process.Pid, syscall.SIGSTOP)
	stopped := time.Now()
	until(t, "a time in which the driver gives up who is silent", func() bool { return time.Since(stopped) > 2500*time.Millisecond })
	p.signal(p.cmd.Process.Pid, syscall.SIGCONT)
	resumed := time.Now()
	until(t, "a time in which the driver looks around", func() bool { return time.Since(resumed) > 500*time.Millisecond })
	after := p.executors()
	p.open("map")
	p.wait(0)
	p.wantOutput(in.want)
	if len(before) != 2 || !slices.Equal(before, after) || len(p.everSeen) != 2 {
		t.Errorf("executors %v before, %v after, %d in all:\n%s", before, after, len(p.everSeen), &p.errs)
	}
}
