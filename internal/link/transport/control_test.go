package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/link/identity"
	"github.com/kilnproject/kiln/internal/link/wire"
	"github.com/kilnproject/kiln/internal/link/wire/controlpb"
)

// links are the ways in which a driver and an executor can be linked: all keep the same promises.
var links = map[string]func(t *testing.T) (DriverEnd, ExecutorEnd){
	"pipe": func(t *testing.T) (DriverEnd, ExecutorEnd) {
		d, e := Pipe()
		t.Cleanup(func() { d.Close() })
		return d, e
	},
	"unix": func(t *testing.T) (DriverEnd, ExecutorEnd) { return attached(t) },
	"tcp": func(t *testing.T) (DriverEnd, ExecutorEnd) {
		server, client := tlsPair(t)
		ends := make(chan DriverEnd, 1)
		s := must[*ControlServer](t)(ListenControl(ServerConfig{Addr: "tcp://127.0.0.1:0", TLS: server}, func(d DriverEnd) { ends <- d }))
		e := must[ExecutorEnd](t)(DialControl(t.Context(), s.Addr(), client))
		d := <-ends
		t.Cleanup(func() {
			e.Close()
			s.Close()
		})
		return d, e
	},
}

func onEveryLink(t *testing.T, test func(t *testing.T, d DriverEnd, e ExecutorEnd)) {
	for name, link := range links {
		t.Run(name, func(t *testing.T) {
			d, e := link(t)
			test(t, d, e)
		})
	}
}

func TestMessagesArriveOnceAndInOrder(t *testing.T) {
	onEveryLink(t, func(t *testing.T, d DriverEnd, e ExecutorEnd) {
		const n = 5000
		go func() {
			for i := range n {
				_ = d.Send(launch(i))
			}
		}()
		go func() {
			for i := range n {
				_ = e.Send(ended(i))
			}
		}()
		for next := 0; next < n; {
			m, err := e.Recv()
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range m.Launches {
				if int(l.ID) != next {
					t.Fatalf("launch %d came instead of %d", l.ID, next)
				}
				next++
			}
		}
		for next := 0; next < n; {
			m, err := d.Recv()
			if err != nil {
				t.Fatal(err)
			}
			for _, end := range m.Ends {
				if int(end.ID) != next || string(end.Result) != "result" {
					t.Fatalf("end %d came instead of %d", end.ID, next)
				}
				next++
			}
		}
	})
}

func TestManyMaySendAtOnce(t *testing.T) {
	onEveryLink(t, func(t *testing.T, d DriverEnd, e ExecutorEnd) {
		const senders, each = 8, 200
		for s := range senders {
			go func() {
				for i := range each {
					_ = e.Send(ended(s*each + i))
				}
			}()
		}
		last := map[int]int{} // of each sender
		for got := 0; got < senders*each; {
			m, err := d.Recv()
			if err != nil {
				t.Fatal(err)
			}
			for _, end := range m.Ends {
				s, i := int(end.ID)/each, int(end.ID)%each
				if i != last[s] {
					t.Fatalf("message %d of sender %d came instead of %d", i, s, last[s])
				}
				last[s]++
				got++
			}
		}
	})
}

func TestWhatWasSentBeforeCloseArrivesAndThenTheEnd(t *testing.T) {
	onEveryLink(t, func(t *testing.T, d DriverEnd, e ExecutorEnd) {
		go func() {
			for i := range 1000 {
				_ = d.Send(launch(i))
			}
			_ = d.Send(&wire.Down{Stop: true})
			_ = d.Close()
		}()
		launches, stop := 0, false
		for {
			m, err := e.Recv()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			launches += len(m.Launches)
			stop = stop || m.Stop
		}
		if launches != 1000 || !stop {
			t.Errorf("%d launches came, stop: %v", launches, stop)
		}
		if err := e.Send(ended(1)); !errors.Is(err, ErrClosed) {
			t.Errorf("sending to a closed end gave %v", err)
		}
		if _, err := d.Recv(); !errors.Is(err, ErrClosed) {
			t.Errorf("the closed end received: %v", err)
		}
		if err := d.Send(launch(1)); !errors.Is(err, ErrClosed) {
			t.Errorf("the closed end sent: %v", err)
		}
	})
}

func TestAnExecutorsLastWordArrives(t *testing.T) {
	onEveryLink(t, func(t *testing.T, d DriverEnd, e ExecutorEnd) {
		go func() {
			_ = e.Send(ended(1))
			_ = e.Send(&wire.Up{Failure: "no space left on device"})
			_ = e.Close()
		}()
		ends, failure := 0, ""
		for {
			m, err := d.Recv()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			ends += len(m.Ends)
			failure += m.Failure
		}
		if ends != 1 || failure != "no space left on device" {
			t.Errorf("%d ends and %q came", ends, failure)
		}
		if _, err := e.Recv(); !errors.Is(err, ErrClosed) {
			t.Errorf("the closed end received: %v", err)
		}
	})
}

func TestClosingWakesWhoReceives(t *testing.T) {
	onEveryLink(t, func(t *testing.T, d DriverEnd, e ExecutorEnd) {
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := d.Recv(); err != io.EOF {
				t.Errorf("the driver got %v", err)
			}
		})
		wg.Go(func() {
			if _, err := e.Recv(); err != ErrClosed {
				t.Errorf("the executor got %v", err)
			}
		})
		_ = e.Close()
		wg.Wait()
	})
}

func TestAPipeHandsOverTheMessageItself(t *testing.T) {
	d, e := Pipe()
	defer d.Close()
	down, up := launch(1), ended(1)
	_ = d.Send(down)
	_ = e.Send(up)
	if got, err := e.Recv(); got != down || err != nil {
		t.Errorf("got %p instead of %p, %v", got, down, err)
	}
	if got, err := d.Recv(); got != up || err != nil {
		t.Errorf("got %p instead of %p, %v", got, up, err)
	}
}

func TestADriverNeverWaitsForAnExecutorThatDoesNotRead(t *testing.T) {
	onEveryLink(t, func(t *testing.T, d DriverEnd, e ExecutorEnd) {
		heavy := &wire.Down{Launches: []task.Launch{{Split: make([]byte, 16<<20)}}}
		var err error
		for i := 0; err == nil && i <= pipeDownLimit; i++ {
			err = d.Send(heavy)
		}
		if !errors.Is(err, ErrSlow) {
			t.Fatalf("the driver went on sending: %v", err)
		}
		if _, err := d.Recv(); !errors.Is(err, ErrSlow) {
			t.Errorf("the link still lives: %v", err)
		}
	})
}

func TestAnExecutorWaitsForItsDriver(t *testing.T) {
	d, e := Pipe()
	for range pipeUpLimit {
		_ = e.Send(&wire.Up{})
	}
	sent := make(chan error)
	go func() { sent <- e.Send(&wire.Up{Failure: "last"}) }()
	for range pipeUpLimit + 1 {
		if _, err := d.Recv(); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
	for range pipeUpLimit {
		_ = e.Send(&wire.Up{})
	}
	go func() { sent <- e.Send(&wire.Up{}) }()
	d.Close()
	if err := <-sent; err != ErrClosed {
		t.Errorf("the wait ended with %v", err)
	}
}

func TestLargeMessagesTravel(t *testing.T) {
	d, e := attached(t)
	body := random(48 << 20)
	if err := d.Send(&wire.Down{Stages: []*task.Stage{{Body: body}}}); err != nil {
		t.Fatal(err)
	}
	m, err := e.Recv()
	if err != nil || string(m.Stages[0].Body) != string(body) {
		t.Fatalf("a message of 48 MiB did not come: %v", err)
	}
}

func TestABrokenLinkIsNoEnd(t *testing.T) {
	d, e := attached(t)
	d.(*driverEnd).cut() // as when the machine goes
	if _, err := e.Recv(); err == nil || errors.Is(err, io.EOF) || errors.Is(err, ErrClosed) || !strings.Contains(err.Error(), "broke") {
		t.Errorf("the executor saw %v", err)
	}
	if _, err := d.Recv(); err == nil || errors.Is(err, io.EOF) || !strings.Contains(err.Error(), "broke") {
		t.Errorf("the driver saw %v", err)
	}
	if err := e.Send(ended(1)); err == nil || errors.Is(err, ErrClosed) {
		t.Errorf("the executor sent: %v", err)
	}
}

func TestAMalformedMessageEndsTheLinkAndSaysWhy(t *testing.T) {
	d, e := attached(t)
	_ = e.Send(&wire.Up{Ends: []task.End{{Ref: ids.TaskRef{Partition: -7}, Reason: task.EndReason{Fate: task.Success}}}})
	if _, err := d.Recv(); !errors.Is(err, wire.ErrMalformed) || !strings.Contains(err.Error(), "-7") {
		t.Errorf("the driver saw %v", err)
	}
	if _, err := e.Recv(); err == nil || !strings.Contains(err.Error(), "-7") {
		t.Errorf("the executor saw %v", err)
	}
}

func TestAClosedServerTakesNobodyIn(t *testing.T) {
	s := must[*ControlServer](t)(ListenControl(ServerConfig{Addr: socket(t)}, func(DriverEnd) { t.Error("someone was taken in") }))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := DialControl(t.Context(), s.Addr(), nil); !errors.Is(err, ErrGone) {
		t.Errorf("dialing gave %v", err)
	}
}

func TestClosingTheServerEndsItsLinks(t *testing.T) {
	ends := make(chan DriverEnd, 2)
	s := must[*ControlServer](t)(ListenControl(ServerConfig{Addr: socket(t)}, func(d DriverEnd) { ends <- d }))
	one := must[ExecutorEnd](t)(DialControl(t.Context(), s.Addr(), nil))
	two := must[ExecutorEnd](t)(DialControl(t.Context(), s.Addr(), nil))
	defer one.Close()
	defer two.Close()
	for range 2 {
		_ = (<-ends).Send(&wire.Down{Stop: true})
	}
	_ = s.Close()
	for _, e := range []ExecutorEnd{one, two} {
		if m, err := e.Recv(); err != nil || !m.Stop {
			t.Errorf("got %v, %v", m, err)
		}
		if _, err := e.Recv(); err != io.EOF {
			t.Errorf("then %v", err)
		}
	}
}

func TestDialingEndsWithItsContext(t *testing.T) {
	path := socket(t)
	l := must[net.Listener](t)(net.Listen("unix", strings.TrimPrefix(path, "unix://")))
	defer l.Close() // it listens and never answers
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		conn, err := l.Accept()
		cancel(why)
		if err == nil {
			defer conn.Close()
			_, _ = io.Copy(io.Discard, conn)
		}
	}()
	if _, err := DialControl(ctx, path, nil); !errors.Is(err, why) {
		t.Errorf("dialing gave %v", err)
	}
}

func TestStrangersAreRefused(t *testing.T) {
	server, _ := tlsPair(t)
	s := must[*ControlServer](t)(ListenControl(ServerConfig{Addr: "tcp://127.0.0.1:0", TLS: server}, func(DriverEnd) { t.Error("a stranger was taken in") }))
	defer s.Close()
	other := must[*identity.Authority](t)(identity.New("app-1"))
	stranger := must[identity.Bundle](t)(other.Issue(identity.Executor, "0")).ClientTLS(identity.Driver)
	stranger.InsecureSkipVerify, stranger.VerifyConnection = true, nil
	naked := &tls.Config{InsecureSkipVerify: true}
	for name, config := range map[string]*tls.Config{"no certificate": naked, "another application": stranger} {
		e, err := DialControl(t.Context(), s.Addr(), config)
		if err == nil {
			_, err = e.Recv()
			e.Close()
		}
		if err == nil || err == io.EOF {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := DialControl(t.Context(), s.Addr(), nil); err == nil {
		t.Error("dialing tcp without TLS went through")
	}
	plain := must[net.Conn](t)(net.Dial("tcp", s.listener.Addr().String()))
	defer plain.Close()
	_, _ = plain.Write([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
	if answer, _ := io.ReadAll(plain); strings.Contains(string(answer), "HTTP") {
		t.Errorf("a connection without TLS was answered with %q", answer)
	}
}

func TestListeningWhereStrangersCouldComeInIsRefused(t *testing.T) {
	open := filepath.Join(filepath.Dir(strings.TrimPrefix(socket(t), "unix://")), "open")
	if err := os.Mkdir(open, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o755); err != nil {
		t.Fatal(err)
	}
	server, client := tlsPair(t)
	for name, cfg := range map[string]ServerConfig{
		"tcp without TLS":                {Addr: "tcp://127.0.0.1:0"},
		"tcp without client certificate": {Addr: "tcp://127.0.0.1:0", TLS: client},
		"directory open to others":       {Addr: "unix://" + open + "/s", TLS: server},
		"missing directory":              {Addr: "unix://" + open + "/none/s"},
		"path too long":                  {Addr: "unix:///" + strings.Repeat("x", 104)},
		"relative path":                  {Addr: "unix://s"},
		"no scheme":                      {Addr: "127.0.0.1:0"},
		"no port":                        {Addr: "tcp://127.0.0.1", TLS: server},
		"empty":                          {},
	} {
		if s, err := ListenControl(cfg, nil); err == nil {
			s.Close()
			t.Errorf("%s: it listens at %s", name, s.Addr())
		}
		if s, err := ListenBlocks(BlockServerConfig{Addr: cfg.Addr, TLS: cfg.TLS}, &shelf{}); err == nil {
			s.Close()
			t.Errorf("%s: it listens for blocks at %s", name, s.Addr())
		}
	}
}

func TestADriverNoticesACancelledStream(t *testing.T) {
	ends := make(chan DriverEnd, 1)
	s := must[*ControlServer](t)(ListenControl(ServerConfig{Addr: socket(t)}, func(d DriverEnd) { ends <- d }))
	defer s.Close()
	cc := must[*grpc.ClientConn](t)(grpc.NewClient(s.Addr(), grpc.WithTransportCredentials(newCredential(nil)), grpc.WithNoProxy()))
	defer cc.Close()
	ctx, cancel := context.WithCancel(t.Context())
	_, err := controlpb.NewControlClient(cc).Attach(ctx)
	if err != nil {
		t.Fatal(err)
	}
	d := <-ends
	cancel()
	if _, err := d.Recv(); err == nil {
		t.Error("the driver did not notice that the stream was cancelled")
	}
}

// Both ends must learn why their link ended: neither may take it for the other's end.
func TestAMessageOverTheLimitEndsTheLinkAndSaysWhy(t *testing.T) {
	ends := make(chan DriverEnd, 2)
	s := must[*ControlServer](t)(ListenControl(ServerConfig{Addr: socket(t), MaxMessage: 1000}, func(d DriverEnd) { ends <- d }))
	defer s.Close()
	for name, send := range map[string]func(d DriverEnd, e ExecutorEnd) error{
		"up": func(_ DriverEnd, e ExecutorEnd) error { return e.Send(&wire.Up{Failure: strings.Repeat("x", 1001)}) },
		"down": func(d DriverEnd, _ ExecutorEnd) error {
			return d.Send(&wire.Down{Stages: []*task.Stage{{Body: random(1001)}}})
		},
	} {
		e := must[ExecutorEnd](t)(DialControl(t.Context(), s.Addr(), nil))
		d := <-ends
		if err := send(d, e); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Recv(); err == nil || err == io.EOF || !strings.Contains(err.Error(), "larger than max") {
			t.Errorf("%s: the driver saw %v", name, err)
		}
		if _, err := e.Recv(); err == nil || err == io.EOF || !strings.Contains(err.Error(), "larger than max") {
			t.Errorf("%s: the executor saw %v", name, err)
		}
		e.Close()
		d.Close()
	}
}

func TestALimitThatCanNotBeIsRefused(t *testing.T) {
	for _, limit := range []int{-1, largestMessage + 1} {
		if s, err := ListenControl(ServerConfig{Addr: socket(t), MaxMessage: limit}, nil); err == nil {
			s.Close()
			t.Errorf("a server takes messages of up to %d bytes", limit)
		}
	}
}

func TestAcceptMayServeTheLinkItself(t *testing.T) {
	served := make(chan struct{})
	s := must[*ControlServer](t)(ListenControl(ServerConfig{Addr: socket(t)}, func(d DriverEnd) {
		defer close(served)
		defer d.Close()
		for {
			m, err := d.Recv()
			if err != nil {
				return
			}
			for _, end := range m.Ends {
				_ = d.Send(launch(int(end.ID)))
			}
		}
	}))
	defer s.Close()
	e := must[ExecutorEnd](t)(DialControl(t.Context(), s.Addr(), nil))
	_ = e.Send(ended(7))
	if m, err := e.Recv(); err != nil || m.Launches[0].ID != 7 {
		t.Errorf("got %v, %v", m, err)
	}
	e.Close()
	<-served
}
