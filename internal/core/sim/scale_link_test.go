package sim

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// parted is a Scale of two executors, of which nothing is under way.
func parted(s Scale) *scaleWorld {
	return &scaleWorld{Scale: s, chance: rand.New(rand.NewPCG(1, 1)), executors: make([]scaleExecutor, 2), waiting: waiting{tasks: map[partition]Time{}}}
}

func TestMessagesToAnExecutorOfAScaleKeepTheirOrder(t *testing.T) {
	w := parted(Scale{Delay: time.Millisecond, ScaleFaults: ScaleFaults{Jitter: time.Second}})
	for i := range 200 {
		w.now += time.Duration(i%3) * time.Millisecond
		w.send(happening{executor: ids.ExecutorID(i % 2), id: ids.TaskID(i)})
	}
	last := [2]ids.TaskID{-1, -1}
	overtook := false
	for newest := ids.TaskID(-1); len(w.events.heap) > 0; {
		h := w.events.pop()
		if h.id < last[h.executor] {
			t.Fatalf("message %d to executor %v comes after message %d", h.id, h.executor, last[h.executor])
		}
		overtook = overtook || h.id < newest
		last[h.executor], newest = h.id, h.id
	}
	if !overtook {
		t.Error("no message to one executor overtook one to the other")
	}
}

func TestWhatIsSentWhileTheNetworkIsPartedComesAfterwards(t *testing.T) {
	w := parted(Scale{})
	w.executors[1].apart = time.Minute
	for _, h := range []happening{{executor: 0, kind: launchArrives}, {executor: 1, kind: launchArrives}, {executor: 1, kind: endArrives, at: time.Second}} {
		w.now = h.at
		if held := w.held(h); held != (h.executor == 1) {
			t.Errorf("a message of kind %d with executor %v: held %v", h.kind, h.executor, held)
		}
	}
	for _, want := range []kind{launchArrives, endArrives} {
		if h := w.events.pop(); h.kind != want || h.at != time.Minute {
			t.Errorf("kind %d comes at %v", h.kind, h.at)
		}
	}
	w.now = time.Minute
	if w.held(happening{executor: 1}) {
		t.Error("it is held when the network is whole again")
	}
}

// A task waits for an executor that will soon answer, gives one up that does not, and reads where there is another copy.
func TestAReaderOfAScaleWaitsForAWhile(t *testing.T) {
	read := func(apart time.Duration, others ...ids.ExecutorID) (from ids.ExecutorID, after time.Duration, lost bool) {
		w := parted(Scale{ScaleFaults: ScaleFaults{Partitions: 1}})
		w.jobs = []scaleJob{{at: []ids.ExecutorID{0, 0}, others: map[int32][]ids.ExecutorID{0: others, 1: others}}}
		w.jobOf = []int32{0, 1}
		w.executors[0].apart = apart
		return w.unreadable(ids.TaskRef{StageRef: ids.StageRef{Stage: 1}})
	}
	if _, after, lost := read(0); after != 0 || lost {
		t.Errorf("what can be read is read after %v, lost %v", after, lost)
	}
	if _, after, lost := read(10 * time.Second); after != 10*time.Second || lost {
		t.Errorf("what can be read soon is read after %v, lost %v", after, lost)
	}
	if from, after, lost := read(time.Minute); from != 0 || after != fetchPatience || !lost {
		t.Errorf("executor %v is given up after %v, lost %v", from, after, lost)
	}
	if _, after, lost := read(time.Minute, 1); after != 0 || lost {
		t.Errorf("a copy is read after %v, lost %v", after, lost)
	}
}
