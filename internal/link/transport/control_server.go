package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/kilnproject/kiln/internal/link/wire"
	"github.com/kilnproject/kiln/internal/link/wire/controlpb"
)

// ServerConfig says where a control server listens and whom it lets in.
type ServerConfig struct {
	// Addr is unix:///path, in a directory that only this user can enter, or tcp://host:port, where port 0 means any.
	Addr string
	// TLS must be set for tcp, with client certificates required, and is not used for unix.
	TLS *tls.Config
	// MaxMessage is the largest message, in bytes, that may travel either way; a larger one ends its link, and both ends say so. 0
	// means 1 GiB, which is also the most.
	MaxMessage int
}

// ControlServer takes in executors. It is safe for concurrent use.
type ControlServer struct {
	controlpb.UnimplementedControlServer
	server   *grpc.Server
	listener net.Listener
	addr     address
	accept   func(DriverEnd)
	served   chan struct{} // closed when the listener's goroutine has ended

	mu     sync.Mutex
	closed bool
	ends   map[*driverEnd]struct{} // the open links
}

type driverEnd = end[wire.Down, wire.Up]

// ListenControl opens the driver's side of control links. Accept is called once for each executor that connects, on a goroutine of its
// own, and takes over the end, which it must close in the end; it may take as long as it likes. Nothing that the executor says has been checked then, but that it may
// speak at all: it proved to be of this application (tcp) or of this user (unix).
func ListenControl(cfg ServerConfig, accept func(DriverEnd)) (*ControlServer, error) {
	addr, err := parseAddr(cfg.Addr)
	if err != nil {
		return nil, err
	}
	if cfg.MaxMessage < 0 || cfg.MaxMessage > largestMessage {
		return nil, fmt.Errorf("messages of up to %d bytes were refused: 1 to %d may be the most", cfg.MaxMessage, largestMessage)
	}
	if cfg.MaxMessage == 0 {
		cfg.MaxMessage = largestMessage
	}
	l, err := addr.listen(cfg.TLS)
	if err != nil {
		return nil, fmt.Errorf("listening for executors: %w", err)
	}
	if addr.network == "tcp" {
		addr.name = l.Addr().String()
	} else {
		cfg.TLS = nil
	}
	s := &ControlServer{listener: l, addr: addr, accept: accept, ends: map[*driverEnd]struct{}{}, served: make(chan struct{})}
	s.server = grpc.NewServer(
		grpc.Creds(newCredential(cfg.TLS)), grpc.ConnectionTimeout(handshake), grpc.MaxConcurrentStreams(1),
		grpc.MaxRecvMsgSize(cfg.MaxMessage), grpc.MaxSendMsgSize(cfg.MaxMessage), grpc.MaxHeaderListSize(largestHeaders),
		grpc.StaticStreamWindowSize(streamWindow), grpc.StaticConnWindowSize(connWindow),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: pingEvery, Timeout: pingWait}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: pingFloor, PermitWithoutStream: true}),
		grpc.WaitForHandlers(true),
	)
	controlpb.RegisterControlServer(s.server, s)
	go func() {
		defer close(s.served)
		_ = s.server.Serve(l) // it ends when Close stops it
	}()
	return s, nil
}

// Addr is the address to give to DialControl: with the port that was chosen, and the host that was given, which for tcp may be
// one that stands for all of this machine's.
func (s *ControlServer) Addr() string { return s.addr.String() }

// Close closes every end, lets what was sent travel for a few seconds at most, and cuts what is left then. It returns when no
// goroutine is left but those on which accept still runs.
func (s *ControlServer) Close() error {
	s.mu.Lock()
	again := s.closed
	s.closed = true
	for e := range s.ends {
		_ = e.Close()
	}
	s.mu.Unlock()
	// By itself GracefulStop would wait for ever for a peer that does not read.
	timer := time.AfterFunc(linger, s.server.Stop)
	s.server.GracefulStop()
	timer.Stop()
	<-s.served
	if !again && s.addr.network == "unix" {
		if err := os.Remove(s.addr.name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Attach serves one link. It is called by gRPC, and what it gives is what the executor's end is told of the link's end.
func (s *ControlServer) Attach(stream grpc.BidiStreamingServer[controlpb.Up, controlpb.Down]) error {
	e := newDriverEnd(stream)
	if !s.add(e) {
		return status.Error(codes.Unavailable, "the driver is ending")
	}
	defer s.remove(e)
	go s.accept(e)
	gone := make(chan error, 1)
	go func() {
		err := pumpIn(e.in, (*wire.Up).Weight, func() (*wire.Up, error) {
			m, err := stream.Recv()
			if err != nil {
				return nil, err
			}
			return wire.DecodeUp(m)
		})
		gone <- err
		e.out.end(io.EOF, false) // first: who hears of the end can send nothing more
		e.in.end(brokenToExecutor(err), false)
	}()
	err := pumpOut(e.out, wire.JoinDown, func(batch ...*wire.Down) error { return stream.Send(wire.EncodeDown(batch...)) })
	if err != nil {
		e.out.end(brokenToExecutor(err), true)
		e.in.end(brokenToExecutor(err), false)
	}
	// Returning ends the stream, and with it the goroutine above. When that one ended first, it knows the cause.
	select {
	case err = <-gone:
	default:
	}
	switch {
	case err == io.EOF:
		return nil
	case errors.Is(err, wire.ErrMalformed):
		return status.Error(codes.InvalidArgument, err.Error())
	}
	return err
}

// brokenToExecutor keeps io.EOF, which is not a break, as it is.
func brokenToExecutor(err error) error {
	if err == io.EOF {
		return err
	}
	return fmt.Errorf("the control link to the executor broke: %w", err)
}

// newDriverEnd gives the end of a stream.
func newDriverEnd(stream grpc.BidiStreamingServer[controlpb.Up, controlpb.Down]) *driverEnd {
	cut := func() {
		if p, ok := peer.FromContext(stream.Context()); ok {
			if info, ok := p.AuthInfo.(linkInfo); ok {
				info.conn.Close()
			}
		}
	}
	return &driverEnd{
		out: newQueue[wire.Down](linkSendLimit), in: newQueue[wire.Up](linkLimit), weigh: (*wire.Down).Weight, cut: cut,
		closing: func() error {
			timer := time.AfterFunc(linger, cut)
			context.AfterFunc(stream.Context(), func() { timer.Stop() })
			return nil
		},
	}
}

func (s *ControlServer) add(e *driverEnd) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.ends[e] = struct{}{}
	return true
}

func (s *ControlServer) remove(e *driverEnd) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.ends, e)
}
