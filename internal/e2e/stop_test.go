package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

var masters = []string{"--kiln.master=local[2]", cluster}

func TestCtrlCEndsTheProgramInEveryPhase(t *testing.T) {
	in := text(t)
	for _, master := range masters {
		for _, gate := range []string{"session", "map", "reduce", "end"} {
			p := start(t, pipeline(t), []string{gate}, master, "count", in.dir)
			p.reach(gate, 1)
			p.interrupt()
			p.wait(130)
			p.wantErrors("interrupted")
			if t.Failed() {
				t.Fatalf("%s at %s", master, gate)
			}
		}
	}
}

func TestCtrlCWhileSavingLeavesNoOutput(t *testing.T) {
	in := text(t)
	for _, master := range masters {
		out := filepath.Join(t.TempDir(), "out")
		p := start(t, pipeline(t), []string{"reduce"}, master, "save", in.dir, out)
		p.reach("reduce", 1)
		p.interrupt()
		p.wait(130)
		if left, err := os.ReadDir(filepath.Dir(out)); err != nil || len(left) > 0 {
			t.Errorf("%s: left of the output: %v, %v", master, left, err)
		}
	}
}

func TestTheTerminationSignalIsLikeCtrlC(t *testing.T) {
	in := text(t)
	p := start(t, pipeline(t), []string{"map"}, cluster, "count", in.dir)
	p.reach("map", 1)
	p.signal(p.cmd.Process.Pid, syscall.SIGTERM)
	p.wait(130)
}

func TestASecondCtrlCEndsAProgramThatDoesNotListen(t *testing.T) {
	for _, master := range masters {
		p := start(t, pipeline(t), []string{"stubborn"}, master, "wait")
		p.reach("session", 1)
		if master == cluster {
			until(t, "two executors", func() bool { return len(p.executors()) == 2 })
		}
		p.interrupt()
		p.reach("stubborn", 1)
		p.interrupt()
		p.wait(130)
	}
}

func TestATaskThatNeverEndsEndsWithCtrlC(t *testing.T) {
	for _, master := range masters {
		p := start(t, pipeline(t), nil, master, "endless")
		p.reach("endless", 1)
		p.interrupt()
		p.wait(130)
	}
}

func TestATaskThatDoesNotListenCostsItsProcessAndNotTheSlot(t *testing.T) {
	p := start(t, pipeline(t), []string{"listening"}, "--kiln.master=local-cluster[1,1,256m]", "--kiln.task.killTimeout=300ms", "deaf")
	p.reach("deaf", 1)
	p.reach("listening", 1)
	p.open("listening")
	p.wait(0)
	p.wantOutput("1000 true\n")
	p.wantErrors("did not end within 300ms after it was cancelled", "kiln.task.killTimeout")
}

func TestMistakesOnTheCommandLineEndWithTwo(t *testing.T) {
	for _, c := range []struct{ arg, word string }{
		{"--kiln.executor.memry=1g", "kiln.executor.memory"},
		{"--kiln.executor.memory=12parsec", "512m"},
		{"--kiln.master=lokal[2]", "did you mean local[2]?"},
		{"--kiln.master=local-cluster[2]", "local-cluster[2,4,1g]"},
		{"--kiln.master=yarn", "local[*]"},
	} {
		p := start(t, wordcount(t), nil, c.arg, "nowhere")
		p.wait(2)
		p.wantErrors(c.word)
		p.wantOutput("")
	}
}

func TestErrorsOfAProgramEndWithOneAndAreSaidOnce(t *testing.T) {
	for _, master := range masters {
		p := start(t, wordcount(t), nil, master, "/no/such/path")
		p.wait(1)
		p.wantErrors("/no/such/path", "main.go:")
		if n := strings.Count(p.errs.String(), "/no/such/path"); n > 2 {
			t.Errorf("said %d times:\n%s", n, &p.errs)
		}
		build := start(t, pipeline(t), nil, master, "build")
		build.wait(1)
		build.wantErrors("main.go:", "kiln.Map", "captures")
	}
}

func TestHelpListsTheSettings(t *testing.T) {
	p := start(t, wordcount(t), nil, "--kiln.help")
	p.wait(0)
	if !strings.Contains(p.out.String(), "kiln.executor.memory") {
		t.Errorf("help says\n%s", &p.out)
	}
}
