package driver

import (
	"crypto/subtle"
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/link/transport"
	"github.com/kilnproject/kiln/internal/link/wire"
)

// remote is the driver's end of one executor. After its hello it belongs to the loop.
type remote struct {
	id    ids.ExecutorID
	link  transport.DriverEnd
	hello *wire.Hello
	next  *wire.Down
}

// detach forgets an executor: nothing is sent to it any more, and nobody is sent to it.
func (d *Driver) detach(id ids.ExecutorID) {
	delete(d.remotes, id)
	d.directory.Left(id)
}

// batch is what goes to the executor at the end of this turn of the loop.
func (d *Driver) batch(r *remote) *wire.Down {
	if r.next == nil {
		r.next = &wire.Down{}
		d.touched = append(d.touched, r)
	}
	return r.next
}

// heardFrom is one message of an executor; Up is nil when its link has ended.
type heardFrom struct {
	from *remote
	up   *wire.Up
}

// Attach serves the link of an executor in another process, which must prove that it belongs here. It returns at once.
func (d *Driver) Attach(link transport.DriverEnd) { d.serve(link, d.refuse) }

// AttachOwn serves the link of an executor in this process.
func (d *Driver) AttachOwn(link transport.DriverEnd) {
	d.serve(link, func(*wire.Hello) string { return "" })
}

// serve reads the link until it ends.
func (d *Driver) serve(link transport.DriverEnd, refuse func(*wire.Hello) string) {
	d.links.Add(1)
	go func() {
		defer d.links.Done()
		defer link.Close()
		go func() { // Recv knows no context: closing the link ends it
			<-d.done
			link.Close()
		}()
		up, err := link.Recv()
		if err != nil {
			return
		}
		r := &remote{link: link, hello: up.Hello}
		if up.Hello == nil {
			return
		}
		if why := refuse(up.Hello); why != "" {
			// The executor prints the reason; that it cannot be told is its own trouble.
			_ = link.Send(&wire.Down{Welcome: &wire.Welcome{Refused: why}})
			return
		}
		r.id = up.Hello.Executor
		for d.report(heardFrom{r, up}) {
			if up, err = link.Recv(); err != nil {
				d.report(heardFrom{r, nil})
				return
			}
		}
	}()
}

// refuse says why an executor may not take part, or nothing.
func (d *Driver) refuse(h *wire.Hello) string {
	switch {
	case subtle.ConstantTimeCompare(h.Secret, d.cfg.App.Secret) != 1:
		return "the executor was not started for this application"
	case h.Identity != d.cfg.Identity:
		return fmt.Sprintf("the executor runs another program: %s, the driver %s", describe(h.Identity), describe(d.cfg.Identity))
	}
	return ""
}

func describe(i wire.Identity) string {
	return fmt.Sprintf("%.60s, build %.20s, %s/%s", i.Image, i.BuildID, i.GOOS, i.GOARCH)
}
