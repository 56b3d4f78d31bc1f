package identity

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// Bundle is the identity of one process, with its private key. The zero value is nobody. It prints as who it is, never with its key.
type Bundle struct {
	subject
	authority *x509.Certificate
	cert      *x509.Certificate
	key       *ecdsa.PrivateKey
}

// AppID is the application.
func (b Bundle) AppID() string { return b.appID }

// Role is what the process is to the application.
func (b Bundle) Role() Role { return b.role }

// Name tells processes of one role apart.
func (b Bundle) Name() string { return b.name }

// String gives "executor 3 of app-1".
func (b Bundle) String() string { return b.subject.String() }

// GoString keeps the key out of %#v.
func (b Bundle) GoString() string { return "identity.Bundle{" + b.String() + "}" }

// The blocks of an encoded bundle, in their order.
var pemTypes = [...]string{"KILN AUTHORITY", "CERTIFICATE", "PRIVATE KEY"}

// largestBundle is many times what a bundle takes.
const largestBundle = 64 << 10

// Encode gives the bundle as text, private key included: hand it to the one process that it is for, through a pipe or an
// inherited file.
func (b Bundle) Encode() ([]byte, error) {
	if b.key == nil {
		return nil, errors.New("an empty identity has nothing to hand over")
	}
	key, err := x509.MarshalPKCS8PrivateKey(b.key)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for i, der := range [][]byte{b.authority.Raw, b.cert.Raw, key} {
		if err := pem.Encode(&out, &pem.Block{Type: pemTypes[i], Bytes: der}); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// Decode reads what Encode gave, and refuses a bundle whose parts do not belong together. It does not look at the time: an expired
// bundle shows when it is used.
func Decode(text []byte) (Bundle, error) {
	b, err := decode(text)
	if err != nil {
		return Bundle{}, fmt.Errorf("not an identity: %w", err)
	}
	return b, nil
}

func decode(text []byte) (b Bundle, err error) {
	if len(text) > largestBundle {
		return b, fmt.Errorf("%d bytes, %d are the most", len(text), largestBundle)
	}
	var der [len(pemTypes)][]byte
	for i, want := range pemTypes {
		block, rest := pem.Decode(text)
		if block == nil || block.Type != want {
			return b, fmt.Errorf("part %d of %d, %q, is missing", i+1, len(pemTypes), want)
		}
		der[i], text = block.Bytes, rest
	}
	if b.authority, err = x509.ParseCertificate(der[0]); err != nil {
		return b, fmt.Errorf("its authority: %w", err)
	}
	if b.cert, err = x509.ParseCertificate(der[1]); err != nil {
		return b, fmt.Errorf("its certificate: %w", err)
	}
	key, err := x509.ParsePKCS8PrivateKey(der[2])
	if err != nil {
		return b, errors.New("its private key can not be read") // the cause may quote the key
	}
	var ok bool
	if b.key, ok = key.(*ecdsa.PrivateKey); !ok || !b.key.PublicKey.Equal(b.cert.PublicKey) {
		return b, errors.New("the private key does not belong to the certificate")
	}
	if err := b.cert.CheckSignatureFrom(b.authority); err != nil {
		return b, fmt.Errorf("its authority did not sign it: %w", err)
	}
	b.subject, err = subjectOf(b.cert)
	return b, err
}
