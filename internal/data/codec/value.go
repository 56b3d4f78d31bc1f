package codec

import (
	"fmt"
	"unsafe"
)

// AppendRows is Encoder.AppendBlock for a slice of the encoder's row type.
func AppendRows[T any](e *Encoder, dst []byte, rows []T) ([]byte, error) {
	return e.AppendBlock(dst, unsafe.Pointer(unsafe.SliceData(rows)), len(rows))
}

// NextRows decodes the block at the front of src into buf's memory, as far as that goes, and gives what follows the block. Strings of
// the rows alias src where the block was not compressed. After an error there are no rows, and what buf holds is undefined.
func NextRows[T any](d *Decoder, src []byte, buf []T) (rows []T, rest []byte, err error) {
	b, rest, err := d.next(src, d.scratch())
	if err != nil {
		return nil, nil, err
	}
	if cap(buf) < b.Rows {
		rows = make([]T, b.Rows)
	} else {
		rows = buf[:b.Rows]
		clear(rows)
	}
	if err := d.Rows(nil, b, unsafe.Pointer(unsafe.SliceData(rows))); err != nil {
		return nil, nil, err
	}
	d.keep(b)
	return rows, rest, nil
}

// EncodeValue encodes one value, without a header: for environments and answers.
func EncodeValue[T any](v T) ([]byte, error) {
	c, err := For[T]()
	if err != nil {
		return nil, err
	}
	return c.Append(nil, unsafe.Pointer(&v), 1)
}

// DecodeValue reads what EncodeValue wrote; see Codec.Decode for ctx. Strings alias src.
func DecodeValue[T any](ctx any, src []byte) (v T, err error) {
	c, err := For[T]()
	if err != nil {
		return v, err
	}
	p := new(T)
	if err := c.Decode(ctx, src, unsafe.Pointer(p), 1); err != nil {
		return v, fmt.Errorf("decoding a %v: %w", c.typ, err)
	}
	return *p, nil
}
