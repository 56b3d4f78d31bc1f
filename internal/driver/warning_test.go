package driver_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/driver"
)

// notes is what a driver told people.
type notes struct {
	mu   sync.Mutex
	list []string
}

func (n *notes) add(text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.list = append(n.list, text)
}

// take gives what was told since the last time.
func (n *notes) take() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := n.list
	n.list = nil
	return list
}

func warned(t *testing.T, f func(r *rig, n *notes)) {
	t.Helper()
	n := &notes{}
	drive(t, func(c *driver.Config) {
		c.Sched.Warn, c.Warn = true, n.add
	}, func(r *rig) { f(r, n) })
}

func (n *notes) want(t *testing.T, texts ...string) {
	t.Helper()
	synctest.Wait()
	if got := n.take(); !slices.Equal(got, texts) {
		t.Errorf("people were told\n%q, want\n%q", got, texts)
	}
}

func TestPeopleAreToldMoreAndMoreSeldomThatNothingRuns(t *testing.T) {
	warned(t, func(r *rig, n *notes) {
		done := r.run(r.t.Context(), 2)
		const told = "tasks of stage 0 (count at main.go:1) have waited for %s, 2 of them, and nothing runs: there is no executor"
		time.Sleep(14 * time.Second)
		n.want(t)
		time.Sleep(2 * time.Second)
		n.want(t, fmt.Sprintf(told, "15s"))
		time.Sleep(50 * time.Second)
		n.want(t, fmt.Sprintf(told, "30s"), fmt.Sprintf(told, "1m0s"))
		r.d.CancelAll("the test is over")
		<-done
		time.Sleep(time.Hour)
		n.want(t)
	})
}

func TestPeopleAreToldOnceOfAPlaceThatShipsTooMuch(t *testing.T) {
	warned(t, func(r *rig, n *notes) {
		ship := func(site string, size int) {
			job := sched.Job{Stages: []sched.StageSpec{{Name: "count", Site: site, Partitions: 1, Body: make([]byte, size)}}}
			done := make(chan error, 1)
			go func() { done <- r.d.Run(r.t.Context(), job, func(int32, []byte) {}) }()
			synctest.Wait()
			r.d.CancelAll("the test has seen enough")
			<-done
		}
		const large = ": its functions and what they carry take 2048 KiB, which every executor gets anew for this stage: give large values to NewBroadcast, which all stages share"
		ship("main.go:1", 1000)
		n.want(t)
		for range 3 { // a loop
			ship("main.go:2", 2<<20)
		}
		n.want(t, "stage 1 (count at main.go:2)"+large)
		ship("main.go:3", 2<<20)
		n.want(t, "stage 4 (count at main.go:3)"+large)
		for i := range 100 {
			ship(fmt.Sprintf("main.go:%d", 10+i), 2<<20)
		}
		synctest.Wait()
		if told := len(n.take()); told > 30 {
			t.Errorf("people were told %d times", told)
		}
	})
}
