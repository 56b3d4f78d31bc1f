package codec

import (
	"fmt"
	"hash/crc32"
	"reflect"
	"strings"
)

// fingerprint tells types apart that would be decoded differently. It is not a promise: a reader that follows an index to the wrong
// block is found, a forger is not.
func fingerprint(t reflect.Type) uint32 {
	var b strings.Builder
	describe(&b, t, map[reflect.Type]bool{})
	return crc32.Checksum([]byte(b.String()), castagnoli)
}

func describe(b *strings.Builder, t reflect.Type, seen map[reflect.Type]bool) {
	fmt.Fprintf(b, "%s/%d", t.String(), t.Kind())
	if seen[t] {
		return
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Struct:
		b.WriteByte('{')
		for i := range t.NumField() {
			b.WriteString(t.Field(i).Name)
			describe(b, t.Field(i).Type, seen)
		}
		b.WriteByte('}')
	case reflect.Array, reflect.Slice, reflect.Pointer:
		describe(b, t.Elem(), seen)
	case reflect.Map:
		describe(b, t.Key(), seen)
		describe(b, t.Elem(), seen)
	}
}
