package op

import (
	"cmp"
	"fmt"
	"reflect"
	"unsafe"

	"github.com/kilnproject/kiln/internal/data/key"
)

// order is how values of a type are sorted: as cmp.Compare does, without knowing the type.
type order struct {
	prefix  func(base unsafe.Pointer, n, stride int, out []uint64)
	exact   bool // prefixes tell all values apart
	compare func(a, b unsafe.Pointer) int
}

func orderOf(t reflect.Type) (*order, error) {
	prefix, exact, ok := key.PrefixOf(t)
	compare := comparer(t.Kind())
	if !ok || compare == nil {
		return nil, fmt.Errorf("values of %v have no order: sort by a number or a string, or use SortFunc", t)
	}
	return &order{prefix: prefix, exact: exact, compare: compare}, nil
}

func comparer(k reflect.Kind) func(a, b unsafe.Pointer) int {
	switch k {
	case reflect.Int:
		return compareAs[int]
	case reflect.Int8:
		return compareAs[int8]
	case reflect.Int16:
		return compareAs[int16]
	case reflect.Int32:
		return compareAs[int32]
	case reflect.Int64:
		return compareAs[int64]
	case reflect.Uint, reflect.Uintptr:
		return compareAs[uint]
	case reflect.Uint8:
		return compareAs[uint8]
	case reflect.Uint16:
		return compareAs[uint16]
	case reflect.Uint32:
		return compareAs[uint32]
	case reflect.Uint64:
		return compareAs[uint64]
	case reflect.Float32:
		return compareAs[float32]
	case reflect.Float64:
		return compareAs[float64]
	case reflect.String:
		return compareAs[string]
	}
	return nil
}

func compareAs[T cmp.Ordered](a, b unsafe.Pointer) int { return cmp.Compare(*(*T)(a), *(*T)(b)) }
