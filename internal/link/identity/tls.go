package identity

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"
)

// ServerTLS gives the configuration with which this process takes connections from processes of its own application in the
// given roles, and from nobody else. With no role nobody is let in.
func (b Bundle) ServerTLS(clients ...Role) *tls.Config {
	c := b.config(clients)
	c.ClientCAs = b.pool()
	c.ClientAuth = tls.RequireAndVerifyClientCert
	return c
}

// ClientTLS gives the configuration with which this process connects to processes of its own application in the given roles.
func (b Bundle) ClientTLS(servers ...Role) *tls.Config {
	c := b.config(servers)
	c.RootCAs = b.pool()
	c.ServerName = serverName
	return c
}

// config is what both sides have in common: TLS 1.3, the certificate, and the check of the other's role, which comes after the
// check that the application's authority signed it.
func (b Bundle) config(peers []Role) *tls.Config {
	peers = slices.Clone(peers)
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		Certificates:           []tls.Certificate{{Certificate: [][]byte{b.cert.Raw}, PrivateKey: b.key, Leaf: b.cert}},
		SessionTicketsDisabled: true, // connections are kept, so that resuming gains nothing
		VerifyConnection: func(state tls.ConnectionState) error {
			if len(state.VerifiedChains) == 0 {
				return fmt.Errorf("the other process showed no certificate of application %s", b.appID)
			}
			other, err := subjectOf(state.VerifiedChains[0][0])
			if err != nil {
				return err
			}
			if other.appID != b.appID || !slices.Contains(peers, other.role) {
				return fmt.Errorf("the other process is %v; %v is waiting for one of %s in a role of %v", other, b, b.appID, peers)
			}
			return nil
		},
	}
}

func (b Bundle) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(b.authority)
	return pool
}

// PeerName gives role and name of the process at the other end of an established connection.
func PeerName(state tls.ConnectionState) (Role, string, error) {
	if len(state.VerifiedChains) == 0 {
		return "", "", fmt.Errorf("the other process showed no certificate")
	}
	other, err := subjectOf(state.VerifiedChains[0][0])
	return other.role, other.name, err
}
