package funcs

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"testing"
	"time"
	"unsafe"
)

//lint:ignore U1000 only its layout is looked at
type tree struct {
	left, right *tree
	labels      map[string][]tree
}

type celsius float64

func (celsius) String() string { return "" }

func layoutTypes() []reflect.Type {
	return []reflect.Type{
		reflect.TypeFor[bool](), reflect.TypeFor[int8](), reflect.TypeFor[uint16](), reflect.TypeFor[rune](), reflect.TypeFor[int](),
		reflect.TypeFor[float32](), reflect.TypeFor[complex128](), reflect.TypeFor[string](), reflect.TypeFor[uintptr](),
		reflect.TypeFor[unsafe.Pointer](), reflect.TypeFor[[]byte](), reflect.TypeFor[[3]string](), reflect.TypeFor[[0]int](),
		reflect.TypeFor[map[string]int](), reflect.TypeFor[chan int](), reflect.TypeFor[<-chan error](), reflect.TypeFor[func(int) string](),
		reflect.TypeFor[error](), reflect.TypeFor[any](), reflect.TypeFor[io.ReadWriter](), reflect.TypeFor[*tree](), reflect.TypeFor[tree](),
		reflect.TypeFor[celsius](), reflect.TypeFor[struct{}](), reflect.TypeFor[struct {
			A int8
			B *string
			C int32
		}](), reflect.TypeFor[time.Time](), reflect.TypeFor[trial[string, int]](), reflect.TypeFor[*trial[tree, []celsius]](),
	}
}

func loaded(t testing.TB) *image {
	t.Helper()
	m, err := self()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestDescriptorHead compares what is read by hand with what package reflect says. If it fails, the Go release has moved
// something: see layout.go.
func TestDescriptorHead(t *testing.T) {
	m := loaded(t)
	hashes := make(map[uint32]reflect.Type)
	for _, typ := range layoutTypes() {
		p := descriptorOf(typ)
		if !m.static(p) {
			t.Errorf("%v: its descriptor is outside the image", typ)
			continue
		}
		h := (*head)(p)
		name, ok := m.nameOf(h)
		got := fmt.Sprint(h.size, h.align, h.fieldAlign, reflect.Kind(h.kind), ok, name)
		want := fmt.Sprint(typ.Size(), typ.Align(), typ.FieldAlign(), typ.Kind(), true, typ.String())
		if got != want || !m.plausible(h) {
			t.Errorf("%v: read %s (plausible %v), reflect says %s", typ, got, m.plausible(h), want)
		}
		if other, twice := hashes[h.hash]; twice {
			t.Errorf("%v and %v have the same hash %#x", typ, other, h.hash)
		}
		hashes[h.hash] = typ
		if typeAt(p) != typ {
			t.Errorf("%v: its descriptor gives %v", typ, typeAt(p))
		}
	}
}

// TestDescriptorHashIsTheOneOfMethodTables finds the hash of a type where the runtime keeps a copy: in the method table of an
// interface value, behind the addresses of both types.
func TestDescriptorHashIsTheOneOfMethodTables(t *testing.T) {
	for _, s := range []fmt.Stringer{celsius(1), time.Second, &time.Location{}} {
		type methodTable struct {
			inter, typ unsafe.Pointer
			hash       uint32
		}
		table := (*methodTable)((*face)(unsafe.Pointer(&s)).typ)
		p := descriptorOf(reflect.TypeOf(s))
		if table.typ != p || table.hash != (*head)(p).hash {
			t.Errorf("%T: the method table says %p %#x, the descriptor %p %#x", s, table.typ, table.hash, p, (*head)(p).hash)
		}
	}
}

func TestDescriptorSaysWhetherValuesHoldPointers(t *testing.T) {
	for typ, want := range map[reflect.Type]uintptr{
		reflect.TypeFor[int](): 0, reflect.TypeFor[*int](): 8, reflect.TypeFor[string](): 8, reflect.TypeFor[any](): 16,
		reflect.TypeFor[struct {
			P *int
			N [4]int
		}](): 8,
	} {
		if got := (*head)(descriptorOf(typ)).ptrBytes; got != want {
			t.Errorf("%v: pointers in the first %d bytes, want %d", typ, got, want)
		}
	}
}

func TestTypesMadeByReflectAreRefused(t *testing.T) {
	m := loaded(t)
	made := reflect.StructOf([]reflect.StructField{{Name: "OnlyHere", Type: reflect.TypeFor[celsius]()}})
	if _, err := m.typeRefOf(made); err == nil {
		t.Error("a type without a place in the image got a reference")
	}
	if _, err := AppendValue(nil, reflect.Zero(made).Interface()); err == nil {
		t.Error("a value of such a type was encoded")
	}
	if _, err := AppendOp(nil, reflect.Zero(made).Interface()); err == nil {
		t.Error("an operator of such a type was encoded")
	}
}

func TestTypesTravelAsReferences(t *testing.T) {
	m := loaded(t)
	for _, typ := range layoutTypes() {
		r, err := m.typeRefOf(typ)
		if err != nil {
			t.Errorf("%v: %v", typ, err)
			continue
		}
		in := reader{src: r.append(nil)}
		got, err := m.resolveType(in.typeRef())
		if err != nil || got != typ || in.err != nil || len(in.src) != 0 {
			t.Errorf("%v came back as %v (%v, %v, %d bytes left)", typ, got, err, in.err, len(in.src))
		}
	}
}

func TestDamagedTypeReferencesAreRefused(t *testing.T) {
	m := loaded(t)
	good, err := m.typeRefOf(reflect.TypeFor[tree]())
	if err != nil {
		t.Fatal(err)
	}
	other, err := m.typeRefOf(reflect.TypeFor[celsius]())
	if err != nil {
		t.Fatal(err)
	}
	for what, spoil := range map[string]func(r *typeRef){
		"another type's place": func(r *typeRef) { r.offset = other.offset },
		"not aligned":          func(r *typeRef) { r.offset++ },
		"negative":             func(r *typeRef) { r.offset = -8 },
		"before the image":     func(r *typeRef) { r.offset = -1 << 62 },
		"behind the image":     func(r *typeRef) { r.offset = 1 << 62 },
		"in the code":          func(r *typeRef) { r.offset = 4096 },
		"size":                 func(r *typeRef) { r.size++ },
		"hash":                 func(r *typeRef) { r.hash++ },
		"name":                 func(r *typeRef) { r.name = "funcs.Tree" },
		"no name":              func(r *typeRef) { r.name = "" },
		"package":              func(r *typeRef) { r.pkgPath += "x" },
	} {
		r := good
		spoil(&r)
		if got, err := m.resolveType(r); err == nil {
			t.Errorf("%s: a reference that is wrong gives %v", what, got)
		}
	}
}

// everyType plays the strongest liar: at every word of the image's constant data it claims exactly the size, hash and name that
// the bytes there spell. It calls yield with each reference that gives a type.
func everyType(m *image, yield func(typeRef, reflect.Type)) {
	for _, s := range m.frozen {
		for p := (s.lo + wordBytes - 1) &^ (wordBytes - 1); s.holds(p, headBytes); p += wordBytes {
			h := (*head)(m.pointer(p))
			if !m.plausible(h) {
				continue
			}
			name, ok := m.nameOf(h)
			if !ok {
				continue
			}
			r := typeRef{offset: int64(p - m.base), size: uint64(h.size), hash: h.hash, name: name, pkgPath: typeAt(m.pointer(p)).PkgPath()}
			if t, err := m.resolveType(r); err == nil {
				yield(r, t)
			}
		}
	}
}

// TestNoPlaceInTheImageCrashesADecoder makes every type of the image pass for an operator and for a value, with nothing behind.
// Bodies are left to the fuzz test: types that the program never uses have methods that the linker dropped, and only a liar who
// knows the image can name them.
func TestNoPlaceInTheImageCrashesADecoder(t *testing.T) {
	m := loaded(t)
	types, shapes := 0, 0
	everyType(m, func(r typeRef, typ reflect.Type) {
		types++
		message := r.append(nil)
		if _, _, err := DecodeValue(nil, message); err == nil {
			t.Errorf("%v: a value came out of nothing", typ)
		}
		if s, err := m.shapeOf(typ); err == nil {
			shapes++
			if _, _, err := DecodeOp(nil, message); err == nil && len(s.fields) > 0 {
				t.Errorf("%v: an operator came out of nothing", typ)
			}
		}
	})
	if types < 300 || shapes < 20 {
		t.Errorf("only %d types found, %d of them fit for operators", types, shapes)
	}
}

func TestCalibrationFailsLoudly(t *testing.T) {
	m := *loaded(t)
	if err := m.calibrate(reflect.PointerTo(reflect.StructOf([]reflect.StructField{{Name: "N", Type: reflect.TypeFor[celsius]()}}))); !errors.Is(err, errLayout) {
		t.Errorf("a type outside the image serves as the probe: %v", err)
	}
}
