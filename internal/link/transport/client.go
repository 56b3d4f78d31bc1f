package transport

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// ClientConfig bounds what a Client uses. A zero number takes the default that stands beside it.
type ClientConfig struct {
	TLS         *tls.Config   // must be set to fetch from tcp addresses
	Timeout     time.Duration // how long connecting, or a server that owes an answer, may take without a byte; 2 min
	Idle        time.Duration // how long an unused connection is kept; 1 min
	Connections int           // at once to one server; further fetches wait; 8
	Window      int           // bytes that a server may send ahead on one connection; 4 MiB, at least 1 MiB
	LargestData int64         // the largest block that is accepted, in bytes; 4 GiB, which is also the most
}

// Client fetches blocks from servers and keeps connections to them. It is safe for concurrent use.
type Client struct {
	cfg ClientConfig

	mu     sync.Mutex
	closed bool
	peers  map[string]*peerConns
}

// peerConns are the connections to one server.
type peerConns struct {
	busy  chan struct{} // an entry for each fetch that is under way
	idle  []*blockConn  // the one used last is at the end
	inUse map[*blockConn]struct{}
	users int // fetches that use or wait for a connection
}

// blockConn is a connection that has been greeted.
type blockConn struct {
	raw    net.Conn // for cutting it
	timed  *timedConn
	in     *bufio.Reader // nil while idle
	unused *time.Timer   // closes the connection; set while idle

	granted bool  // the window was given
	owed    int64 // bytes of data that came and for which nothing was granted again
}

// NewClient makes a client without connections.
func NewClient(cfg ClientConfig) *Client {
	if cfg.Timeout <= 0 {
		cfg.Timeout = defaultTimeout
	}
	if cfg.Idle <= 0 {
		cfg.Idle = time.Minute
	}
	if cfg.Connections <= 0 {
		cfg.Connections = 8
	}
	if cfg.Window <= 0 {
		cfg.Window = 4 << 20
	}
	cfg.Window = min(max(cfg.Window, largestData), mostWindow/2)
	if cfg.LargestData <= 0 || cfg.LargestData > largestBlock {
		cfg.LargestData = largestBlock
	}
	return &Client{cfg: cfg, peers: map[string]*peerConns{}}
}

// Close cuts every connection. Fetches under way fail with ErrClosed.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for _, p := range c.peers {
		for _, conn := range p.idle {
			conn.unused.Stop()
			conn.raw.Close()
		}
		p.idle = nil
		for conn := range p.inUse {
			conn.raw.Close()
		}
	}
	return nil
}

// Fetch implements Fetcher.
func (c *Client) Fetch(ctx context.Context, addr string, want []ids.BlockID, got func(i int, data []byte, err error)) error {
	return c.FetchInto(ctx, addr, want, nil, got)
}

// FetchInto implements Fetcher.
func (c *Client) FetchInto(
	ctx context.Context, addr string, want []ids.BlockID, room func(i int, size int64) []byte, got func(i int, data []byte, err error),
) error {
	if len(want) == 0 {
		return nil
	}
	if err := c.fetch(ctx, receiver{cfg: &c.cfg, addr: addr, want: want, room: room, got: got}); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return fmt.Errorf("fetching blocks from %s: %w", addr, err)
	}
	return nil
}

func (c *Client) fetch(ctx context.Context, r receiver) error {
	p, err := c.enter(ctx, r.addr)
	if err != nil {
		return err
	}
	defer c.leave(r.addr, p)
	for fresh := false; ; fresh = true {
		conn, used, err := c.connect(ctx, r.addr, p, fresh)
		if err != nil {
			return err
		}
		r.conn = conn
		err = c.fetchOver(ctx, p, &r)
		// The server may have closed a connection that was long unused, or have ended and begun anew at this address.
		if err == nil || !used || r.begun || ctx.Err() != nil {
			return c.unlessClosed(err)
		}
	}
}

// fetchOver fetches over one connection and gives it back, also when got panics.
func (c *Client) fetchOver(ctx context.Context, p *peerConns, r *receiver) error {
	done := false
	stop := context.AfterFunc(ctx, func() { r.conn.raw.Close() })
	defer func() {
		uncut := stop()
		c.putBack(r.addr, p, r.conn, done && uncut)
	}()
	err := r.fetch()
	done = err == nil
	return err
}

func (c *Client) unlessClosed(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil && c.closed {
		return ErrClosed
	}
	return err
}

// enter waits until one more fetch from addr may begin.
func (c *Client) enter(ctx context.Context, addr string) (*peerConns, error) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil, ErrClosed
	}
	p := c.peers[addr]
	if p == nil {
		p = &peerConns{busy: make(chan struct{}, c.cfg.Connections), inUse: map[*blockConn]struct{}{}}
		c.peers[addr] = p
	}
	p.users++
	c.mu.Unlock()
	select {
	case p.busy <- struct{}{}:
		return p, nil
	case <-ctx.Done():
		c.forget(addr, p)
		return nil, context.Cause(ctx)
	}
}

func (c *Client) leave(addr string, p *peerConns) {
	<-p.busy
	c.forget(addr, p)
}

// forget lets go of a server to which there is neither a fetch nor a connection: executors come and go.
func (c *Client) forget(addr string, p *peerConns) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p.users--
	c.forgetUnused(addr, p)
}

func (c *Client) forgetUnused(addr string, p *peerConns) {
	if p.users == 0 && len(p.idle) == 0 && c.peers[addr] == p {
		delete(c.peers, addr)
	}
}

// connect gives an idle connection, or a new one if there is none or fresh is asked for.
func (c *Client) connect(ctx context.Context, addr string, p *peerConns, fresh bool) (conn *blockConn, used bool, err error) {
	if !fresh {
		if conn := c.reuse(p); conn != nil {
			return conn, true, nil
		}
	}
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	conn, err = c.dial(ctx, addr)
	if err != nil {
		return nil, false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		conn.raw.Close()
		return nil, false, ErrClosed
	}
	p.inUse[conn] = struct{}{}
	return conn, false, nil
}

func (c *Client) reuse(p *peerConns) *blockConn {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := len(p.idle) - 1
	if last < 0 {
		return nil
	}
	conn := p.idle[last]
	p.idle[last] = nil
	p.idle = p.idle[:last]
	conn.unused.Stop()
	p.inUse[conn] = struct{}{}
	return conn
}

// putBack keeps a connection for the next fetch, if it is good.
func (c *Client) putBack(addr string, p *peerConns, conn *blockConn, good bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(p.inUse, conn)
	if !good || c.closed {
		conn.raw.Close()
		return
	}
	p.idle = append(p.idle, conn)
	conn.unused = time.AfterFunc(c.cfg.Idle, func() { c.drop(addr, p, conn) })
}

// drop closes a connection that was idle for too long, unless it has just been taken up again.
func (c *Client) drop(addr string, p *peerConns, conn *blockConn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, other := range p.idle {
		if other == conn {
			p.idle = append(p.idle[:i], p.idle[i+1:]...)
			conn.raw.Close()
			break
		}
	}
	c.forgetUnused(addr, p)
}

// dial connects and makes sure of the server.
func (c *Client) dial(ctx context.Context, addr string) (*blockConn, error) {
	at, err := parseAddr(addr)
	if err != nil {
		return nil, err
	}
	if at.network == "tcp" && c.cfg.TLS == nil {
		return nil, errors.New("tcp needs a TLS configuration")
	}
	raw, err := at.dial(ctx)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	stream, err := c.greetServer(ctx, at, raw)
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		raw.Close()
		return nil, err
	}
	return &blockConn{raw: raw, timed: &timedConn{Conn: stream, timeout: c.cfg.Timeout}}, nil
}

func (c *Client) greetServer(ctx context.Context, at address, raw net.Conn) (net.Conn, error) {
	stream := raw
	if at.network == "tcp" {
		secure := tls.Client(raw, c.cfg.TLS)
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		stream = secure
	}
	if _, err := stream.Write([]byte(greeting)); err != nil {
		return nil, err
	}
	if err := greet(stream); err != nil {
		return nil, fmt.Errorf("the server did not greet: %w", err)
	}
	return stream, nil
}
