package transport

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"sync"

	"github.com/kilnproject/kiln/internal/core/ids"
)

const (
	// trustedSize is up to what size a buffer is made because the server says that so much will come. A larger one grows as data
	// really comes.
	trustedSize = 16 << 20
	// slabBytes is what tiny blocks share, so that not each of them is an allocation.
	slabBytes = 8 << 10
	slabShare = slabBytes / 8 // the largest of them
)

var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 64<<10) }}

// receiver fetches blocks over one connection.
type receiver struct {
	conn *blockConn
	cfg  *ClientConfig
	addr string
	want []ids.BlockID
	room func(i int, size int64) []byte // nil when the caller does not care where data goes
	got  func(i int, data []byte, err error)

	begun bool // the server has answered something
	out   []byte
	slab  []byte
}

// fetch asks for the blocks, a bounded number at once.
func (r *receiver) fetch() error {
	if r.conn.in == nil {
		r.conn.in = readers.Get().(*bufio.Reader)
		r.conn.in.Reset(r.conn.timed)
		defer func() {
			r.conn.in.Reset(nil)
			readers.Put(r.conn.in)
			r.conn.in = nil
		}()
	}
	for done := 0; done < len(r.want); {
		n := min(len(r.want)-done, mostBlocks)
		if err := r.ask(r.want[done : done+n]); err != nil {
			return err
		}
		for i := done; i < done+n; i++ {
			data, failed, err := r.block(i)
			if err != nil {
				return whole(err)
			}
			if failed != nil {
				data, failed = nil, fmt.Errorf("%v at %s: %w", r.want[i], r.addr, failed)
			}
			r.got(i, data, failed)
		}
		done += n
	}
	return nil
}

// ask sends a request, and on a new connection the window before it.
func (r *receiver) ask(want []ids.BlockID) error {
	r.out = r.out[:0]
	if !r.conn.granted {
		r.conn.granted = true
		r.out = head{kind: kindGrant, number: uint64(r.cfg.Window)}.append(r.out)
	}
	list := make([]byte, 0, len(want)*idBytes)
	for _, id := range want {
		list = appendID(list, id)
	}
	h := head{kind: kindAsk, number: uint64(len(want)), length: uint32(len(list)), sum: crc32.Checksum(list, castagnoli)}
	r.out = append(h.append(r.out), list...)
	_, err := r.conn.timed.Write(r.out)
	return err
}

// block receives block i. Failed is what is wrong with it alone; after err the connection is of no use.
func (r *receiver) block(i int) (data []byte, failed, err error) {
	h, err := readHead(r.conn.in)
	if err != nil {
		return nil, nil, err
	}
	r.begun = true
	switch h.kind {
	case kindMissing, kindFailed:
		failed, err = r.reason(h)
		return nil, failed, err
	case kindBlock:
		if h.number > uint64(r.cfg.LargestData) {
			return nil, nil, fmt.Errorf("a block of %d bytes was refused, %d are the most", h.number, r.cfg.LargestData)
		}
		return r.content(i, h)
	}
	return nil, nil, fmt.Errorf("%w: a frame of kind %d where a block was to begin", errProtocol, h.kind)
}

// reason is why a block does not come.
func (r *receiver) reason(h head) (failed, err error) {
	text := make([]byte, h.length)
	if _, err := io.ReadFull(r.conn.in, text); err != nil {
		return nil, whole(err)
	}
	if h.kind == kindMissing {
		return fmt.Errorf("%w: the server says: %s", ErrNotFound, text), nil
	}
	return fmt.Errorf("the server can not read it: %s", text), nil
}

// content receives the data of block i, which begins with the frame h. It goes on after damaged data, to stay in step.
func (r *receiver) content(i int, h head) (data []byte, failed, err error) {
	size, isSealed := int64(h.number), h.flags&sealed != 0
	data = r.buffer(i, size)
	sum := uint32(0)
	for {
		at := int64(len(data))
		if at+int64(h.length) > size || h.length == 0 && size > 0 || h.flags&sealed != 0 != isSealed {
			return nil, nil, fmt.Errorf("%w: a frame of %d bytes at %d of a block of %d", errProtocol, h.length, at, size)
		}
		data = grow(data, int(h.length), size)
		part := data[at:]
		if _, err := io.ReadFull(r.conn.in, part); err != nil {
			return nil, nil, whole(err)
		}
		switch {
		case isSealed:
			sum = crc32.Update(sum, castagnoli, part[:max(0, min(int64(len(part)), size-4-at))])
		case crc32.Checksum(part, castagnoli) != h.sum && failed == nil:
			failed = fmt.Errorf("%w: the checksum of its bytes %d to %d is wrong", ErrCorruptFrame, at, len(data))
		}
		if err := r.received(int64(len(part))); err != nil {
			return nil, nil, err
		}
		if int64(len(data)) == size {
			break
		}
		if h, err = readHead(r.conn.in); err != nil {
			return nil, nil, whole(err)
		}
		if h.kind == kindFailed {
			failed, err = r.reason(h)
			return nil, failed, err
		}
		if h.kind != kindMore {
			return nil, nil, fmt.Errorf("%w: a frame of kind %d inside a block", errProtocol, h.kind)
		}
	}
	if isSealed && (size < 4 || binary.LittleEndian.Uint32(data[size-4:]) != sum) {
		failed = fmt.Errorf("%w: its checksum is wrong", ErrCorruptFrame)
	}
	return data, failed, nil
}

// received lets the server send as much again, once it is worth a frame.
func (r *receiver) received(n int64) error {
	r.conn.owed += n
	if r.conn.owed < int64(r.cfg.Window)/2 {
		return nil
	}
	r.out = head{kind: kindGrant, number: uint64(r.conn.owed)}.append(r.out[:0])
	r.conn.owed = 0
	_, err := r.conn.timed.Write(r.out)
	return err
}

// buffer gives an empty slice with room for block i, or for as much as is made on trust.
func (r *receiver) buffer(i int, size int64) []byte {
	if r.room != nil {
		if room := r.room(i, size); room != nil {
			return room[:0:size]
		}
	}
	if size > slabShare {
		return make([]byte, 0, min(size, trustedSize))
	}
	if int64(len(r.slab)) < size {
		r.slab = make([]byte, slabBytes)
	}
	b := r.slab[:0:size]
	r.slab = r.slab[size:]
	return b
}

// grow makes data n bytes longer. The room doubles, up to the block's size.
func grow(data []byte, n int, size int64) []byte {
	if len(data)+n > cap(data) {
		larger := make([]byte, len(data), min(max(2*int64(cap(data)), int64(len(data)+n)), size))
		copy(larger, data)
		data = larger
	}
	return data[:len(data)+n]
}

// sealHolds checks a whole sealed block.
func sealHolds(data []byte) bool {
	end := len(data) - 4
	return end >= 0 && crc32.Checksum(data[:end], castagnoli) == binary.LittleEndian.Uint32(data[end:])
}
