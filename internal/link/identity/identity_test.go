package identity

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func authority(t testing.TB, appID string) *Authority {
	t.Helper()
	a, err := New(appID)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func issue(t testing.TB, a *Authority, role Role, name string) Bundle {
	t.Helper()
	b, err := a.Issue(role, name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// meet lets a client and a server shake hands and exchange one byte each way. It gives both sides' errors and what the
// server learnt of the client.
func meet(t testing.TB, server, client *tls.Config) (state tls.ConnectionState, serverErr, clientErr error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	b, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	a, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(20 * time.Second)
	_, _ = a.SetDeadline(deadline), b.SetDeadline(deadline)
	done := make(chan error, 1)
	s := tls.Server(a, server)
	go func() {
		defer a.Close()
		_, err := io.ReadFull(s, make([]byte, 1))
		if err == nil {
			_, err = s.Write([]byte{2})
		}
		done <- err
	}()
	c := tls.Client(b, client)
	_, clientErr = c.Write([]byte{1})
	if clientErr == nil {
		_, clientErr = io.ReadFull(c, make([]byte, 1))
	}
	b.Close()
	serverErr = <-done
	return s.ConnectionState(), serverErr, clientErr
}

func TestProcessesOfOneApplicationTrustEachOther(t *testing.T) {
	a := authority(t, "app-1")
	driver, executor := issue(t, a, Driver, "driver"), issue(t, a, Executor, "3")
	state, serverErr, clientErr := meet(t, driver.ServerTLS(Executor), executor.ClientTLS(Driver))
	if serverErr != nil || clientErr != nil {
		t.Fatalf("server: %v; client: %v", serverErr, clientErr)
	}
	if role, name, err := PeerName(state); role != Executor || name != "3" || err != nil {
		t.Errorf("the server met %v %v, %v", role, name, err)
	}
	if state.Version != tls.VersionTLS13 {
		t.Errorf("they spoke TLS version %x", state.Version)
	}
	_, serverErr, clientErr = meet(t, executor.ServerTLS(Driver, Executor), executor.ClientTLS(Executor))
	if serverErr != nil || clientErr != nil {
		t.Errorf("among executors: server: %v; client: %v", serverErr, clientErr)
	}
}

func TestOthersAreRefused(t *testing.T) {
	ours, other, namesake := authority(t, "app-1"), authority(t, "app-2"), authority(t, "app-1")
	driver, executor := issue(t, ours, Driver, "driver"), issue(t, ours, Executor, "0")
	old, err := newAuthority("app-1", func() time.Time { return time.Now().Add(-lifetime - time.Hour) })
	if err != nil {
		t.Fatal(err)
	}
	oldDriver, oldExecutor := issue(t, old, Driver, "driver"), issue(t, old, Executor, "0")
	none := &tls.Config{InsecureSkipVerify: true} // a stranger takes any server
	old12 := executor.ClientTLS(Driver)
	old12.MinVersion, old12.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	for name, c := range map[string]struct {
		server, client *tls.Config
		says           string // in one of the errors
	}{
		"client without certificate":               {driver.ServerTLS(Executor), none, "certificate"},
		"client of another application":            {driver.ServerTLS(Executor), issue(t, other, Executor, "0").ClientTLS(Driver), "unknown authority"},
		"client of another application, unwitting": {driver.ServerTLS(Executor), unwitting(issue(t, other, Executor, "0")), "unknown authority"},
		"client of an application of the same id":  {driver.ServerTLS(Executor), unwitting(issue(t, namesake, Executor, "0")), "unknown authority"},
		"server of another application":            {issue(t, other, Driver, "driver").ServerTLS(Executor), executor.ClientTLS(Driver), "unknown authority"},
		"client in the wrong role":                 {driver.ServerTLS(Executor), driver.ClientTLS(Driver), "waiting for one of app-1 in a role of [executor]"},
		"server in the wrong role":                 {executor.ServerTLS(Executor), executor.ClientTLS(Driver), "waiting for one of app-1 in a role of [driver]"},
		"no role is welcome":                       {driver.ServerTLS(), executor.ClientTLS(Driver), "in a role of []"},
		"expired":                                  {oldDriver.ServerTLS(Executor), oldExecutor.ClientTLS(Driver), "expired"},
		"expired client":                           {oldDriver.ServerTLS(Executor), unwitting(oldExecutor), "expired"},
		"TLS 1.2":                                  {driver.ServerTLS(Executor), old12, "version"},
	} {
		_, serverErr, clientErr := meet(t, c.server, c.client)
		if serverErr == nil || clientErr == nil {
			t.Errorf("%s: server: %v; client: %v", name, serverErr, clientErr)
		}
		if both := fmt.Sprint(serverErr, clientErr); !strings.Contains(both, c.says) {
			t.Errorf("%s: server: %v; client: %v; neither says %q", name, serverErr, clientErr, c.says)
		}
	}
}

// unwitting is a client that does not check its server, and shows its certificate whoever is asked for, so that the server alone
// must refuse it.
func unwitting(b Bundle) *tls.Config {
	c := b.ClientTLS(Driver)
	c.InsecureSkipVerify, c.VerifyConnection = true, nil
	c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &c.Certificates[0], nil }
	return c
}

func TestABundleSurvivesItsEncoding(t *testing.T) {
	a := authority(t, "app:1/x%2")
	sent := issue(t, a, Executor, "ex/3?")
	text, err := sent.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	if got.AppID() != "app:1/x%2" || got.Role() != Executor || got.Name() != "ex/3?" {
		t.Errorf("got %v", got)
	}
	driver := issue(t, a, Driver, "driver")
	if _, serverErr, clientErr := meet(t, driver.ServerTLS(Executor), got.ClientTLS(Driver)); serverErr != nil || clientErr != nil {
		t.Errorf("server: %v; client: %v", serverErr, clientErr)
	}
}

func TestABundleOfPartsThatDoNotFitIsRefused(t *testing.T) {
	a, other := authority(t, "app-1"), authority(t, "app-1")
	one, two, foreign := issue(t, a, Executor, "1"), issue(t, a, Executor, "2"), issue(t, other, Executor, "1")
	mixed, stolen := one, one
	mixed.key = two.key
	stolen.authority = foreign.authority
	whole, _ := one.Encode()
	for name, text := range map[string][]byte{
		"empty":            nil,
		"cut off":          whole[:len(whole)/2],
		"another's key":    mustEncode(t, mixed),
		"foreign signer":   mustEncode(t, stolen),
		"too long":         append(bytes.Clone(whole), make([]byte, largestBundle)...),
		"authority as one": mustEncode(t, Bundle{authority: a.cert, cert: a.cert, key: a.key}),
	} {
		if b, err := Decode(text); err == nil {
			t.Errorf("%s: was read as %v", name, b)
		} else if strings.Contains(err.Error(), "PRIVATE KEY-----") {
			t.Errorf("%s: the error quotes the key", name)
		}
	}
	if _, err := (Bundle{}).Encode(); err == nil {
		t.Error("nobody's identity was encoded")
	}
}

func mustEncode(t *testing.T, b Bundle) []byte {
	t.Helper()
	text, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestABundleDoesNotPrintItsKey(t *testing.T) {
	b := issue(t, authority(t, "app-1"), Executor, "1")
	raw, err := b.key.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	secret := new(big.Int).SetBytes(raw).String()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		text := fmt.Sprintf(verb, b)
		if strings.Contains(text, secret) || !strings.Contains(text, "executor 1 of app-1") {
			t.Errorf("%s prints %s", verb, text)
		}
	}
}

func TestNamesThatAreNoneAreRefused(t *testing.T) {
	for _, name := range []string{"", "a b", "tab\t", "é", strings.Repeat("x", 257)} {
		if _, err := New(name); err == nil {
			t.Errorf("%q became an application", name)
		}
		if _, err := authority(t, "app-1").Issue(Executor, name); err == nil {
			t.Errorf("%q became an executor", name)
		}
	}
	if _, err := authority(t, "app-1").Issue("root", "1"); err == nil {
		t.Error("there is a role root")
	}
}

func FuzzDecode(f *testing.F) {
	text, err := issue(f, authority(f, "app-1"), Executor, "1").Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add(bytes.Replace(text, []byte("CERTIFICATE"), []byte("PRIVATE KEY"), 1))
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := Decode(text)
		if err != nil {
			return
		}
		again, err := b.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if c, err := Decode(again); err != nil || c.String() != b.String() {
			t.Fatal(errors.Join(err, fmt.Errorf("%v became %v", b, c)))
		}
	})
}

func BenchmarkIssue(b *testing.B) {
	a := authority(b, "app-1")
	for b.Loop() {
		issue(b, a, Executor, "1")
	}
}
