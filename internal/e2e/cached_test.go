package e2e

import (
	"slices"
	"syscall"
	"testing"
)

// The first executor has the one map output, and the second one all cached partitions that are made of it. The first one dies, and a third
// one comes in its place, which has to read a cached partition while the second is busy with the other.
func TestAShuffleBelowACachedRDDIsNotComputedAgain(t *testing.T) {
	p := start(t, pipeline(t), []string{"busy", "between", "read"}, "--kiln.master=local-cluster[2,1,256m]",
		"--kiln.locality.wait=0s", "--kiln.scheduler.launchAhead=0", "cached")
	mapped := p.reach("map", 1)
	if busy := p.reach("busy", 1); !slices.Equal(busy, mapped) {
		t.Fatalf("process %v is busy, and %v has the map output", busy, mapped)
	}
	p.reach("between", 1)
	cached := p.at("cache")
	if len(cached) != 1 || cached[0] == mapped[0] {
		t.Fatalf("partitions are cached in processes %v, and process %v has the map output", cached, mapped)
	}
	p.signal(mapped[0], syscall.SIGKILL)
	p.open("between")
	if read := p.reach("read", 2); slices.Contains(read, mapped[0]) || !slices.Contains(read, cached[0]) {
		t.Errorf("processes %v read what process %v has cached", read, cached)
	}
	p.open("read")
	p.wait(0)
	p.wantOutput("499500\n")
	if again := p.at("map"); !slices.Equal(again, mapped) {
		t.Errorf("the map task ran in processes %v", again)
	}
	if again := p.at("cache"); !slices.Equal(again, cached) {
		t.Errorf("cached partitions were computed in processes %v", again)
	}
}
