package transport

import (
	"crypto/tls"
	"testing"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/link/identity"
)

// tlsPair gives the TLS configurations of the driver as a server and of one of its executors as a client.
func tlsPair(t testing.TB) (server, client *tls.Config) {
	t.Helper()
	a := must[*identity.Authority](t)(identity.New("app-1"))
	driver := must[identity.Bundle](t)(a.Issue(identity.Driver, "driver"))
	executor := must[identity.Bundle](t)(a.Issue(identity.Executor, "0"))
	return driver.ServerTLS(identity.Executor), executor.ClientTLS(identity.Driver)
}

// served gives a server on a Unix socket or on TCP, and a client of it.
func served(t testing.TB, network string, p Provider, cfg ClientConfig) (*BlockServer, *Client) {
	t.Helper()
	var server BlockServerConfig
	if network == "unix" {
		server.Addr = socket(t)
	} else {
		server.Addr = "tcp://127.0.0.1:0"
		server.TLS, cfg.TLS = tlsPair(t)
	}
	s := must[*BlockServer](t)(ListenBlocks(server, p))
	c := NewClient(cfg)
	t.Cleanup(func() {
		c.Close()
		s.Close()
	})
	return s, c
}

// BenchmarkBlocks fetches 64 MiB in each operation, from memory and from a file, in blocks of three sizes.
func BenchmarkBlocks(b *testing.B) {
	const total = 64 << 20
	for _, network := range []string{"unix", "tcp+tls"} {
		for _, kind := range []struct {
			name string
			odd  int
			seal int
		}{{"memory", 0, 0}, {"memory-sealed", 0, 2}, {"file", 1, 0}, {"file-sealed", 1, 2}} {
			for name, size := range map[string]int{"4MiB": 4 << 20, "64KiB": 64 << 10} {
				b.Run(network+"/"+kind.name+"/"+name, func(b *testing.B) {
					sizes := make([]int, 4)
					sizes[kind.odd+kind.seal] = size
					s, all, _ := fill(b, sizes...)
					want := make([]ids.BlockID, total/size)
					for i := range want {
						want[i] = all[kind.odd+kind.seal]
					}
					fetchAll(b, network, s, want, total)
				})
			}
		}
	}
}

// BenchmarkTinyBlocks fetches 1000 blocks of 100 bytes in each operation.
func BenchmarkTinyBlocks(b *testing.B) {
	for _, network := range []string{"unix", "tcp+tls"} {
		b.Run(network, func(b *testing.B) {
			s, all, _ := fill(b, 100)
			want := make([]ids.BlockID, 1000)
			for i := range want {
				want[i] = all[0]
			}
			fetchAll(b, network, s, want, 100*1000)
		})
	}
}

func fetchAll(b *testing.B, network string, p Provider, want []ids.BlockID, bytes int64) {
	s, c := served(b, network, p, ClientConfig{})
	b.SetBytes(bytes)
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Fetch(b.Context(), s.Addr(), want, func(_ int, _ []byte, err error) {
			if err != nil {
				b.Fatal(err)
			}
		}); err != nil {
			b.Fatal(err)
		}
	}
}
