package kilntest_test

import (
	"testing"

	"github.com/kilnproject/kiln"
	"github.com/kilnproject/kiln/kilntest"
)

// Another executor comes when one begins to drain, and yet another one when that is lost: there are too many then, until one goes.
func TestAnExecutorThatIsLostWhileItDrainsIsReplacedOnce(t *testing.T) {
	c := kilntest.Start(t, kilntest.Executors(2), kilntest.Slots(1))
	numbers := kiln.Range(c.Session(), 0, rows, 1, 1)
	hold := c.Hold(ofGroup("held"))
	ended := make(chan error, 1)
	go func() {
		_, err := numbers.Count(kiln.WithJobGroup(t.Context(), "held", "keeps an executor"))
		ended <- err
	}()
	drains := (<-hold.Arrived()).Executor
	c.DrainExecutor(drains)
	untilThereAre(t, c, 3)
	c.LoseExecutor(drains)
	hold.Release()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	untilThereAre(t, c, 2)
}

// untilThereAre lets jobs run until there are so many executors.
func untilThereAre(t *testing.T, c *kilntest.Cluster, n int) {
	t.Helper()
	for range 5000 {
		if len(c.Executors()) == n {
			return
		}
		mustCount(t, kiln.Range(c.Session(), 0, rows, 1, 1))
	}
	t.Fatalf("executors %v are there, want %d of them", c.Executors(), n)
}
