package op

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/kilnproject/kiln/internal/data/codec"
	"github.com/kilnproject/kiln/internal/data/funcs"
)

// RemoteError is one link of a user's error chain whose type could not travel: its text and the name of its type.
type RemoteError struct {
	Text string
	Type string
	Next error // what it wraps, or nil
}

// Error gives the text.
func (e *RemoteError) Error() string { return e.Text }

// Unwrap gives the next link.
func (e *RemoteError) Unwrap() error { return e.Next }

// sentinels are errors that programs compare by identity and that every process has.
var sentinels = []error{
	io.EOF, io.ErrUnexpectedEOF, io.ErrShortWrite, io.ErrClosedPipe, fs.ErrNotExist, fs.ErrExist, fs.ErrPermission, fs.ErrInvalid,
	fs.ErrClosed, os.ErrDeadlineExceeded, context.Canceled, context.DeadlineExceeded, errors.ErrUnsupported, ErrDestroyed,
	ErrRowsChanged, ErrZipLength, codec.ErrCorrupt,
}

// The kinds of links in an encoded chain.
const (
	linkText byte = iota
	linkValue
	linkSentinel
)

// maxLinks bounds a chain, which might be a circle.
const maxLinks = 64

// EncodeError encodes an error with the errors that it wraps: each by type where its type can be encoded, else by text.
func EncodeError(err error) []byte {
	var dst []byte
	for range maxLinks {
		if err == nil {
			return dst
		}
		var next error
		if dst, next = appendLink(dst, err); next == nil {
			return dst
		}
		err = next
	}
	return dst
}

func appendLink(dst []byte, err error) (_ []byte, next error) {
	for i, s := range sentinels {
		if err == s {
			return append(dst, linkSentinel, byte(i)), nil
		}
	}
	if v, encErr := encodeValue(err); encErr == nil {
		dst = append(dst, linkValue)
		dst = binary.AppendUvarint(dst, uint64(len(v)))
		return append(dst, v...), nil
	}
	dst = append(dst, linkText)
	for _, s := range []string{safeText(err), fmt.Sprintf("%T", err)} {
		dst = binary.AppendUvarint(dst, uint64(len(s)))
		dst = append(dst, s...)
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return dst, e.Unwrap()
	case interface{ Unwrap() []error }:
		if all := e.Unwrap(); len(all) > 0 {
			return dst, all[0] // the first cause
		}
	}
	return dst, nil
}

// encodeValue encodes an error by its type; a user's methods may panic on the way.
func encodeValue(err error) (b []byte, encErr error) {
	defer func() {
		if p := recover(); p != nil {
			encErr = fmt.Errorf("%v", p)
		}
	}()
	return funcs.AppendValue(nil, err)
}

func safeText(err error) (s string) {
	defer func() {
		if p := recover(); p != nil {
			s = fmt.Sprintf("%T, whose Error method panics: %v", err, p)
		}
	}()
	return err.Error()
}

// DecodeError reads back what EncodeError wrote. What cannot be read ends the chain.
func DecodeError(src []byte) error {
	if len(src) == 0 {
		return nil
	}
	kind, src := src[0], src[1:]
	switch kind {
	case linkSentinel:
		if len(src) > 0 && int(src[0]) < len(sentinels) {
			return sentinels[src[0]]
		}
	case linkValue:
		if v, _, ok := cut(src); ok {
			if value, _, err := funcs.DecodeValue(nil, v); err == nil {
				if err, ok := value.(error); ok {
					return err
				}
			}
		}
	case linkText:
		text, rest, ok := cut(src)
		if !ok {
			return nil
		}
		typ, rest, ok := cut(rest)
		if !ok {
			return nil
		}
		return &RemoteError{Text: string(text), Type: string(typ), Next: DecodeError(rest)}
	}
	return nil
}

func cut(src []byte) (part, rest []byte, ok bool) {
	n, w := binary.Uvarint(src)
	if w <= 0 || n > uint64(len(src)-w) {
		return nil, nil, false
	}
	return src[w : w+int(n)], src[w+int(n):], true
}
