package transport

import (
	"testing"

	"github.com/kilnproject/kiln/internal/link/wire"
)

// attached gives both ends of a link over a Unix socket.
func attached(t testing.TB) (DriverEnd, ExecutorEnd) {
	t.Helper()
	ends := make(chan DriverEnd, 1)
	s, err := ListenControl(ServerConfig{Addr: socket(t)}, func(d DriverEnd) { ends <- d })
	if err != nil {
		t.Fatal(err)
	}
	e, err := DialControl(t.Context(), s.Addr(), nil)
	if err != nil {
		t.Fatal(err)
	}
	d := <-ends
	t.Cleanup(func() {
		d.Close()
		e.Close()
		s.Close()
	})
	return d, e
}

// BenchmarkControlRoundTrip sends a launch, and its end comes back, one at a time.
func BenchmarkControlRoundTrip(b *testing.B) {
	run := func(b *testing.B, d DriverEnd, e ExecutorEnd) {
		go func() {
			for {
				if _, err := e.Recv(); err != nil {
					return
				}
				_ = e.Send(ended(1))
			}
		}()
		for b.Loop() {
			_ = d.Send(launch(1))
			if _, err := d.Recv(); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("pipe", func(b *testing.B) {
		d, e := Pipe()
		defer d.Close()
		run(b, d, e)
	})
	b.Run("unix", func(b *testing.B) {
		d, e := attached(b)
		run(b, d, e)
	})
}

// BenchmarkControlStream keeps 64 task attempts under way: as many launches go down as ends come up. One operation is a task.
func BenchmarkControlStream(b *testing.B) {
	run := func(b *testing.B, d DriverEnd, e ExecutorEnd) {
		b.ReportAllocs()
		go func() {
			for {
				m, err := e.Recv()
				if err != nil {
					return
				}
				for i := range m.Launches {
					_ = e.Send(ended(int(m.Launches[i].ID)))
				}
			}
		}()
		for i := range 64 {
			_ = d.Send(launch(i))
		}
		n := 0
		for b.Loop() {
			for n == 0 {
				m, err := d.Recv()
				if err != nil {
					b.Fatal(err)
				}
				n += len(m.Ends)
				for i := range m.Ends {
					_ = d.Send(launch(int(m.Ends[i].ID)))
				}
			}
			n--
		}
	}
	b.Run("pipe", func(b *testing.B) {
		d, e := Pipe()
		defer d.Close()
		run(b, d, e)
	})
	b.Run("unix", func(b *testing.B) {
		d, e := attached(b)
		run(b, d, e)
	})
}

// BenchmarkPipe is the price of one message in one direction.
func BenchmarkPipe(b *testing.B) {
	d, e := Pipe()
	defer d.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range b.N {
			if _, err := d.Recv(); err != nil {
				return
			}
		}
	}()
	up := &wire.Up{}
	for range b.N {
		_ = e.Send(up)
	}
	<-done
}
