package kiln_test

import (
	"context"
	"sync"
	"testing"

	"github.com/kilnproject/kiln"
	"github.com/kilnproject/kiln/kilntest"
)

// watched is a task that waits until somebody has looked.
var watched struct {
	begun  sync.WaitGroup
	looked chan struct{}
}

func waitForLook(i int64) int64 {
	if i < 2 {
		watched.begun.Done()
		<-watched.looked
	}
	return i
}

func TestStatusSaysWhatIsUnderWay(t *testing.T) {
	c := kilntest.Start(t, kilntest.Executors(1), kilntest.Slots(2))
	watched.begun.Add(2)
	watched.looked = make(chan struct{})
	ctx := kiln.WithTag(kiln.WithJobGroup(t.Context(), "nightly", "counts orders"), "orders")
	done := make(chan error, 1)
	go func() {
		_, err := kiln.Map(kiln.Range(c.Session(), 0, 5, 1, 5), waitForLook).Count(ctx)
		done <- err
	}()
	watched.begun.Wait()
	st := c.Session().Status()
	close(watched.looked)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if len(st.Jobs) != 1 || len(st.Stages) != 1 || len(st.Executors) != 1 {
		t.Fatalf("got %+v", st)
	}
	j, s, e := st.Jobs[0], st.Stages[0], st.Executors[0]
	if j.Group != "nightly" || j.Description != "counts orders" || len(j.Tags) != 1 || j.Tags[0] != "orders" || j.Done != 0 || j.Total != 5 || j.Stages[0] != s.ID {
		t.Errorf("job %+v", j)
	}
	if s.Name != "Count" || s.State != "running" || s.Done != 0 || s.Total != 5 || s.Running != 2 || s.Waiting != 3 || s.Site == "" {
		t.Errorf("stage %+v", s)
	}
	if e.Slots != 2 || e.Tasks != 2 || e.Host == "" {
		t.Errorf("executor %+v", e)
	}
	if st := c.Session().Status(); len(st.Jobs) != 0 || len(st.Executors) != 1 {
		t.Errorf("afterwards: %+v", st)
	}
}

func TestTheStatusOfAClosedSessionIsEmpty(t *testing.T) {
	s, err := kiln.Open(context.Background(), kiln.Master("local"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if st := s.Status(); len(st.Jobs)+len(st.Stages)+len(st.Executors) != 0 {
		t.Errorf("got %+v", st)
	}
}
