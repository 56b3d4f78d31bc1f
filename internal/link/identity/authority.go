package identity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"strings"
	"time"
)

// Role is what a process is to its application.
type Role string

// The roles.
const (
	Driver   Role = "driver"
	Executor Role = "executor"
)

const (
	// lifetime is how long certificates are good. It outlasts the longest application; what ends an identity early is that the
	// authority is gone and nothing accepts it any more.
	lifetime = 30 * 24 * time.Hour
	// skew is by how much the clocks of two machines may differ.
	skew = 10 * time.Minute
	// serverName is in every certificate: processes are known by application and role, not by the name of a machine. The
	// domain is one that never exists.
	serverName = "kiln.invalid"
	// longestName bounds application ids and names.
	longestName = 256
)

// Authority issues the identities of one application. It is safe for concurrent use.
type Authority struct {
	appID string
	cert  *x509.Certificate
	key   *ecdsa.PrivateKey
	now   func() time.Time
}

// New makes the authority of an application. Its key never leaves this process.
func New(appID string) (*Authority, error) { return newAuthority(appID, time.Now) }

func newAuthority(appID string, now func() time.Time) (*Authority, error) {
	if err := checkName("application id", appID); err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the application's authority: %w", err)
	}
	template, err := certificate("authority of "+appID, now())
	if err != nil {
		return nil, err
	}
	template.IsCA, template.BasicConstraintsValid = true, true
	template.MaxPathLenZero = true // it signs processes, not further authorities
	template.KeyUsage = x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("making the application's authority: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &Authority{appID: appID, cert: cert, key: key, now: now}, nil
}

// Issue makes an identity with a new key. Name tells processes of one role apart in messages that people read: an executor's
// number, say.
func (a *Authority) Issue(role Role, name string) (Bundle, error) {
	if role != Driver && role != Executor {
		return Bundle{}, fmt.Errorf("there is no role %q", role)
	}
	if err := checkName("name", name); err != nil {
		return Bundle{}, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Bundle{}, fmt.Errorf("issuing an identity: %w", err)
	}
	subject := subject{a.appID, role, name}
	template, err := certificate(subject.String(), a.now())
	if err != nil {
		return Bundle{}, err
	}
	template.NotAfter = a.cert.NotAfter
	template.DNSNames = []string{serverName}
	template.URIs = []*url.URL{subject.url()}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		return Bundle{}, fmt.Errorf("issuing an identity: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return Bundle{}, err
	}
	return Bundle{subject: subject, authority: a.cert, cert: cert, key: key}, nil
}

func certificate(commonName string, now time.Time) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{Organization: []string{"Kiln"}, CommonName: commonName[:min(len(commonName), 64)]},
		NotBefore: now.Add(-skew), NotAfter: now.Add(lifetime),
	}, nil
}

func checkName(what, s string) error {
	if s == "" || len(s) > longestName || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return fmt.Errorf("%q is no %s: 1 to %d printable ASCII characters without spaces are", s, what, longestName)
	}
	return nil
}

// subject is who a certificate is for. It stands in the certificate as kiln:application/role/name.
type subject struct {
	appID string
	role  Role
	name  string
}

// String gives "executor 3 of app-1".
func (s subject) String() string { return fmt.Sprintf("%s %s of %s", s.role, s.name, s.appID) }

func (s subject) url() *url.URL {
	return &url.URL{Scheme: "kiln", Opaque: url.PathEscape(s.appID) + "/" + url.PathEscape(string(s.role)) + "/" + url.PathEscape(s.name)}
}

// subjectOf reads what a certificate, already verified, says of its holder.
func subjectOf(cert *x509.Certificate) (subject, error) {
	if len(cert.URIs) != 1 || cert.URIs[0].Scheme != "kiln" {
		return subject{}, errors.New("the certificate names no process of a Kiln application")
	}
	parts := strings.Split(cert.URIs[0].Opaque, "/")
	if len(parts) != 3 {
		return subject{}, fmt.Errorf("the certificate names %q, which is no process of a Kiln application", cert.URIs[0])
	}
	for i := range parts {
		var err error
		if parts[i], err = url.PathUnescape(parts[i]); err != nil {
			return subject{}, err
		}
	}
	return subject{parts[0], Role(parts[1]), parts[2]}, nil
}
