package driver

import (
	"fmt"
	"os"
	"sync"

	"github.com/kilnproject/kiln/internal/core/task"
)

// outbox does, in order and away from the loop, what may run the user's code: merging accumulators. The end of a job comes after the
// updates of its tasks.
type outbox struct {
	merge func(task.Update) error
	mu    sync.Mutex
	queue []func()
	busy  bool
	work  sync.WaitGroup
}

func (o *outbox) updates(list []task.Update) {
	o.put(func() {
		for _, u := range list {
			o.mergeOne(u)
		}
	})
}

// mergeOne survives what the user's merge function does: as in Spark, an accumulator that cannot be merged does not fail the job. One
// that calls runtime.Goexit ends its goroutine, and so has one to itself, which costs less than merging.
func (o *outbox) mergeOne(u task.Update) {
	done := make(chan error)
	go func() {
		err := fmt.Errorf("merging accumulator %d: the merge function called runtime.Goexit", u.Accumulator)
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("merging accumulator %d panicked: %v", u.Accumulator, p)
			}
			done <- err
		}()
		err = o.merge(u)
	}()
	if err := <-done; err != nil {
		fmt.Fprintf(os.Stderr, "kiln: %v\n", err)
	}
}

// after runs f when everything before it is done: at once when nothing is.
func (o *outbox) after(f func()) {
	o.mu.Lock()
	idle := !o.busy
	o.mu.Unlock()
	if idle { // only the loop puts, so nothing comes in between
		f()
		return
	}
	o.put(f)
}

func (o *outbox) put(f func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.queue = append(o.queue, f)
	if !o.busy {
		o.busy = true
		o.work.Add(1)
		go o.run()
	}
}

func (o *outbox) run() {
	defer o.work.Done()
	for {
		o.mu.Lock()
		queue := o.queue
		o.queue = nil
		if len(queue) == 0 {
			o.busy = false
			o.mu.Unlock()
			return
		}
		o.mu.Unlock()
		for _, f := range queue {
			f()
		}
	}
}

func (o *outbox) wait() { o.work.Wait() }
