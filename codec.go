package kiln

import (
	"errors"

	"github.com/kilnproject/kiln/internal/data/codec"
)

// RegisterCodec says how values of T travel and rest: in rows, environments, broadcasts and files. T may be an interface, which rows have
// no other way to hold, or a type whose fields do not tell all. It counts before the methods of encoding.BinaryMarshaler and
// TextMarshaler, and before the fields.
//
// Call it from an init function, so that every process of the application knows it before the type is first used; later calls change
// nothing for types that were used. Encode gives the same bytes for the same value, and never sees a nil interface, which travels by
// itself; decode may keep its bytes. Their errors fail the task. Both are called from many goroutines.
func RegisterCodec[T any](encode func(T) ([]byte, error), decode func([]byte) (T, error)) {
	if encode == nil || decode == nil {
		panic(&BuildError{Verb: "RegisterCodec", Site: userSite(), Cause: errors.New("the function is nil: pass a function")})
	}
	codec.Register(func(dst []byte, v T) ([]byte, error) {
		b, err := encode(v)
		return append(dst, b...), err
	}, decode)
}
