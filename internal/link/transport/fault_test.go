package transport

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// impostor serves one connection by hand, after the greetings.
func impostor(t testing.TB, serve func(conn net.Conn, in *bufio.Reader)) (addr string) {
	t.Helper()
	addr = socket(t)
	l := must[net.Listener](t)(net.Listen("unix", strings.TrimPrefix(addr, "unix://")))
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		if _, err := conn.Write([]byte(greeting)); err != nil || greet(conn) != nil {
			return
		}
		serve(conn, bufio.NewReader(conn))
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	return addr
}

// asked reads a grant and a request, and throws them away.
func asked(t testing.TB, in *bufio.Reader) {
	for {
		h, err := readHead(in)
		if err != nil {
			t.Error(err)
			return
		}
		if _, err := in.Discard(int(h.length)); err != nil || h.kind == kindAsk {
			return
		}
	}
}

// frameOf makes a frame with right checksums.
func frameOf(h head, data []byte) []byte {
	h.length = uint32(len(data))
	if h.flags&sealed == 0 {
		h.sum = crc32.Checksum(data, castagnoli)
	}
	return append(h.append(nil), data...)
}

func TestAServersFaultsAreErrors(t *testing.T) {
	data := random(1000)
	good := frameOf(head{kind: kindBlock, number: 1000}, data)
	flip := func(at int) []byte {
		b := bytes.Clone(good)
		b[at] ^= 0x10
		return b
	}
	raw := func(change func(b []byte)) []byte { // a head that is wrong but has the right checksum
		b := bytes.Clone(good)
		change(b)
		binary.LittleEndian.PutUint32(b[20:], crc32.Checksum(b[:20], castagnoli))
		return b
	}
	for name, c := range map[string]struct {
		answer  []byte
		answers int // that got must have seen
		is      error
	}{
		"closed before an answer":     {nil, 0, io.ErrUnexpectedEOF},
		"closed inside a head":        {good[:10], 0, io.ErrUnexpectedEOF},
		"closed inside data":          {good[:500], 0, io.ErrUnexpectedEOF},
		"closed between blocks":       {good, 1, io.ErrUnexpectedEOF},
		"closed inside a block":       {frameOf(head{kind: kindBlock, number: 2000}, data), 0, io.ErrUnexpectedEOF},
		"bit flipped in a head":       {flip(8), 0, errProtocol},
		"frame larger than a frame":   {raw(func(b []byte) { binary.LittleEndian.PutUint32(b, largestData+1) }), 0, errProtocol},
		"frame larger than its block": {raw(func(b []byte) { binary.LittleEndian.PutUint64(b[8:], 999) }), 0, errProtocol},
		"block larger than any":       {raw(func(b []byte) { binary.LittleEndian.PutUint64(b[8:], largestBlock+1) }), 0, errProtocol},
		"unknown kind":                {raw(func(b []byte) { b[4] = 99 }), 0, errProtocol},
		"unknown flag":                {raw(func(b []byte) { b[5] = 0x80 }), 0, errProtocol},
		"reserved bits":               {raw(func(b []byte) { b[6] = 1 }), 0, errProtocol},
		"a request":                   {frameOf(head{kind: kindAsk, number: 1}, make([]byte, idBytes)), 0, errProtocol},
		"more of no block":            {frameOf(head{kind: kindMore}, data), 0, errProtocol},
		"a block inside a block":      {append(frameOf(head{kind: kindBlock, number: 2000}, data), good...), 0, errProtocol},
		"more than the block":         {append(frameOf(head{kind: kindBlock, number: 1500}, data), frameOf(head{kind: kindMore}, data)...), 0, errProtocol},
		"an empty frame inside":       {append(frameOf(head{kind: kindBlock, number: 1500}, data), frameOf(head{kind: kindMore}, nil)...), 0, errProtocol},
		"a block that stops to seal":  {append(frameOf(head{kind: kindBlock, number: 2000, flags: sealed}, data), frameOf(head{kind: kindMore}, data)...), 0, errProtocol},
		"an endless reason":           {frameOf(head{kind: kindMissing}, make([]byte, largestText+1)), 0, errProtocol},
		"a size that does not come":   {frameOf(head{kind: kindBlock, number: largestBlock}, data), 0, io.ErrUnexpectedEOF},
		"a sealed size too, in vain":  {frameOf(head{kind: kindBlock, number: largestBlock, flags: sealed}, data), 0, io.ErrUnexpectedEOF},
	} {
		addr := impostor(t, func(conn net.Conn, in *bufio.Reader) {
			asked(t, in)
			_, _ = conn.Write(c.answer)
		})
		client := NewClient(ClientConfig{})
		got, err := fetch(t.Context(), t, client, addr, []ids.BlockID{ids.RDD(1, 1), ids.RDD(1, 2)})
		if !errors.Is(err, c.is) || len(got) != c.answers {
			t.Errorf("%s: %d answers, %v", name, len(got), err)
		}
		client.Close()
	}
}

func TestABitFlippedOnTheWaySpoilsOneBlockOnly(t *testing.T) {
	data := random(1000)
	spoilt := frameOf(head{kind: kindBlock, number: 1000}, data)
	spoilt[headBytes+500] ^= 4
	addr := impostor(t, func(conn net.Conn, in *bufio.Reader) {
		asked(t, in)
		_, _ = conn.Write(append(spoilt, frameOf(head{kind: kindBlock, number: 1000}, data)...))
		_, _ = in.ReadByte() // until the client goes
	})
	c := NewClient(ClientConfig{})
	got, err := fetch(t.Context(), t, c, addr, []ids.BlockID{ids.RDD(1, 1), ids.RDD(1, 2)})
	c.Close()
	if err != nil || !errors.Is(got[0].err, ErrCorruptFrame) || got[0].data != nil || !bytes.Equal(got[1].data, data) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestABlockLargerThanTheClientWantsIsRefused(t *testing.T) {
	p, want, _ := fill(t, 1001)
	s, c := served(t, "unix", p, ClientConfig{LargestData: 1000})
	if got, err := fetch(t.Context(), t, c, s.Addr(), want); err == nil || len(got) > 0 || !strings.Contains(err.Error(), "1001") {
		t.Errorf("%v, %v", got, err)
	}
}

func TestAServerThatStandsStillRunsIntoTheDeadline(t *testing.T) {
	addr := impostor(t, func(conn net.Conn, in *bufio.Reader) {
		asked(t, in)
		_, _ = conn.Write(frameOf(head{kind: kindBlock, number: 2000}, random(1000)))
		_, _ = in.ReadByte() // and nothing more, until the client goes
	})
	c := NewClient(ClientConfig{Timeout: 30 * time.Millisecond})
	defer c.Close()
	if _, err := fetch(t.Context(), t, c, addr, []ids.BlockID{ids.RDD(1, 1)}); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
}

func TestSomeoneWhoDoesNotGreetIsNoServer(t *testing.T) {
	addr := socket(t)
	l := must[net.Listener](t)(net.Listen("unix", strings.TrimPrefix(addr, "unix://")))
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = greet(conn)
			_, _ = conn.Write([]byte("HTTP/1.1 400 Bad Request"))
			conn.Close()
		}
	}()
	c := NewClient(ClientConfig{})
	defer c.Close()
	if _, err := fetch(t.Context(), t, c, addr, []ids.BlockID{ids.RDD(1, 1)}); !errors.Is(err, errProtocol) {
		t.Error(err)
	}
}

// visitor connects to a block server by hand.
func visitor(t *testing.T, s *BlockServer) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn := must[net.Conn](t)(net.Dial("unix", strings.TrimPrefix(s.Addr(), "unix://")))
	t.Cleanup(func() { conn.Close() })
	if _, err := conn.Write([]byte(greeting)); err != nil {
		t.Fatal(err)
	}
	if err := greet(conn); err != nil {
		t.Fatal(err)
	}
	return conn, bufio.NewReader(conn)
}

func askFor(id ids.BlockID) []byte {
	return frameOf(head{kind: kindAsk, number: 1}, appendID(nil, id))
}

func TestAClientsFaultsEndItsConnection(t *testing.T) {
	p, want, _ := fill(t, 10)
	s, _ := served(t, "unix", p, ClientConfig{})
	damaged := askFor(want[0])
	damaged[headBytes] ^= 1
	grant := head{kind: kindGrant, number: mostWindow}.append(nil)
	for name, said := range map[string][]byte{
		"no frame":             bytes.Repeat([]byte("x"), 100),
		"damaged request":      damaged,
		"request for nothing":  frameOf(head{kind: kindAsk}, nil),
		"more than it says":    frameOf(head{kind: kindAsk, number: 1}, make([]byte, 2*idBytes)),
		"an answer":            frameOf(head{kind: kindBlock, number: 1}, []byte{1}),
		"a window too far":     append(bytes.Clone(grant), grant...),
		"a grant of nothing":   head{kind: kindGrant}.append(nil),
		"a request in between": append(askFor(want[0]), askFor(want[0])...), // the first has no window
	} {
		conn, in := visitor(t, s)
		if _, err := conn.Write(said); err != nil {
			t.Fatal(err)
		}
		if answer, _ := io.ReadAll(in); len(answer) > 0 {
			t.Errorf("%s: was answered with %d bytes", name, len(answer))
		}
	}
}

func TestAnyIDMayBeAskedFor(t *testing.T) {
	p, _, _ := fill(t, 10)
	f, addr := fetchers["unix"](t, p)
	got, err := fetch(t.Context(), t, f, addr, []ids.BlockID{{Kind: 200, A: -1, B: -2, C: -3}})
	if err != nil || !errors.Is(got[0].err, ErrNotFound) {
		t.Errorf("%v, %v", got, err)
	}
}

// The server must send exactly what the window allows. Over net.Pipe nothing is buffered: if the server tried to send more, the
// grant could not be written.
func TestNothingIsSentBeyondTheWindow(t *testing.T) {
	p, want, _ := fill(t, 0, 0, 0, 5*frameData+100)
	theirs, ours := net.Pipe()
	timed := &timedConn{Conn: theirs, timeout: 10 * time.Second}
	_ = ours.SetDeadline(time.Now().Add(10 * time.Second))
	failed := make(chan error, 1)
	go func() {
		s := sender{provider: p, conn: timed, in: bufio.NewReader(timed), window: 2 * frameData}
		h, err := readHead(s.in)
		if err == nil {
			err = s.answer(h)
		}
		theirs.Close()
		failed <- err
	}()
	if _, err := ours.Write(askFor(want[3])); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(ours)
	allowed, size := int64(2*frameData), int64(5*frameData+100)
	for got := int64(0); got < size; {
		if allowed-got < min(size-got, frameData) {
			if _, err := ours.Write((head{kind: kindGrant, number: frameData + 1}).append(nil)); err != nil {
				t.Fatalf("after %d bytes of %d allowed the server does not wait: %v", got, allowed, err)
			}
			allowed += frameData + 1
		}
		h, err := readHead(in)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := in.Discard(int(h.length)); err != nil {
			t.Fatal(err)
		}
		if got += int64(h.length); got > allowed {
			t.Fatalf("%d bytes came and %d were allowed", got, allowed)
		}
	}
	if err := <-failed; err != nil {
		t.Error(err)
	}
}

func TestAClientThatGrantsNothingRunsIntoTheDeadline(t *testing.T) {
	p, want, _ := fill(t, 1<<20)
	s := must[*BlockServer](t)(ListenBlocks(BlockServerConfig{Addr: socket(t), Timeout: 30 * time.Millisecond}, p))
	defer s.Close()
	conn, in := visitor(t, s)
	if _, err := conn.Write(askFor(want[0])); err != nil {
		t.Fatal(err)
	}
	if answer, err := io.ReadAll(in); len(answer) > 0 || err != nil {
		t.Errorf("%d bytes, %v", len(answer), err)
	}
}

func TestACloseWhileServingLeavesNothingBehind(t *testing.T) {
	p, want, _ := fill(t, 1<<20, 1<<20, 1<<20, 1<<20)
	s, c := served(t, "unix", p, ClientConfig{})
	err := c.Fetch(t.Context(), s.Addr(), append(want, want...), func(i int, _ []byte, _ error) {
		if i == 1 {
			s.Close()
		}
	})
	if err == nil {
		t.Log("everything was in the socket's buffers already")
	}
	if n := p.open.Load(); n != 0 {
		t.Errorf("%d blocks were not released", n)
	}
}

func TestAPanicOfWhoTakesTheBlocksClosesTheConnection(t *testing.T) {
	left := make(chan error, 1)
	addr := impostor(t, func(conn net.Conn, in *bufio.Reader) {
		asked(t, in)
		_, _ = conn.Write(frameOf(head{kind: kindBlock, number: 10}, random(10)))
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		_, err := in.ReadByte()
		left <- err
	})
	c := NewClient(ClientConfig{})
	defer c.Close()
	func() {
		defer func() {
			if got := recover(); got != "no room" {
				t.Errorf("the panic became %v", got)
			}
		}()
		_ = c.Fetch(t.Context(), addr, []ids.BlockID{ids.RDD(1, 1), ids.RDD(1, 2)}, func(int, []byte, error) { panic("no room") })
	}()
	if err := <-left; err != io.EOF {
		t.Errorf("the server saw %v", err)
	}
	if len(c.peers) != 0 {
		t.Errorf("the client still knows %d servers", len(c.peers))
	}
}

// conversation is a connection whose other end has said all it will ever say.
type conversation struct {
	net.Conn
	said *bytes.Reader
}

func (c conversation) Read(p []byte) (int, error)       { return c.said.Read(p) }
func (c conversation) Write(p []byte) (int, error)      { return len(p), nil }
func (c conversation) SetReadDeadline(time.Time) error  { return nil }
func (c conversation) SetWriteDeadline(time.Time) error { return nil }

func FuzzReceiver(f *testing.F) {
	data := random(100)
	f.Add(frameOf(head{kind: kindBlock, number: 100}, data))
	f.Add(append(frameOf(head{kind: kindBlock, number: 150, flags: sealed}, data), frameOf(head{kind: kindMore, flags: sealed}, data[:50])...))
	f.Add(frameOf(head{kind: kindMissing}, []byte("why")))
	f.Add(frameOf(head{kind: kindBlock, number: largestBlock}, data))
	f.Fuzz(func(t *testing.T, said []byte) {
		timed := &timedConn{Conn: conversation{said: bytes.NewReader(said)}}
		c := NewClient(ClientConfig{})
		n := 0
		r := receiver{conn: &blockConn{timed: timed}, cfg: &c.cfg, want: make([]ids.BlockID, 4), got: func(i int, data []byte, err error) {
			if i != n || err != nil && data != nil || len(data) > len(said) {
				t.Fatalf("answer %d is %d with %d bytes, %v", n, i, len(data), err)
			}
			n++
		}}
		if err := r.fetch(); err == nil && n != 4 {
			t.Fatalf("%d answers and no error", n)
		}
	})
}

func FuzzSender(f *testing.F) {
	p, want, _ := fill(f, 100, 5000)
	f.Add(askFor(want[0]))
	f.Add(append(head{kind: kindGrant, number: 1 << 20}.append(nil), askFor(want[1])...))
	f.Fuzz(func(t *testing.T, said []byte) {
		timed := &timedConn{Conn: conversation{said: bytes.NewReader(said)}}
		s := sender{provider: p, conn: timed, in: bufio.NewReader(timed)}
		for {
			h, err := readHead(s.in)
			if err == nil && h.kind == kindGrant {
				err = s.grant(h)
			} else if err == nil && h.kind == kindAsk {
				err = s.answer(h)
			}
			if err != nil {
				break
			}
		}
		if n := p.open.Load(); n != 0 {
			t.Fatalf("%d blocks were not released", n)
		}
	})
}

func FuzzHead(f *testing.F) {
	f.Add(frameOf(head{kind: kindBlock, number: 3, flags: sealed}, nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < headBytes {
			return
		}
		binary.LittleEndian.PutUint32(b[20:], crc32.Checksum(b[:20], castagnoli))
		if h, err := parseHead(b); err == nil && !bytes.Equal(h.append(nil), b[:headBytes]) {
			t.Fatalf("%x was read as %+v", b[:headBytes], h)
		}
	})
}
