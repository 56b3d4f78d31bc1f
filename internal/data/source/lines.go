package source

import (
	"bytes"
	"context"
	"io"
	"math"
	"unsafe"
)

// A batch of rows ends at whichever it reaches first.
const (
	batchRows  = 1024
	batchBytes = 32 << 10
)

// ReadLines pushes the lines of a split, without "\n" or "\r\n". A last line without an end counts, unless it is empty. A line
// belongs to the piece in which its first byte lies. Compressed files are decompressed, by their extension.
//
// Rows is valid during push; the strings in it stay valid as long as they are referenced. An error of push ends the reading and is
// returned as it is. The end of ctx ends it with its cause, between two batches. The bytes read, after decompression, are added
// to *read as they come, unless it is nil. All this happens in the calling goroutine.
func ReadLines(ctx context.Context, s Split, read *int64, push func(rows []string) error) error {
	l := lines{feed: feed{ctx: ctx, read: read, left: s.Size()}, push: push, rows: make([]string, 0, batchRows)}
	for _, p := range s.Pieces {
		if err := l.piece(p); err != nil {
			return err
		}
	}
	return l.flush()
}

// lines collects the rows of all pieces into batches.
type lines struct {
	feed
	push  func([]string) error
	rows  []string
	bytes int // in rows
	ends  lineEnds
}

// flush pushes what was collected.
func (l *lines) flush() error {
	if err := context.Cause(l.ctx); err != nil {
		return err
	}
	if len(l.rows) == 0 {
		return nil
	}
	err := l.push(l.rows)
	if len(l.rows) < batchRows/16 {
		clear(l.rows) // long rows must not live on in a batch that waits for its next row
	}
	l.rows, l.bytes = l.rows[:0], 0
	return err
}

// piece collects the lines that begin in [p.Offset, p.Offset+p.Length).
func (l *lines) piece(p Piece) error {
	if decompress := decompressor(p.Path); decompress != nil && p.Whole {
		return l.compressed(p, decompress)
	}
	from := max(p.Offset-1, 0) // the byte before Offset tells whether a line begins there
	r, err := l.open(p, from)
	if err != nil {
		return err
	}
	defer r.Close()
	t := text{lines: l, r: r, path: p.Path, at: from, end: p.Offset + p.Length}
	if p.Offset > 0 {
		if err := t.skipLine(); err != nil {
			return err
		}
	}
	return t.all()
}

// compressed collects all lines of a compressed file.
func (l *lines) compressed(p Piece, decompress opener) error {
	r, err := l.open(p, 0)
	if err != nil {
		return err
	}
	defer r.Close()
	d, err := decompress(r)
	if err != nil {
		return l.failed("decompress", p.Path, plainly(err))
	}
	defer d.Close()
	t := text{lines: l, r: d, path: p.Path, end: math.MaxInt64, compressed: true}
	return t.all()
}

// text reads the lines of one stream.
type text struct {
	*lines
	r          io.Reader
	path       string
	pending    []byte // read and not yet a row: the end of the chunk
	at         int64  // where pending begins in the stream
	end        int64  // lines that begin here or later belong to the next piece
	compressed bool   // then end is beyond any stream
}

// fill reads behind pending: up to the end of the piece, then in growing steps for a line that goes on. It gives io.EOF at the
// end of the stream, unless that comes before the end of the piece.
func (t *text) fill() error {
	if err := context.Cause(t.ctx); err != nil {
		return err
	}
	want := min(t.end-t.at-int64(len(t.pending)), chunkSize)
	if want <= 0 {
		want = minChunk
	}
	var err error
	t.pending, err = t.more(t.r, t.pending, max(want, int64(len(t.pending))))
	switch {
	case err == nil:
		return nil
	case err == io.EOF && (t.compressed || t.at+int64(len(t.pending)) >= t.end):
		return io.EOF
	case t.compressed:
		return t.failed("decompress", t.path, plainly(err))
	case err == io.EOF:
		err = errChanged
	}
	return t.failed("read", t.path, err)
}

// skipLine leaves out the rest of a line that began in an earlier piece. If it does not end in this one, nothing is left.
func (t *text) skipLine() error {
	for t.at < t.end {
		if i := bytes.IndexByte(t.pending, '\n'); i >= 0 {
			t.drop(i + 1)
			return nil
		}
		t.drop(len(t.pending))
		if t.at >= t.end {
			return nil
		}
		if err := t.fill(); err != nil {
			return err
		}
	}
	return nil
}

// drop takes bytes from the front of pending.
func (t *text) drop(n int) {
	t.pending = t.pending[n:]
	t.at += int64(n)
}

// all collects the lines from here to the end.
func (t *text) all() error {
	searched := 0 // bytes of pending that are known to hold no line end
	for {
		if err := t.cut(searched); err != nil {
			return err
		}
		if t.at >= t.end {
			return nil
		}
		searched = len(t.pending) // by cut, which found no end in it
		if err := t.fill(); err == io.EOF {
			return t.last()
		} else if err != nil {
			return err
		}
	}
}

// cut collects the complete lines of pending that begin before the end. Everything else is arranged around this loop.
func (t *text) cut(searched int) error {
	data, from := t.pending, 0
	limit := int(min(int64(len(data)), t.end-t.at))
	rows, full := t.rows, batchBytes-t.bytes // the batch is full when from reaches full
	for searched < len(data) && from < limit {
		n, looked := newlines(data[searched:], &t.ends)
		for _, end := range t.ends[:n] {
			at := searched + int(end)
			line := data[from:at]
			if at > 0 && data[at-1] == '\r' && len(line) > 0 {
				line = line[:len(line)-1]
			}
			rows = append(rows, view(line))
			from = at + 1
			if len(rows) == batchRows || from >= full {
				t.rows = rows
				if err := t.flush(); err != nil {
					return err
				}
				rows, full = t.rows, from+batchBytes
			}
			if from >= limit {
				break
			}
		}
		searched += looked
	}
	t.rows, t.bytes = rows, batchBytes-(full-from)
	t.drop(from)
	return nil
}

// last collects a last line without an end.
func (t *text) last() error {
	line := t.pending
	if len(line) == 0 {
		return nil
	}
	t.drop(len(line))
	t.bytes += len(line)
	if line[len(line)-1] == '\r' {
		line = line[:len(line)-1]
	}
	t.rows = append(t.rows, view(line))
	if len(t.rows) < batchRows && t.bytes < batchBytes {
		return nil
	}
	return t.flush()
}

// view gives a string over bytes that nobody writes again.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
