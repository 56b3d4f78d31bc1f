package codec

import (
	"encoding"
	"fmt"
	"hash/crc32"
	"reflect"
	"strings"
	"time"
	"unsafe"
)

// TypeError is a type that cannot be encoded.
type TypeError struct {
	Type reflect.Type // the type that was asked for
	Path string       // the way to the part that is to blame, such as "Order.Lines[].cb"
	Part reflect.Type // that part
	Why  string
}

// Error names the path, what is there, and what to do.
func (e *TypeError) Error() string {
	return fmt.Sprintf("%s: %v cannot be encoded: %s", e.Path, e.Part, e.Why)
}

// compiler compiles one type; types on the way down are known by a forward column, so that recursive ones end.
type compiler struct {
	top  reflect.Type
	open map[reflect.Type]*forward
}

func compile(t reflect.Type) (column, error) {
	c := compiler{top: t, open: map[reflect.Type]*forward{}}
	name := t.Name()
	if name == "" {
		name = t.String()
	}
	return c.column(t, shortName(name))
}

// shortName leaves package paths out of type arguments.
func shortName(s string) string {
	if i := strings.IndexByte(s, '['); i > 0 {
		return s[:i]
	}
	return s
}

func (c *compiler) refuse(t reflect.Type, path, why string) error {
	return &TypeError{Type: c.top, Path: path, Part: t, Why: why}
}

var (
	binaryMarshaler   = reflect.TypeFor[encoding.BinaryMarshaler]()
	binaryUnmarshaler = reflect.TypeFor[encoding.BinaryUnmarshaler]()
	textMarshaler     = reflect.TypeFor[encoding.TextMarshaler]()
	textUnmarshaler   = reflect.TypeFor[encoding.TextUnmarshaler]()
	traveller         = reflect.TypeFor[Traveller]()
	timeType          = reflect.TypeFor[time.Time]()
)

func (c *compiler) column(t reflect.Type, path string) (column, error) {
	if f := c.open[t]; f != nil {
		return f, nil
	}
	f := &forward{}
	c.open[t] = f
	defer delete(c.open, t)
	col, err := c.build(t, path)
	if err != nil {
		return nil, err
	}
	f.to = col
	return col, nil
}

func (c *compiler) build(t reflect.Type, path string) (column, error) {
	if why := forbidden(t); why != "" {
		return nil, c.refuse(t, path, why)
	}
	if col := customOf(t); col != nil {
		return col, nil
	}
	switch t.Kind() {
	case reflect.Bool:
		return bools{raw{1}}, nil
	case reflect.Int8, reflect.Uint8:
		return raw{1}, nil
	case reflect.Int16:
		return integers[int16]{}, nil
	case reflect.Int32:
		return integers[int32]{}, nil
	case reflect.Int64:
		return integers[int64]{}, nil
	case reflect.Int:
		return integers[int]{}, nil
	case reflect.Uint16:
		return integers[uint16]{}, nil
	case reflect.Uint32:
		return integers[uint32]{}, nil
	case reflect.Uint64:
		return integers[uint64]{}, nil
	case reflect.Uint, reflect.Uintptr:
		return integers[uint]{}, nil
	case reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return raw{t.Size()}, nil
	case reflect.String:
		return text{}, nil
	case reflect.Struct:
		return c.structure(t, path)
	case reflect.Array:
		return c.array(t, path)
	case reflect.Slice:
		return c.slice(t, path)
	case reflect.Pointer:
		return c.pointer(t, path)
	case reflect.Map:
		return c.mapping(t, path)
	case reflect.Interface:
		return nil, c.refuse(t, path, "an interface has no fixed type: use a concrete type, or codec registration for the interface")
	}
	return nil, c.refuse(t, path, "there is no way to encode it")
}

// forbidden says why a type must not travel, whatever its fields.
func forbidden(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Chan:
		return "a chan belongs to one process: send values, not the chan"
	case reflect.Func:
		return "a func travels only as the function of a verb: keep a value that says which function is meant"
	case reflect.UnsafePointer:
		return "an unsafe pointer means nothing in another process"
	}
	if p := t.PkgPath(); p == "sync" || p == "sync/atomic" {
		return "a " + p + " type belongs to one process: leave it out with the tag `kiln:\"-\"`"
	}
	return ""
}

func (c *compiler) structure(t reflect.Type, path string) (column, error) {
	s := &structure{flat: true}
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Tag.Get("kiln") == "-" {
			if hasPointers(f.Type) {
				s.flat = false
			}
			s.skipped = append(s.skipped, field{offset: f.Offset, size: f.Type.Size()})
			continue
		}
		if f.Type.Size() == 0 && f.Type.Kind() == reflect.Struct && f.Type.NumField() == 0 {
			continue
		}
		col, err := c.column(f.Type, path+"."+f.Name)
		if err != nil {
			return nil, err
		}
		s.fields = append(s.fields, field{column: col, offset: f.Offset})
		tr := col.traits()
		s.flat = s.flat && tr.flat
		s.bytes = s.bytes || tr.bytes
		s.deep = s.deep || tr.deep
	}
	return s, nil
}

func (c *compiler) array(t reflect.Type, path string) (column, error) {
	col, err := c.column(t.Elem(), path+"[]")
	if err != nil {
		return nil, err
	}
	return &array{elem: col, n: t.Len(), size: t.Elem().Size()}, nil
}

func (c *compiler) slice(t reflect.Type, path string) (column, error) {
	if t.Elem().Kind() == reflect.Uint8 && customOf(t.Elem()) == nil {
		return byteSlices{}, nil
	}
	col, err := c.column(t.Elem(), path+"[]")
	if err != nil {
		return nil, err
	}
	return &slices{typ: t, elem: col, size: t.Elem().Size()}, nil
}

func (c *compiler) pointer(t reflect.Type, path string) (column, error) {
	col, err := c.column(t.Elem(), path)
	if err != nil {
		return nil, err
	}
	return &pointers{typ: t, elem: col, size: t.Elem().Size()}, nil
}

func (c *compiler) mapping(t reflect.Type, path string) (column, error) {
	k, err := c.column(t.Key(), path+"[key]")
	if err != nil {
		return nil, err
	}
	v, err := c.column(t.Elem(), path+"[]")
	if err != nil {
		return nil, err
	}
	return &maps{typ: t, key: k, value: v, keys: reflect.SliceOf(t.Key()), values: reflect.SliceOf(t.Elem())}, nil
}

// hasPointers reports whether the garbage collector looks into values of the type.
func hasPointers(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			if hasPointers(t.Field(i).Type) {
				return true
			}
		}
		return false
	case reflect.Array:
		return t.Len() > 0 && hasPointers(t.Elem())
	}
	return t.Kind() > reflect.Complex128 && t.Kind() != reflect.Array
}

// forward stands for a type that is being compiled.
type forward struct{ to column }

func (f *forward) append(e *encodeState, dst []byte, base unsafe.Pointer, n int, stride uintptr) ([]byte, error) {
	if err := f.enter(e); err != nil {
		return dst, err
	}
	dst, err := f.to.append(e, dst, base, n, stride)
	e.depth--
	return dst, err
}

func (f *forward) decode(d *decoding, base unsafe.Pointer, n int, stride uintptr) {
	d.depth++
	if d.depth > maxDepth {
		d.fail("values are nested more than %d deep", maxDepth)
	}
	if d.err == nil {
		f.to.decode(d, base, n, stride)
	}
	d.depth--
}
func (f *forward) detach(base unsafe.Pointer, n int, stride uintptr, a *Arena) {
	f.to.detach(base, n, stride, a)
}
func (f *forward) footprint(base unsafe.Pointer, n int, stride uintptr) int64 {
	return f.to.footprint(base, n, stride)
}

// A recursive type refers to itself through a pointer, slice or map, which takes a byte for each value.
func (f *forward) traits() traits { return traits{bytes: true, deep: true} }

// fingerprint tells types apart that would be decoded differently.
func fingerprint(t reflect.Type) uint32 {
	var b strings.Builder
	describe(&b, t, map[reflect.Type]bool{})
	return crc32.Checksum([]byte(b.String()), castagnoli)
}

func describe(b *strings.Builder, t reflect.Type, open map[reflect.Type]bool) {
	fmt.Fprintf(b, "%s/%d", t.String(), t.Kind())
	if open[t] {
		return
	}
	open[t] = true
	switch t.Kind() {
	case reflect.Struct:
		b.WriteByte('{')
		for i := range t.NumField() {
			b.WriteString(t.Field(i).Name)
			describe(b, t.Field(i).Type, open)
		}
		b.WriteByte('}')
	case reflect.Array, reflect.Slice, reflect.Pointer:
		describe(b, t.Elem(), open)
	case reflect.Map:
		describe(b, t.Key(), open)
		describe(b, t.Elem(), open)
	}
}
