package broadcast

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/kilnproject/kiln/internal/core/ids"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errBroken = errors.New("errBroken")

var errDamaged = errors.New("errDamaged")

func sums(piece []byte) []uint32 { return []uint32{crc32.ChecksumIEEE(piece)} }

func newStore(piece int64) *Store { return NewStore(piece, sums) }

// server is a Fetcher over a store, which verifies; answer may interfere with each block, fail with each request.
type server struct {
	*Store
	mu     sync.Mutex
	asked  []ids.BlockID
	answer func(piece int32, data []byte) ([]byte, error)
	fail   func() error
}

func (s *server) FetchInto(
	ctx context.Context, addr string, want []ids.BlockID, room func(i int, size int64) []byte, got func(i int, data []byte, err error),
) error {
	for i, id := range want {
		s.mu.Lock()
		s.asked = append(s.asked, id)
		var err error
		if s.fail != nil {
			err = s.fail()
		}
		s.mu.Unlock()
		if err != nil {
			return err
		}
		data, known, err := s.Piece(ids.BroadcastID(id.A), int(id.B))
		if err == nil && s.answer != nil {
			s.mu.Lock()
			data, err = s.answer(id.B, bytes.Clone(data))
			s.mu.Unlock()
		}
		if err == nil {
			if to := room(i, int64(len(data))); to != nil {
				copy(to, data)
				data = to
				if !slices.Equal(sums(data), known) {
					data, err = nil, errDamaged
				}
			}
		}
		got(i, data, err)
	}
	return nil
}

func random(n int, seed uint64) []byte {
	p := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(seed)}).Read(p) // never fails
	return p
}

func (s *server) loader(ref Ref) func(context.Context) ([]byte, error) {
	return func(ctx context.Context) ([]byte, error) { return alone(s).Download(ctx, ref) }
}

func TestWhatWasPutIsDownloadedEqual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		piece := rapid.Int64Range(1, 50).Draw(t, "piece")
		s := &server{Store: newStore(piece)}
		want := random(rapid.IntRange(0, 2000).Draw(t, "size"), rapid.Uint64().Draw(t, "seed"))
		ref, err := s.Put(3, want, "main.go:7")
		if err != nil {
			t.Fatal(err)
		}
		for i := range ref.Pieces {
			if from, to := ref.bounds(i); from >= to || to-from > piece {
				t.Fatalf("piece %d of %+v is from %d to %d", i, ref, from, to)
			}
		}
		odds := rapid.IntRange(0, 3).Draw(t, "percent spoilt")
		dice := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "dice"), 1))
		spoilt := false
		s.answer = func(_ int32, data []byte) ([]byte, error) {
			if dice.IntN(100) >= odds || len(data) == 0 {
				return data, nil
			}
			spoilt = true
			switch dice.IntN(3) {
			case 0:
				return nil, errBroken
			case 1:
				return data[1:], nil
			}
			data[0] ^= 1
			return data, nil
		}
		got, err := alone(s).Download(context.Background(), ref)
		if err != nil && spoilt {
			return
		}
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%d bytes, %v; want %d", len(got), err, len(want))
		}
	})
}

func TestABlockThatStaysBadIsAnErrorThatSaysSo(t *testing.T) {
	for name, bad := range map[string]struct {
		answer func(piece int32, data []byte) ([]byte, error)
		want   error
	}{
		"flipped":   {func(p int32, d []byte) ([]byte, error) { d[0] ^= byte(p & 1); return d, nil }, errDamaged},
		"truncated": {func(p int32, d []byte) ([]byte, error) { return d[:len(d)-int(p&1)], nil }, ErrCorrupt},
		"longer":    {func(p int32, d []byte) ([]byte, error) { return append(d, d[:p&1]...), nil }, ErrCorrupt},
	} {
		t.Run(name, func(t *testing.T) {
			s := &server{Store: newStore(10), answer: bad.answer}
			ref, _ := s.Put(0, random(40, 1), "main.go:7")
			_, err := new(Cache).Get(t.Context(), ref, s.loader(ref), nil)
			if !errors.Is(err, bad.want) || !strings.Contains(err.Error(), "main.go:7") || !strings.Contains(err.Error(), "driver:1") {
				t.Fatalf("got %v", err)
			}
			if len(s.asked) != 4+2*2 {
				t.Fatalf("asked %v", s.asked)
			}
		})
	}
}

func TestAConnectionThatFailsOnceIsTriedAgain(t *testing.T) {
	s := &server{Store: newStore(10)}
	ref, _ := s.Put(0, random(100, 1), "main.go:7")
	failures := 2
	s.fail = func() error {
		if failures--; failures >= 0 {
			return errBroken
		}
		return nil
	}
	if _, err := alone(s).Download(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	s.fail = func() error { return errBroken }
	if _, err := alone(s).Download(t.Context(), ref); !errors.Is(err, errBroken) {
		t.Fatalf("got %v", err)
	}
}

type silent struct{}

func (silent) FetchInto(context.Context, string, []ids.BlockID, func(int, int64) []byte, func(int, []byte, error)) error {
	return nil
}

func TestForeignRefsAreBounded(t *testing.T) {
	for _, ref := range []Ref{{Size: -1}, {Size: 1 << 50}, {Size: 3, Pieces: 4}, {Size: 0, Pieces: 1}, {Size: 1, Pieces: -1}} {
		if _, err := alone(silent{}).Download(t.Context(), ref); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("%+v: %v", ref, err)
		}
	}
	// A size that no piece has shown to be right is not allocated.
	if _, err := alone(silent{}).Download(t.Context(), Ref{Size: 1 << 50, Pieces: 1}); err == nil {
		t.Fatal("nothing was downloaded")
	}
}

func TestOneProcessDecodesOnce(t *testing.T) {
	s := &server{Store: newStore(10)}
	ref, _ := s.Put(7, random(100, 1), "main.go:7")
	var c Cache
	decoded := 0
	values := make([]any, 8)
	var wg sync.WaitGroup
	for i := range values {
		wg.Go(func() {
			var err error
			values[i], err = c.Get(t.Context(), ref, s.loader(ref), func(p []byte) (any, error) { decoded++; return &p, nil })
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, v := range values {
		if v != values[0] {
			t.Fatal("two values in one process")
		}
	}
	if decoded != 1 || len(s.asked) != 10 || c.Len() != 1 {
		t.Fatalf("decoded %d times, asked for %d blocks", decoded, len(s.asked))
	}
	c.Remove(7)
	again, err := c.Get(t.Context(), ref, func(context.Context) ([]byte, error) { return s.Encoded(7) }, func(p []byte) (any, error) { return string(p), nil })
	if err != nil || again != string(random(100, 1)) {
		t.Fatalf("after Remove: %v", err)
	}
}

func TestAFailureIsNotKept(t *testing.T) {
	for name, fail := range map[string]func([]byte) (any, error){
		"error": func([]byte) (any, error) { return nil, errBroken },
		"panic": func([]byte) (any, error) { panic(errBroken) },
	} {
		t.Run(name, func(t *testing.T) {
			s := &server{Store: newStore(10)}
			ref, _ := s.Put(7, []byte("value"), "main.go:7")
			var c Cache
			begun, goOn := make(chan struct{}), make(chan struct{})
			var wg sync.WaitGroup
			wg.Go(func() {
				defer func() { recover() }()
				_, err := c.Get(t.Context(), ref, s.loader(ref), func(p []byte) (any, error) {
					close(begun)
					<-goOn
					return fail(p)
				})
				if !errors.Is(err, errBroken) || !strings.Contains(err.Error(), "decoding broadcast 7, made at main.go:7") {
					t.Errorf("got %v", err)
				}
			})
			<-begun
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(errBroken)
			if _, err := c.Get(ctx, ref, s.loader(ref), nil); err != errBroken {
				t.Errorf("a killed waiter: %v", err)
			}
			wg.Go(func() {
				if v, err := c.Get(t.Context(), ref, s.loader(ref), func(p []byte) (any, error) { return string(p), nil }); err != nil || v != "value" {
					t.Errorf("%v, %v", v, err)
				}
			})
			close(goOn)
			wg.Wait()
		})
	}
}

func TestCancellingADownloadGivesItsCause(t *testing.T) {
	s := &server{Store: newStore(10)}
	ref, _ := s.Put(7, []byte("value"), "main.go:7")
	ctx, cancel := context.WithCancelCause(t.Context())
	s.fail = func() error { cancel(errBroken); return errors.New("connection closed") }
	if _, err := new(Cache).Get(ctx, ref, s.loader(ref), nil); !errors.Is(err, errBroken) {
		t.Fatalf("got %v", err)
	}
}

func TestUseAfterDestroyNamesWhereItWasMade(t *testing.T) {
	s := &server{Store: newStore(10)}
	ref, _ := s.Put(7, random(100, 1), "main.go:7")
	var fresh, used Cache
	decode := func(p []byte) (any, error) { return len(p), nil }
	if v, err := used.Get(t.Context(), ref, s.loader(ref), decode); err != nil || v != 100 {
		t.Fatal(v, err)
	}
	s.Destroy(7)
	s.Destroy(8)
	used.Destroy(7)
	asked := len(s.asked)
	for name, c := range map[string]*Cache{"which had it": &used, "which had it not": &fresh} {
		_, err := c.Get(t.Context(), ref, s.loader(ref), decode)
		var destroyed *DestroyedError
		if !errors.Is(err, ErrDestroyed) || !errors.As(err, &destroyed) || !strings.Contains(err.Error(), "made at main.go:7") {
			t.Fatalf("a cache %s: %v", name, err)
		}
	}
	if len(s.asked) > asked+11 {
		t.Fatal("a destroyed broadcast was asked for again")
	}
	if _, err := s.Encoded(7); !errors.Is(err, ErrDestroyed) {
		t.Fatalf("on the driver: %v", err)
	}
	if _, err := s.Encoded(8); err == nil || errors.Is(err, ErrDestroyed) {
		t.Fatalf("one that never was: %v", err)
	}
}

func TestBadPiecesAreRefused(t *testing.T) {
	s := newStore(0)
	ref, err := s.Put(1, make([]byte, 9<<20), "main.go:7")
	if err != nil || ref.Pieces != 3 {
		t.Fatalf("%+v, %v", ref, err)
	}
	for _, piece := range []int{-1, 3} {
		if _, _, err := s.Piece(1, piece); err == nil {
			t.Fatalf("piece %d", piece)
		}
	}
	if _, err := s.Put(1, nil, ""); err == nil {
		t.Fatal("one id twice")
	}
	if got, err := alone(&server{Store: s}).Download(t.Context(), ref); err != nil || len(got) != 9<<20 {
		t.Fatal(len(got), err)
	}
}

func BenchmarkDownload256MiB(b *testing.B) {
	encoded := make([]byte, 256<<20)
	b.SetBytes(int64(len(encoded)))
	for b.Loop() {
		s := &server{Store: newStore(0)}
		ref, err := s.Put(0, encoded, "")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := alone(s).Download(b.Context(), ref); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleDestroyedError() {
	fmt.Println(&DestroyedError{ID: 3, Site: "main.go:12"})
	// Output: broadcast 3, made at main.go:12, was destroyed and can not be used any more
}
