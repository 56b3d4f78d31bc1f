package transport

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc/credentials"
)

// What both ends of a gRPC connection agree on.
const (
	// largestMessage bounds what a peer, which has proven who it is by then, can make us hold: a stage that reads 10,000 by
	// 10,000 map outputs takes a few hundred MiB.
	largestMessage = 1 << 30
	// largestHeaders is far above the few headers that a link has.
	largestHeaders = 16 << 10
	// The windows are given, not estimated: a message of the usual size goes out in one go, and they bound what one peer has
	// under way.
	streamWindow = 4 << 20
	connWindow   = 8 << 20
	// A peer whose machine is gone is found by pings. The server takes offence at pings more frequent than pingFloor, so that
	// pingEvery must stay above it.
	pingEvery = 20 * time.Second
	pingFloor = 10 * time.Second
	pingWait  = 40 * time.Second
	// linger is how long a closed end may take to get rid of what was sent before.
	linger = 3 * time.Second
	// handshake is how long a new connection may take to say who it is.
	handshake = 10 * time.Second
)

// credential is how the ends of a gRPC connection make sure of each other: by TLS where there is one, else by the user to whom the
// other process belongs. It also hands the connection itself on, so that a link can be cut.
type credential struct {
	credentials.TransportCredentials // of TLS; nil over a Unix socket
}

func newCredential(config *tls.Config) credential {
	if config == nil {
		return credential{}
	}
	return credential{credentials.NewTLS(config)}
}

// linkInfo is what a handler learns of its connection.
type linkInfo struct {
	credentials.CommonAuthInfo
	conn net.Conn
}

// AuthType implements credentials.AuthInfo.
func (linkInfo) AuthType() string { return "kiln" }

// Info implements credentials.TransportCredentials.
func (c credential) Info() credentials.ProtocolInfo {
	if c.TransportCredentials != nil {
		return c.TransportCredentials.Info()
	}
	return credentials.ProtocolInfo{SecurityProtocol: "unix"}
}

// Clone implements credentials.TransportCredentials.
func (c credential) Clone() credentials.TransportCredentials {
	if c.TransportCredentials != nil {
		return credential{c.TransportCredentials.Clone()}
	}
	return c
}

// OverrideServerName implements credentials.TransportCredentials.
//
// Deprecated: gRPC asks for it and does not call it.
func (c credential) OverrideServerName(string) error {
	return fmt.Errorf("the server's name comes from the TLS configuration")
}

// ClientHandshake implements credentials.TransportCredentials. Over a Unix socket dialing has checked the server already.
func (c credential) ClientHandshake(ctx context.Context, authority string, conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	if c.TransportCredentials != nil {
		return c.TransportCredentials.ClientHandshake(ctx, authority, conn)
	}
	return conn, secure(conn), nil
}

// ServerHandshake implements credentials.TransportCredentials.
func (c credential) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	if c.TransportCredentials != nil {
		conn, _, err := c.TransportCredentials.ServerHandshake(raw)
		return conn, secure(raw), err
	}
	if err := samePeer(raw); err != nil {
		return nil, nil, err
	}
	return raw, secure(raw), nil
}

func secure(conn net.Conn) linkInfo {
	return linkInfo{credentials.CommonAuthInfo{SecurityLevel: credentials.PrivacyAndIntegrity}, conn}
}
