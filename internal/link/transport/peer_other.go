//go:build !linux

package transport

import "net"

// samePeer trusts the mode of the socket's directory where the system has its own way of telling who is at the other end.
func samePeer(net.Conn) error { return nil }
