package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"github.com/kilnproject/kiln/internal/link/wire"
	"github.com/kilnproject/kiln/internal/link/wire/controlpb"
)

// DialControl connects an executor to the driver at addr: unix:///path, or tcp://host:port with the executor's TLS configuration.
// Ctx bounds the connecting only. The error wraps ErrGone when nobody listens there.
func DialControl(ctx context.Context, addr string, config *tls.Config) (ExecutorEnd, error) {
	at, err := parseAddr(addr)
	if err != nil {
		return nil, err
	}
	if at.network == "unix" {
		config = nil
	} else if config == nil {
		return nil, fmt.Errorf("connecting to the driver at %v was refused: tcp needs a TLS configuration", at)
	}
	e, err := dialControl(ctx, at, config)
	if err != nil {
		return nil, fmt.Errorf("connecting to the driver at %v: %w", at, err)
	}
	return e, nil
}

func dialControl(ctx context.Context, at address, config *tls.Config) (ExecutorEnd, error) {
	var failed atomic.Pointer[error] // gRPC tells of a failed connection as text only
	cc, err := grpc.NewClient("passthrough:///driver",
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			conn, err := at.dial(ctx)
			if err != nil {
				failed.Store(&err)
			}
			return conn, err
		}),
		grpc.WithTransportCredentials(newCredential(config)), grpc.WithNoProxy(), grpc.WithDisableRetry(),
		grpc.WithDisableServiceConfig(), grpc.WithIdleTimeout(0), grpc.WithMaxHeaderListSize(largestHeaders),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(largestMessage), grpc.MaxCallSendMsgSize(largestMessage)),
		grpc.WithStaticStreamWindowSize(streamWindow), grpc.WithStaticConnWindowSize(connWindow),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: pingEvery, Timeout: pingWait, PermitWithoutStream: true}),
	)
	if err != nil {
		return nil, err
	}
	life, cancel := context.WithCancel(context.Background())
	stop := context.AfterFunc(ctx, cancel)
	stream, err := controlpb.NewControlClient(cc).Attach(life)
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		cancel()
		cc.Close()
		if cause := failed.Load(); cause != nil {
			return nil, *cause
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, errors.New(status.Convert(err).Message())
	}
	return newExecutorEnd(cc, stream, cancel), nil
}

type executorEnd = end[wire.Up, wire.Down]

// newExecutorEnd runs the two goroutines of a link's end.
func newExecutorEnd(cc *grpc.ClientConn, stream grpc.BidiStreamingClient[controlpb.Up, controlpb.Down], cancel func()) *executorEnd {
	e := &executorEnd{out: newQueue[wire.Up](linkLimit), in: newQueue[wire.Down](linkLimit), weigh: (*wire.Up).Weight, waits: true}
	sent, received := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(sent)
		err := pumpOut(e.out, wire.JoinUp, func(batch ...*wire.Up) error { return stream.Send(wire.EncodeUp(batch...)) })
		if err == nil {
			err = stream.CloseSend() // the driver then ends the stream
		}
		if err != nil && err != io.EOF { // io.EOF: the stream is broken, and receiving tells why
			cancel()
		}
	}()
	go func() {
		defer close(received)
		err := pumpIn(e.in, (*wire.Down).Weight, func() (*wire.Down, error) {
			m, err := stream.Recv()
			if err != nil {
				return nil, err
			}
			return wire.DecodeDown(m)
		})
		if err != io.EOF {
			err = fmt.Errorf("the control link to the driver broke: %w", err)
		}
		e.out.end(err, true) // first: who hears of the end can send nothing more
		e.in.end(err, false)
		cancel()
		cc.Close()
	}()
	e.closing = func() error {
		timer := time.AfterFunc(linger, cancel)
		defer timer.Stop()
		<-sent
		<-received
		return nil
	}
	return e
}
