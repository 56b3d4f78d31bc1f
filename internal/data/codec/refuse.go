package codec

import (
	"fmt"
	"reflect"
)

// TypeError is a type that cannot be encoded.
type TypeError struct {
	Type reflect.Type // the type that was asked for
	Path string       // the way to the part that is to blame, such as "Order.Lines[].cb"
	Part reflect.Type // that part
	Why  string       // what is wrong with it, and what to write instead
}

// Error names the path, unless the type itself is to blame, what is there, and what to do.
func (e *TypeError) Error() string {
	if e.Path == e.Part.String() {
		return fmt.Sprintf("%v cannot be encoded: %s", e.Part, e.Why)
	}
	return fmt.Sprintf("%s: %v cannot be encoded: %s", e.Path, e.Part, e.Why)
}

const leaveOut = " or leave it out with the tag `kiln:\"-\"`"

// refusal says why a type without an encoding of its own must not travel, whatever its fields; it is empty for most.
func refusal(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Chan:
		return "a chan belongs to one process: send values instead," + leaveOut
	case reflect.Func:
		return "a func travels only as the function of a verb: keep a value that says which function is meant," + leaveOut
	case reflect.UnsafePointer:
		return "an unsafe pointer means nothing in another process: use the value that it points to," + leaveOut
	case reflect.Interface:
		return "an interface has no fixed type: use a concrete type, give the interface a codec with kiln.RegisterCodec," + leaveOut
	}
	if p := t.PkgPath(); p == "sync" || p == "sync/atomic" {
		return "a " + p + " type belongs to one process: use a plain value," + leaveOut
	}
	return ""
}
