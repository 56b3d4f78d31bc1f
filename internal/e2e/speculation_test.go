package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/kilnproject/kiln/internal/replay"
)

// speculating is a cluster of two executors that stand for two machines, with copies of tasks that are slow. Nothing else helps in the time
// that a test has: a silent executor counts as living for two minutes.
var speculating = []string{
	cluster, "--kiln.localCluster.hosts=2", "--kiln.speculation=true", "--kiln.speculation.quantile=0.2",
	"--kiln.speculation.task.duration.threshold=200ms",
}

// A process that is stopped keeps its tasks and says nothing. They have copies on the other machine, and the program ends.
func TestCopiesReplaceTheTasksOfAStoppedExecutor(t *testing.T) {
	in := text(t)
	record := filepath.Join(t.TempDir(), "run.sched")
	args := append([]string{"--kiln.sched.record=" + record}, speculating...)
	p := start(t, pipeline(t), []string{"map"}, append(args, "count", in.dir)...)
	p.signal(p.reach("map", 2)[0], syscall.SIGSTOP)
	p.open("map")
	p.wait(0)
	p.wantOutput(in.want)
	if story := storyOf(t, record); !strings.Contains(story, "2 copies of slow tasks, of which 2 were first") {
		t.Errorf("the map stage is to end by two copies:\n%s", story)
	}
}

// storyOf tells what the scheduler did, from its record.
func storyOf(t *testing.T, record string) string {
	t.Helper()
	data, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	l, err := replay.Open(data)
	if err != nil {
		t.Fatal(err)
	}
	var story strings.Builder
	if _, err := l.Story(func(line string) { story.WriteString(line + "\n") }); err != nil {
		t.Fatal(err)
	}
	return story.String()
}
