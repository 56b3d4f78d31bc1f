package funcs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
)

// maxTypeBytes bounds the values that a decoder makes room for at the word of a message. Larger ones belong into a broadcast.
const maxTypeBytes = 64 << 20

// typeRef is the place of a type's descriptor in the image, with what the descriptor must say.
type typeRef struct {
	offset  int64
	size    uint64
	hash    uint32
	name    string // as reflect's String; instances name their type arguments with full paths
	pkgPath string
}

func (m *image) typeRefOf(t reflect.Type) (typeRef, error) {
	p := descriptorOf(t)
	if !m.static(p) {
		return typeRef{}, fmt.Errorf("type %v was made at run time by package reflect and cannot travel to executors: write it as a type of the program", t)
	}
	if t.Size() > maxTypeBytes {
		return typeRef{}, fmt.Errorf("a value of type %v takes %d bytes in itself, more than the %d that travel: put it behind a slice, or into a broadcast", t, t.Size(), maxTypeBytes)
	}
	h := (*head)(p)
	return typeRef{m.offset(p), uint64(h.size), h.hash, t.String(), t.PkgPath()}, nil
}

func (r typeRef) append(dst []byte) []byte {
	dst = binary.AppendUvarint(appendOffset(dst, r.offset), r.size)
	dst = binary.LittleEndian.AppendUint32(dst, r.hash)
	return appendText(appendText(dst, r.name), r.pkgPath)
}

func (r *reader) typeRef() typeRef {
	return typeRef{int64(r.uint()), r.uint(), r.fixed32(), r.text(), r.text()}
}

// resolveType finds the type that r stands for. Package reflect would follow any pointer, so the head of the descriptor is
// read and compared by hand before reflect sees it.
func (m *image) resolveType(r typeRef) (reflect.Type, error) {
	p, err := m.at(r.offset, headBytes)
	if err != nil {
		return nil, r.wrong(err)
	}
	h := (*head)(p)
	if !m.plausible(h) {
		return nil, r.wrong(errors.New("there is no type at its place"))
	}
	if name, ok := m.nameOf(h); !ok || name != r.name || uint64(h.size) != r.size || h.hash != r.hash {
		return nil, r.wrong(errors.New("another type is at its place"))
	}
	if r.size > maxTypeBytes {
		return nil, r.wrong(fmt.Errorf("its %d bytes are more than the %d that travel", r.size, maxTypeBytes))
	}
	t := typeAt(p)
	if t.String() != r.name || t.PkgPath() != r.pkgPath {
		return nil, r.wrong(errors.New("a type of another package is at its place"))
	}
	return t, nil
}

func (r typeRef) wrong(err error) error {
	return fmt.Errorf("reference to type %s: %w", clip(r.name), err)
}
