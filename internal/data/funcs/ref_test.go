package funcs

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

type pair struct {
	word string
	n    int
}

func pairOf(w string, n int) pair { return pair{w, n} }

func (p pair) longer(n int) bool { return p.n > n }

func same[T any](v T) T { return v }

// travellers are functions of every sort that may travel.
func travellers() []any {
	return []any{
		strings.Fields, strings.ToUpper, math.Sqrt, errors.New,
		pairOf, pair.longer, (*pair).longer, error.Error,
		same[int], same[string], same[pair], same[*pair],
		func(n int) int { return n * n },
		func(w string) pair { return pairOf(w, 1) },
		TestDescriptorHead,
		reflect.Value.Interface,
	}
}

func TestAReferenceGivesTheSameCodeBack(t *testing.T) {
	for _, f := range travellers() {
		r, err := RefOf(f)
		if err != nil {
			t.Errorf("%T: %v", f, err)
			continue
		}
		sent, rest, err := DecodeRef(append(r.Append(nil), "rest"...))
		if err != nil || sent != r || string(rest) != "rest" {
			t.Errorf("%v came out of its encoding as %v, %q, %v", r, sent, rest, err)
		}
		v, err := sent.Value(reflect.TypeOf(f))
		if err != nil {
			t.Errorf("%v: %v", r, err)
			continue
		}
		if v.Type() != reflect.TypeOf(f) || closureOf(v.Interface()) != closureOf(f) || v.Pointer() != reflect.ValueOf(f).Pointer() {
			t.Errorf("%v gives another function", r)
		}
	}
}

func TestInstancesOfOneGenericFunctionHaveTheirOwnReferences(t *testing.T) {
	a, errA := RefOf(same[int])
	b, errB := RefOf(same[string])
	if errA != nil || errB != nil || a.Offset == b.Offset || a.Name != b.Name {
		t.Errorf("got %v and %v (%v, %v)", a, b, errA, errB)
	}
}

func TestAFunctionKeepsItsNameWhenItsFirstInstructionIsInlined(t *testing.T) {
	r, err := RefOf(func(w string) pair { return pairOf(strings.TrimSpace(w), 1) })
	if err != nil || !strings.Contains(r.Name, "TestAFunctionKeepsItsName") {
		t.Errorf("got %v, %v", r, err)
	}
}

func TestANamedFunctionTypeTravels(t *testing.T) {
	type less func(a, b int) bool
	r, err := RefOf(less(func(a, b int) bool { return a < b }))
	if err != nil {
		t.Fatal(err)
	}
	v, err := r.Value(reflect.TypeFor[less]())
	if err != nil || !v.Interface().(less)(1, 2) {
		t.Errorf("got %v, %v", v, err)
	}
}

func TestAWrongReferenceIsRefused(t *testing.T) {
	good, err := RefOf(strings.ToUpper)
	if err != nil {
		t.Fatal(err)
	}
	other, err := RefOf(strings.ToLower)
	if err != nil {
		t.Fatal(err)
	}
	for want, spoil := range map[string]func(r *Ref){
		"strings.ToLower is at its place":   func(r *Ref) { r.Offset = other.Offset },
		"not aligned":                       func(r *Ref) { r.Offset += 4 },
		"outside the constant data":         func(r *Ref) { r.Offset = -8 },
		"outside":                           func(r *Ref) { r.Offset = math.MaxInt64 &^ 7 },
		"outside the":                       func(r *Ref) { r.Offset = math.MinInt64 },
		"offset 0x":                         func(r *Ref) { r.Offset = 1 << 40 },
		"no function at its place":          func(r *Ref) { r.Offset = loaded(t).offset(descriptorOf(reflect.TypeFor[pair]())) },
		"strings.ToUpper is at its place":   func(r *Ref) { r.Name = "strings.ToTitle" },
		"a func(string) string is wanted":   func(r *Ref) { r.Type = "func(string) bool" },
		"reference to function of type ":    func(r *Ref) { *r = Ref{} },
		"reference to function " + "xxxxxx": func(r *Ref) { r.Name = strings.Repeat("x", 1000) },
	} {
		r := good
		spoil(&r)
		v, err := r.Value(reflect.TypeOf(strings.ToUpper))
		if err == nil {
			t.Errorf("%v gives %v", r, v)
		} else if !strings.Contains(strings.ReplaceAll(err.Error(), "function  of", "function of"), want) || len(err.Error()) > 1000 {
			t.Errorf("%v: %q does not say %q", r, err, want)
		}
	}
	if _, err := good.Value(reflect.TypeFor[func(string) bool]()); err == nil {
		t.Error("a function was given as one of another type")
	}
	if _, err := good.Value(reflect.TypeFor[string]()); err == nil {
		t.Error("a function was given as a string")
	}
	if _, err := good.Value(nil); err == nil {
		t.Error("a function was given as nothing")
	}
}

// TestAnyOffsetIsRefusedOrNamesItsFunction tries offsets near to and far from real ones.
func TestAnyOffsetIsRefusedOrNamesItsFunction(t *testing.T) {
	m := loaded(t)
	good, err := RefOf(strings.ToUpper)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		r := good
		r.Offset = rapid.OneOf(
			rapid.Int64(),
			rapid.Custom(func(t *rapid.T) int64 { return good.Offset + int64(rapid.Int32().Draw(t, "distance")) }),
			rapid.Custom(func(t *rapid.T) int64 { return good.Offset + 8*int64(rapid.Int16().Draw(t, "words")) }),
		).Draw(t, "offset")
		v, err := r.Value(reflect.TypeOf(strings.ToUpper))
		if (err == nil) != (r.Offset == good.Offset) {
			t.Errorf("offset %#x (right is %#x): %v, %v", r.Offset, good.Offset, v, err)
		}
		if p, err := m.at(r.Offset, wordBytes); err == nil {
			_, _ = symbolAt(*(*uintptr)(p))
		}
	})
}

func TestWhatCannotTravelIsNamedAndSaysWhatToWrite(t *testing.T) {
	n := len(t.Name())
	_, literal := RefOf(func(x int) int { return x + n })
	_, method := RefOf(pair{}.longer)
	_, generic := RefOf(genericLiteral[int]())
	_, none := RefOf((func())(nil))
	for _, c := range []struct {
		err   error
		words []string
	}{
		{literal, []string{"captures", "TestWhatCannotTravel", "ref_test.go:", "MapWith", "broadcast"}},
		{method, []string{"method value funcs.pair.longer ", "method expression", "MapWith"}},
		{generic, []string{"generic function", "captures", "MapFn", "functor", "ref_test.go:"}},
		{none, []string{"nil"}},
	} {
		var capture *CaptureError
		if !errors.As(c.err, &capture) {
			t.Errorf("got %v, want a CaptureError", c.err)
			continue
		}
		for _, w := range c.words {
			if !strings.Contains(c.err.Error(), w) {
				t.Errorf("%q does not say %q", c.err, w)
			}
		}
	}
	if _, err := RefOf(5); err == nil || !strings.Contains(err.Error(), "int is not a function") {
		t.Errorf("5 got a reference: %v", err)
	}
}

func genericLiteral[T any]() func(T) T { return func(v T) T { return v } }

func TestACaptureErrorPointsAtTheLiteral(t *testing.T) {
	n := len(t.Name())
	_, err := RefOf(func(x int) int { // here is the literal
		return x + n // here is the literal
	})
	capture := err.(*CaptureError)
	if !strings.HasSuffix(capture.File, "ref_test.go") || !lineIs(t, capture.File, capture.Line, "// here is the literal") {
		t.Errorf("got %s:%d", capture.File, capture.Line)
	}
}

func FuzzRef(f *testing.F) {
	for _, fn := range travellers() {
		r, err := RefOf(fn)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(r.Append(nil))
	}
	f.Add([]byte{})
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\xff\xff\x03"))
	f.Fuzz(func(t *testing.T, src []byte) {
		r, rest, err := DecodeRef(src)
		if err != nil {
			return
		}
		if len(rest) > len(src) {
			t.Fatalf("%d bytes left of %d", len(rest), len(src))
		}
		for _, fn := range travellers() {
			if v, err := r.Value(reflect.TypeOf(fn)); err == nil && v.IsNil() {
				t.Fatal("a reference gives nil")
			}
		}
	})
}
