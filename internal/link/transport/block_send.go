package transport

import (
	"bufio"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

// smallData is up to where data is copied behind its head rather than sent by a call of its own.
const smallData = 16 << 10

// outBuffer is large enough to send thousands of tiny blocks in few calls.
const outBuffer = 64 << 10

// Buffers are held while a request is answered only: an idle connection has none.
var (
	outs   = sync.Pool{New: func() any { return new([outBuffer]byte) }}
	frames = sync.Pool{New: func() any { return new([frameData]byte) }}
)

// sender answers the requests of one connection, on the connection's goroutine.
type sender struct {
	provider Provider
	conn     *timedConn
	in       *bufio.Reader
	window   int64  // bytes of data that the peer still allows
	out      []byte // what waits to be sent together; its room comes from outs
	both     [2][]byte
	vector   net.Buffers
}

func (s *sender) grant(h head) error {
	if s.window += int64(h.number); s.window > mostWindow {
		return fmt.Errorf("%w: a window of %d bytes", errProtocol, s.window)
	}
	return nil
}

// answer sends what a request asks for, in order.
func (s *sender) answer(h head) error {
	want := make([]byte, h.length)
	if _, err := io.ReadFull(s.in, want); err != nil {
		return whole(err)
	}
	if crc32.Checksum(want, castagnoli) != h.sum {
		return fmt.Errorf("%w: a request was damaged", errProtocol)
	}
	room := outs.Get().(*[outBuffer]byte)
	defer outs.Put(room)
	s.out = room[:0]
	for ; len(want) > 0; want = want[idBytes:] {
		id := parseID(want)
		block, err := s.provider.OpenBlock(id)
		switch {
		case err == nil:
			err = s.send(&block)
			block.release()
		case errors.Is(err, ErrNotFound):
			err = s.say(kindMissing, err)
		default:
			err = s.say(kindFailed, err)
		}
		if err != nil {
			return err
		}
	}
	return s.flush()
}

// say tells why a block does not come.
func (s *sender) say(k kind, why error) error {
	text := why.Error()
	text = text[:min(len(text), largestText)]
	return s.frame(head{kind: k, length: uint32(len(text)), sum: crc32.Checksum([]byte(text), castagnoli)}, []byte(text))
}

// frame sends a head and its data: small data some time before flush returns, large data at once and without a copy.
func (s *sender) frame(h head, data []byte) error {
	if len(s.out)+headBytes+min(len(data), smallData) > cap(s.out) {
		if err := s.flush(); err != nil {
			return err
		}
	}
	s.out = h.append(s.out)
	if len(data) <= smallData {
		s.out = append(s.out, data...)
		return nil
	}
	if err := s.conn.SetWriteDeadline(time.Now().Add(s.conn.timeout)); err != nil {
		return err
	}
	s.both = [2][]byte{s.out, data}
	s.vector = s.both[:]
	_, err := s.vector.WriteTo(s.conn.Conn)
	s.both = [2][]byte{}
	s.out = s.out[:0]
	return err
}

func (s *sender) flush() error {
	if len(s.out) == 0 {
		return nil
	}
	_, err := s.conn.Write(s.out)
	s.out = s.out[:0]
	return err
}

// send sends one block in frames, each as soon as the peer allows it.
func (s *sender) send(b *Block) error {
	size := b.length()
	if size < 0 || size > largestBlock {
		return s.say(kindFailed, fmt.Errorf("a block of %d bytes can not travel: %d are the most", size, int64(largestBlock)))
	}
	var flags uint8
	if b.Sealed && size > 0 {
		flags = sealed
	}
	h := head{kind: kindBlock, flags: flags, number: uint64(size)}
	for at := int64(0); at < size || h.kind == kindBlock; {
		n := min(size-at, frameData)
		if err := s.allowed(n); err != nil {
			return err
		}
		h.length = uint32(n)
		failed, err := s.part(h, b, at, n)
		if err != nil {
			return err
		}
		if failed != nil {
			return s.say(kindFailed, failed)
		}
		s.window -= n
		at += n
		h = head{kind: kindMore, flags: flags}
	}
	return nil
}

// part sends n bytes of a block from at on. Failed means that they can not be read, and nothing of them was sent.
func (s *sender) part(h head, b *Block, at, n int64) (failed, err error) {
	switch {
	case b.File == nil:
		data := b.Data[at : at+n]
		switch {
		case b.Sealed:
		case int(at/frameData) < len(b.Sums):
			h.sum = b.Sums[at/frameData]
		default:
			h.sum = crc32.Checksum(data, castagnoli)
		}
		return nil, s.frame(h, data)
	case b.Sealed && n > smallData && s.canSplice():
		return nil, s.splice(h, b, at, n)
	}
	buf := frames.Get().(*[frameData]byte)
	defer frames.Put(buf)
	data := buf[:n]
	if failed := b.readAt(data, at); failed != nil {
		return failed, nil
	}
	if !b.Sealed {
		h.sum = crc32.Checksum(data, castagnoli)
	}
	return nil, s.frame(h, data)
}

// canSplice reports whether the kernel can send a file on this connection by itself.
func (s *sender) canSplice() bool {
	_, raw := s.conn.Conn.(syscall.Conn)
	return raw && canSendFile
}

// splice lets the kernel send a part of a file. A file that is too short can not be taken back then: the connection fails.
func (s *sender) splice(h head, b *Block, at, n int64) error {
	if len(s.out)+headBytes > cap(s.out) {
		if err := s.flush(); err != nil {
			return err
		}
	}
	s.out = h.append(s.out)
	if err := s.flush(); err != nil {
		return err
	}
	if err := s.conn.SetWriteDeadline(time.Now().Add(s.conn.timeout)); err != nil {
		return err
	}
	return sendFile(s.conn.Conn.(syscall.Conn), b.File, b.Offset+at, n)
}

// allowed waits until the peer allows n more bytes of data.
func (s *sender) allowed(n int64) error {
	for s.window < n {
		if err := s.flush(); err != nil {
			return err
		}
		h, err := readHead(s.in)
		if err != nil {
			return whole(err)
		}
		if h.kind != kindGrant {
			return fmt.Errorf("%w: a client sent a frame of kind %d before it had its answer", errProtocol, h.kind)
		}
		if err := s.grant(h); err != nil {
			return err
		}
	}
	return nil
}
