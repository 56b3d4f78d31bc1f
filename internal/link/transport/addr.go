package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// ErrGone is in the error about an address at which nobody listens any more: trying again is in vain.
var ErrGone = errors.New("nobody listens there")

// longestSocket is the longest path that a Unix socket may have on every system.
const longestSocket = 103

// address is where a server listens: unix:///path or tcp://host:port.
type address struct{ network, name string }

func parseAddr(addr string) (address, error) {
	network, name, ok := strings.Cut(addr, "://")
	switch {
	case ok && network == "unix" && filepath.IsAbs(name):
		return address{network, name}, nil
	case ok && network == "tcp":
		if _, _, err := net.SplitHostPort(name); err == nil {
			return address{network, name}, nil
		}
	}
	return address{}, fmt.Errorf("%q is no address: unix:///path or tcp://host:port is", addr)
}

func (a address) String() string { return a.network + "://" + a.name }

// listen opens a listener that no stranger gets past: a Unix socket in a directory of our own, or TCP, whose connections must
// then show a certificate.
func (a address) listen(config *tls.Config) (net.Listener, error) {
	if a.network == "unix" {
		if err := privateSocket(a.name); err != nil {
			return nil, err
		}
	} else if config == nil || config.ClientAuth != tls.RequireAndVerifyClientCert {
		return nil, fmt.Errorf("listening on %v was refused: without a TLS configuration that asks for client certificates, any stranger could connect", a)
	}
	l, err := net.Listen(a.network, a.name)
	if err != nil {
		return nil, err
	}
	if a.network == "unix" {
		if err := os.Chmod(a.name, 0o600); err != nil {
			l.Close()
			return nil, err
		}
	}
	return l, nil
}

// privateSocket refuses a path whose directory others can enter, or that is too long for the system, which says so obscurely.
func privateSocket(path string) error {
	if len(path) > longestSocket {
		return fmt.Errorf("the path of the socket %s has %d bytes, and %d are the most that systems take: choose a shorter directory for temporary data",
			path, len(path), longestSocket)
	}
	dir := filepath.Dir(path)
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("listening in %s was refused: other users can enter it (its mode is %v, which must be 0700)", dir, info.Mode().Perm())
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && int(stat.Uid) != os.Geteuid() {
		return fmt.Errorf("listening in %s was refused: it belongs to user %d", dir, stat.Uid)
	}
	return nil
}

// dial connects, without TLS. Over a Unix socket it makes sure that the server is a process of this user.
func (a address) dial(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, a.network, a.name)
	if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", ErrGone, err)
	}
	if err != nil {
		return nil, err
	}
	if a.network == "unix" {
		if err := samePeer(conn); err != nil {
			conn.Close()
			return nil, err
		}
	}
	return conn, nil
}
