package transport

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

// BlockServerConfig says where a block server listens, and bounds what it gives to its peers.
type BlockServerConfig struct {
	// Addr and TLS are those of ServerConfig.
	Addr string
	TLS  *tls.Config
	// Timeout is how long a peer may neither read nor grant while it is being sent something; 0 means 2 minutes. A connection
	// on which nothing is asked may stay idle for five times that.
	Timeout time.Duration
	// Connections is how many there may be at once; further ones are closed at once. 0 means 16384.
	Connections int
}

// BlockServer serves the blocks of one provider. It is safe for concurrent use.
type BlockServer struct {
	cfg      BlockServerConfig
	provider Provider
	listener net.Listener
	addr     address
	wg       sync.WaitGroup

	mu     sync.Mutex
	closed bool
	conns  map[net.Conn]struct{}
}

// defaultTimeout is how long a peer may be silent when nothing was said about it.
const defaultTimeout = 2 * time.Minute

// ListenBlocks serves p's blocks until Close.
func ListenBlocks(cfg BlockServerConfig, p Provider) (*BlockServer, error) {
	addr, err := parseAddr(cfg.Addr)
	if err != nil {
		return nil, err
	}
	l, err := addr.listen(cfg.TLS)
	if err != nil {
		return nil, fmt.Errorf("listening for readers of blocks: %w", err)
	}
	if addr.network == "tcp" {
		addr.name = l.Addr().String()
	} else {
		cfg.TLS = nil
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = defaultTimeout
	}
	if cfg.Connections <= 0 {
		cfg.Connections = 16384
	}
	s := &BlockServer{cfg: cfg, provider: p, listener: l, addr: addr, conns: map[net.Conn]struct{}{}}
	s.wg.Go(s.acceptAll)
	return s, nil
}

// Addr is the address to give to Fetch: with the port that was chosen, and the host that was given, which for tcp may be one that
// stands for all of this machine's.
func (s *BlockServer) Addr() string { return s.addr.String() }

// Close cuts every connection. It returns when no goroutine is left.
func (s *BlockServer) Close() error {
	s.mu.Lock()
	again := s.closed
	s.closed = true
	for conn := range s.conns {
		conn.Close()
	}
	s.mu.Unlock()
	s.listener.Close() // a Unix socket goes with it
	s.wg.Wait()
	if !again && s.addr.network == "unix" {
		if err := os.Remove(s.addr.name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (s *BlockServer) acceptAll() {
	for pause := time.Duration(0); ; {
		conn, err := s.listener.Accept()
		switch {
		case err == nil:
			pause = 0
			s.admit(conn)
			continue
		case errors.Is(err, net.ErrClosed):
			return
		}
		// Out of file descriptors, most likely: some will come free.
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		time.Sleep(pause)
	}
}

// admit gives a connection its goroutine, unless there are too many.
func (s *BlockServer) admit(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.conns) >= s.cfg.Connections {
		conn.Close()
		return
	}
	s.conns[conn] = struct{}{}
	s.wg.Go(func() {
		// Whatever ends a connection, its peer sees the same: it is closed. The peer asks again, or blames us.
		_ = s.serve(conn)
		conn.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.conns, conn)
	})
}

// serve makes sure of the peer and answers what it asks until it is gone.
func (s *BlockServer) serve(conn net.Conn) error {
	stream := conn
	_ = conn.SetDeadline(time.Now().Add(handshake))
	if s.cfg.TLS != nil {
		secure := tls.Server(conn, s.cfg.TLS)
		if err := secure.HandshakeContext(context.Background()); err != nil {
			return err
		}
		stream = secure
	} else if err := samePeer(conn); err != nil {
		return err
	}
	if _, err := stream.Write([]byte(greeting)); err != nil {
		return err
	}
	if err := greet(stream); err != nil {
		return err
	}
	_ = conn.SetDeadline(time.Time{})
	timed := &timedConn{Conn: stream, timeout: s.cfg.Timeout}
	in := bufio.NewReaderSize(timed, 4<<10)
	for sender := (sender{provider: s.provider, conn: timed, in: in}); ; {
		timed.timeout = 5 * s.cfg.Timeout
		h, err := readHead(in)
		if err != nil {
			return err
		}
		timed.timeout = s.cfg.Timeout
		switch h.kind {
		case kindGrant:
			err = sender.grant(h)
		case kindAsk:
			err = sender.answer(h)
		default:
			err = fmt.Errorf("%w: a client sent a frame of kind %d", errProtocol, h.kind)
		}
		if err != nil {
			return err
		}
	}
}

// timedConn gives every read and write its own deadline: a peer may take long over all, but must not stand still.
type timedConn struct {
	net.Conn
	timeout time.Duration
}

// Read implements net.Conn.
func (c *timedConn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.timeout)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

// Write implements net.Conn.
func (c *timedConn) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.timeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}
