package trip

import (
	"errors"
	"fmt"
	"os"

	"github.com/kilnproject/kiln/internal/data/funcs"
)

// adder is a constructor of closures.
func adder(k int) func(int) int { return func(n int) int { return n + k } }

// Zero has no bytes, so that its method values carry nothing worth the name.
type Zero struct{}

// Self gives its argument.
func (Zero) Self(n int) int { return n }

func literalIn[T any]() func(T) T { return func(v T) T { return v } }

func identity[T any](v T) T { return v }

func instanceIn[T any]() func(T) T { return identity[T] }

var (
	packageClosure = adder(3)
	packageMethod  = Point{1, 2}.Scale
	started        = len(os.Args)
)

func refusals() error {
	n := started
	counter := func() int { n++; return n }
	point := Point{1, 2}
	empty := [0]int{}
	for _, c := range []struct {
		what string
		f    any
		want funcs.CaptureKind
	}{
		{"literal that captures", func(x int) int { return x + n }, funcs.Captures},
		{"literal that captures by reference", counter, funcs.Captures},
		{"literal that captures nothing but an empty array", func() any { return empty }, funcs.Captures},
		{"closure from a constructor", adder(started), funcs.Captures},
		{"closure over a constant from a constructor", adder(1), funcs.Captures},
		{"closure in a package variable", packageClosure, funcs.Captures},
		{"method value", point.Scale, funcs.MethodValue},
		{"method value of a pointer", (&point).Norm, funcs.MethodValue},
		{"method value of an interface", Scaler(point).Scale, funcs.MethodValue},
		{"method value of an empty struct", Zero{}.Self, funcs.MethodValue},
		{"method value in a package variable", packageMethod, funcs.MethodValue},
		{"literal in a generic function", literalIn[int](), funcs.GenericLiteral},
		{"instance by a type parameter", instanceIn[string](), funcs.GenericLiteral},
		{"nil function", (func())(nil), funcs.NilFunc},
		{"nothing", nil, funcs.NilFunc},
	} {
		_, err := funcs.RefOf(c.f)
		var capture *funcs.CaptureError
		if !errors.As(err, &capture) || capture.Kind != c.want {
			return fmt.Errorf("%s: got %v, want it refused as %q", c.what, err, c.want)
		}
	}
	return nil
}
