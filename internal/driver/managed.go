package driver

import (
	"sync"

	"github.com/kilnproject/kiln/cluster"
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
)

// managed is how the cluster manager reports.
type managed struct{ d *Driver }

// Granted implements cluster.Handler. The executor introduces itself when it attaches.
func (m managed) Granted(int32, string) {}

// Gone implements cluster.Handler.
func (m managed) Gone(id int32, why cluster.Loss) {
	m.d.gone.add(executorGone{ids.ExecutorID(id), why})
	go m.d.report(someGone{})
}

// Broken implements cluster.Handler.
func (m managed) Broken(err error) {
	go m.d.report(sched.ExecutorsUnavailable{Reason: err.Error()})
}

type executorGone struct {
	id  ids.ExecutorID
	why cluster.Loss
}

// someGone says that the manager has told of losses.
type someGone struct{}

// losses are what the manager told of and the loop has not heard yet. A manager tells that an executor is gone before it starts another one in
// its place: so the loop hears of all losses before it takes an executor in.
type losses struct {
	mu   sync.Mutex
	list []executorGone
}

func (l *losses) add(x executorGone) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, x)
}

func (l *losses) take() []executorGone {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := l.list
	l.list = nil
	return list
}

// hearOfLosses takes up what the manager told of.
func (d *Driver) hearOfLosses() {
	for _, x := range d.gone.take() {
		d.lose(x.id, x.why.Text, x.why.ByApp)
	}
}
