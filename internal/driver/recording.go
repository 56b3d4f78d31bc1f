package driver

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/replay"
)

// Recording is where the events of the scheduler are written down, for kiln replay.
type Recording struct {
	Out   io.WriteCloser // closed when the driver ends
	Limit int64          // bytes; 0 means as many as there are
}

// recorder writes what the loop hands it, away from the loop.
type recorder struct {
	log    *replay.Recorder
	out    io.WriteCloser
	writes outbox
	broken bool // belongs to writes
}

func newRecorder(c *Config) *recorder {
	if c.Record == nil {
		return nil
	}
	return &recorder{log: replay.NewRecorder(c.Sched, c.App.Name+", "+c.App.ID, c.Record.Limit), out: c.Record.Out}
}

// step notes one Step of the core.
func (r *recorder) step(now sched.Time, ev sched.Event, done []sched.Action) {
	if r == nil {
		return
	}
	r.log.Step(now, ev, done)
	r.write(r.log.Take(false))
}

// sync writes what there is: a driver that is killed leaves a log of all but its last moment.
func (r *recorder) sync() {
	if r == nil {
		return
	}
	r.log.Cut()
	r.write(r.log.Take(false))
}

func (r *recorder) write(block []byte) {
	if len(block) == 0 {
		return
	}
	own := bytes.Clone(block) // the recorder goes on
	r.writes.put(func() {
		if _, err := r.out.Write(own); err != nil && !r.broken {
			r.broken = true
			fmt.Fprintf(os.Stderr, "kiln: what the scheduler does is not recorded any more (kiln.sched.record): %v\n", err)
		}
	})
}

// close ends the log.
func (r *recorder) close() error {
	if r == nil {
		return nil
	}
	r.write(r.log.Take(true))
	r.writes.wait()
	if err := r.out.Close(); err != nil {
		return fmt.Errorf("the record of the scheduler (kiln.sched.record): %w", err)
	}
	return nil
}
