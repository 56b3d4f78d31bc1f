package replay

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
)

// What a log keeps of long values. The core compares texts and looks at the lengths of opaque bytes, and no real ones are longer.
const (
	maxText   = 4 << 10
	maxOpaque = 64 << 20
)

// shape is how the values of one type are written: integers as varints, text with its length, lists and maps with their number and
// one, for zero means nil; maps in the order of their keys; of bytes only how many there are.
type shape struct {
	text  string // what is compared between writer and reader
	least int    // bytes of the smallest value, at least 1: it bounds what a list may claim
	put   func(to []byte, v reflect.Value) []byte
	get   func(from *reader, v reflect.Value)
}

// shapeOf gives the shape of a type. It panics on one that no event or action has, which a test finds.
func shapeOf(t reflect.Type) *shape {
	switch t.Kind() {
	case reflect.Bool:
		return boolShape
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return intShape
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return uintShape
	case reflect.Float64:
		return floatShape
	case reflect.String:
		return textShape
	case reflect.Slice:
		switch {
		case t == reflect.TypeFor[[]byte]():
			return opaqueShape
		case t.Elem() == reflect.TypeFor[byte]():
			return bytesShape
		}
		return listShape(t)
	case reflect.Map:
		return mapShape(t)
	case reflect.Pointer:
		return pointerShape(t)
	case reflect.Struct:
		return structShape(t)
	}
	panic(fmt.Sprintf("replay: no shape for %v", t))
}

var boolShape = &shape{
	text: "bool", least: 1,
	put: func(to []byte, v reflect.Value) []byte {
		if v.Bool() {
			return append(to, 1)
		}
		return append(to, 0)
	},
	get: func(from *reader, v reflect.Value) { v.SetBool(from.byte() != 0) },
}

var intShape = &shape{
	text: "int", least: 1,
	put: func(to []byte, v reflect.Value) []byte { return binary.AppendVarint(to, v.Int()) },
	get: func(from *reader, v reflect.Value) {
		n := from.varint()
		if v.OverflowInt(n) {
			from.fail("a number is too large")
			return
		}
		v.SetInt(n)
	},
}

var uintShape = &shape{
	text: "uint", least: 1,
	put: func(to []byte, v reflect.Value) []byte { return binary.AppendUvarint(to, v.Uint()) },
	get: func(from *reader, v reflect.Value) {
		n := from.uvarint()
		if v.OverflowUint(n) {
			from.fail("a number is too large")
			return
		}
		v.SetUint(n)
	},
}

var floatShape = &shape{
	text: "float", least: 8,
	put: func(to []byte, v reflect.Value) []byte {
		return binary.LittleEndian.AppendUint64(to, math.Float64bits(v.Float()))
	},
	get: func(from *reader, v reflect.Value) {
		if b := from.take(8); b != nil {
			v.SetFloat(math.Float64frombits(binary.LittleEndian.Uint64(b)))
		}
	},
}

var textShape = &shape{
	text: "text", least: 1,
	put: func(to []byte, v reflect.Value) []byte {
		s := v.String()
		s = s[:min(len(s), maxText)]
		return append(binary.AppendUvarint(to, uint64(len(s))), s...)
	},
	get: func(from *reader, v reflect.Value) { v.SetString(string(from.take(from.number(1)))) },
}

var opaqueShape = &shape{
	text: "opaque", least: 1,
	put: func(to []byte, v reflect.Value) []byte {
		if v.IsNil() {
			return append(to, 0)
		}
		return binary.AppendUvarint(to, 1+uint64(min(v.Len(), maxOpaque)))
	},
	get: func(from *reader, v reflect.Value) {
		n := from.uvarint()
		switch {
		case n > maxOpaque+1:
			from.fail("opaque bytes are too many")
		case n > 0:
			v.SetBytes(from.zeros(int(n - 1)))
		}
	},
}

// bytesShape is of bytes that have a type of their own: they are not the user's, and the core looks at them.
var bytesShape = &shape{
	text: "bytes", least: 1,
	put: func(to []byte, v reflect.Value) []byte {
		if v.IsNil() {
			return append(to, 0)
		}
		return append(binary.AppendUvarint(to, 1+uint64(v.Len())), v.Bytes()...)
	},
	get: func(from *reader, v reflect.Value) {
		if n, ok := from.count(1); ok {
			v.SetBytes(from.take(n))
		}
	},
}

func listShape(t reflect.Type) *shape {
	of := shapeOf(t.Elem())
	return &shape{
		text: "[]" + of.text, least: 1,
		put: func(to []byte, v reflect.Value) []byte {
			if v.IsNil() {
				return append(to, 0)
			}
			to = binary.AppendUvarint(to, 1+uint64(v.Len()))
			for i := range v.Len() {
				to = of.put(to, v.Index(i))
			}
			return to
		},
		get: func(from *reader, v reflect.Value) {
			n, ok := from.count(of.least)
			if !ok {
				return
			}
			list := reflect.MakeSlice(t, n, n)
			for i := range n {
				of.get(from, list.Index(i))
			}
			v.Set(list)
		},
	}
}

func mapShape(t reflect.Type) *shape {
	if t.Key().Kind() != reflect.String {
		panic(fmt.Sprintf("replay: no shape for %v", t))
	}
	of := shapeOf(t.Elem())
	return &shape{
		text: "map " + of.text, least: 1,
		put: func(to []byte, v reflect.Value) []byte {
			if v.IsNil() {
				return append(to, 0)
			}
			keys := v.MapKeys()
			slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(a.String(), b.String()) })
			to = binary.AppendUvarint(to, 1+uint64(len(keys)))
			for _, key := range keys {
				to = of.put(textShape.put(to, key), v.MapIndex(key))
			}
			return to
		},
		get: func(from *reader, v reflect.Value) {
			n, ok := from.count(1 + of.least)
			if !ok {
				return
			}
			m, key, value := reflect.MakeMapWithSize(t, n), reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
			for range n {
				textShape.get(from, key)
				value.SetZero()
				of.get(from, value)
				m.SetMapIndex(key, value)
			}
			v.Set(m)
		},
	}
}

func pointerShape(t reflect.Type) *shape {
	of := shapeOf(t.Elem())
	return &shape{
		text: "*" + of.text, least: 1,
		put: func(to []byte, v reflect.Value) []byte {
			if v.IsNil() {
				return append(to, 0)
			}
			return of.put(append(to, 1), v.Elem())
		},
		get: func(from *reader, v reflect.Value) {
			if from.byte() != 0 {
				v.Set(reflect.New(t.Elem()))
				of.get(from, v.Elem())
			}
		},
	}
}

func structShape(t reflect.Type) *shape {
	fields, texts, least := make([]*shape, t.NumField()), make([]string, t.NumField()), 0
	for i := range fields {
		fields[i] = shapeOf(t.Field(i).Type)
		texts[i] = t.Field(i).Name + " " + fields[i].text
		least += fields[i].least
	}
	return &shape{
		text: t.Name() + "{" + strings.Join(texts, ", ") + "}", least: max(least, 1),
		put: func(to []byte, v reflect.Value) []byte {
			for i, f := range fields {
				to = f.put(to, v.Field(i))
			}
			return to
		},
		get: func(from *reader, v reflect.Value) {
			for i, f := range fields {
				if from.err == nil {
					f.get(from, v.Field(i))
				}
			}
		},
	}
}
