package funcs

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// op is a generic operator with everything that an operator may hold.
type op[E, T any] struct {
	Env    E
	Fn     functor[T]
	hidden func(T) T
	Rows   []T
	Skip   func() `kiln:"-"`
	_      chan int
}

type functor[T any] struct {
	Inner struct{ F func(T, T) T }
	By    int
}

func add(a, b int) int { return a + b }

func newOp() op[pair, int] {
	o := op[pair, int]{Env: pair{"w", 3}, hidden: same[int], Rows: []int{1, 2, 3}, Skip: func() {}}
	o.Fn.Inner.F, o.Fn.By = add, 4
	return o
}

func encoded(t testing.TB, op any) []byte {
	t.Helper()
	b, err := AppendOp(nil, op)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAnOperatorArrivesWholeAndFresh(t *testing.T) {
	o := newOp()
	for _, sent := range []any{o, &o} {
		got, rest, err := DecodeOp(nil, append(encoded(t, sent), "rest"...))
		if err != nil || string(rest) != "rest" {
			t.Fatalf("got %v, %q, %v", got, rest, err)
		}
		g, ok := got.(*op[pair, int])
		if !ok || g == &o {
			t.Fatalf("got %T", got)
		}
		if g.Env != o.Env || g.Fn.By != 4 || g.Fn.Inner.F(1, 2) != 3 || g.hidden(9) != 9 || !reflect.DeepEqual(g.Rows, o.Rows) || g.Skip != nil {
			t.Errorf("arrived as %+v", g)
		}
	}
}

func TestOfFunctionsTaggedOneExactlyOneArrives(t *testing.T) {
	type choice struct {
		Add  func(a, b int) int `kiln:"one"`
		Skip func()             `kiln:"one"`
		N    int
	}
	got, _, err := DecodeOp(nil, encoded(t, &choice{Add: add, N: 3}))
	if c, ok := got.(*choice); err != nil || !ok || c.Add(1, 2) != 3 || c.Skip != nil || c.N != 3 {
		t.Errorf("arrived as %+v, %v", got, err)
	}
	for _, c := range []*choice{{}, {Add: add, Skip: func() {}}} {
		var capture *CaptureError
		if _, err := AppendOp(nil, c); !errors.As(err, &capture) || capture.Kind != NilFunc {
			t.Errorf("%+v was encoded, %v", c, err)
		}
	}
	// Bytes of another hand: both functions, and none.
	type both struct {
		Add  func(a, b int) int
		Skip func()
		N    int
	}
	type none struct {
		Add, Skip []byte
		N         int
	}
	own := len(encoded(t, &choice{Add: add})) - len(bodyOf(t, encoded(t, &choice{Add: add}), &choice{}))
	head := encoded(t, &choice{Add: add})[:own]
	for _, c := range []any{&both{add, func() {}, 3}, &none{}} {
		if _, _, err := DecodeOp(nil, append(bytes.Clone(head), bodyOf(t, encoded(t, c), c)...)); err == nil {
			t.Errorf("%+v was taken for a choice", c)
		}
	}
}

// bodyOf gives what stands behind the type of an encoded operator.
func bodyOf(t *testing.T, src []byte, op any) []byte {
	t.Helper()
	m, err := self()
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.shapeOf(reflect.TypeOf(op).Elem())
	if err != nil {
		t.Fatal(err)
	}
	return src[len(s.ref):]
}

func TestOperatorsOfDifferentInstancesStayApart(t *testing.T) {
	type keyed[K comparable, V any] struct{ F func(K) V }
	for _, sent := range []any{
		&keyed[int, string]{func(int) string { return "" }}, &keyed[string, int]{func(string) int { return 0 }},
		&keyed[pair, *pair]{func(p pair) *pair { return &p }}, &keyed[*pair, pair]{func(p *pair) pair { return *p }},
		&struct{ F func() }{func() {}}, &struct{}{},
	} {
		got, rest, err := DecodeOp(nil, encoded(t, sent))
		if err != nil || len(rest) != 0 || reflect.TypeOf(got) != reflect.TypeOf(sent) {
			t.Errorf("%T arrived as %T, %d bytes left, %v", sent, got, len(rest), err)
		}
	}
}

func TestEncodingAnOperatorAppends(t *testing.T) {
	alone := encoded(t, newOp())
	behind, err := AppendOp([]byte("before"), newOp())
	if err != nil || !bytes.Equal(behind, append([]byte("before"), alone...)) {
		t.Errorf("got %q, %v", behind, err)
	}
}

func TestAFailedEncodingAppendsNothing(t *testing.T) {
	o := newOp()
	o.hidden = nil
	got, err := AppendOp([]byte("before"), o)
	if err == nil || string(got) != "before" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestAnOperatorThatCannotTravelNamesTheField(t *testing.T) {
	n := len(t.Name())
	inner := newOp()
	inner.Fn.Inner.F = func(a, b int) int { return a + b + n }
	missing := newOp()
	missing.hidden = nil
	for want, o := range map[string]any{
		"Fn.Inner.F": inner,
		"hidden":     missing,
	} {
		_, err := AppendOp(nil, o)
		var capture *CaptureError
		if !errors.As(err, &capture) || capture.Field != want || !strings.HasPrefix(err.Error(), want+": ") {
			t.Errorf("got %v, want a CaptureError for %s", err, want)
		}
	}
	for want, o := range map[string]any{
		"C: ": struct{ C chan int }{},
		"F.Deep.C: ": struct {
			F struct {
				Deep struct {
					F func()
					C chan int
				}
			}
		}{},
		"Fs: ":        struct{ Fs []func() }{},
		"not an oper": 5,
		"nil":         (*op[int, int])(nil),
		"operator <n": nil,
	} {
		if _, err := AppendOp(nil, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%T: got %v, want %q", o, err, want)
		}
	}
}

func TestAnOperatorTooLargeToTravelIsRefused(t *testing.T) {
	if _, err := AppendOp(nil, &struct{ Table [maxTypeBytes + 1]byte }{}); err == nil || !strings.Contains(err.Error(), "broadcast") {
		t.Errorf("got %v", err)
	}
}

func TestATruncatedOperatorIsRefused(t *testing.T) {
	whole := encoded(t, newOp())
	for n := range whole {
		if got, rest, err := DecodeOp(nil, whole[:n]); err == nil {
			t.Errorf("%d of %d bytes give %v and leave %d", n, len(whole), got, len(rest))
		}
	}
}

// TestADamagedOperatorIsRefusedOrStaysAnOperator flips bytes anywhere. Damage inside encoded values may go unnoticed here: blocks
// and messages carry checksums for that. Damage to a function or a type may not.
func TestADamagedOperatorIsRefusedOrStaysAnOperator(t *testing.T) {
	type plain struct {
		F func(string) string
		G func(pair, int) bool
	}
	whole := encoded(t, plain{strings.ToUpper, pair.longer})
	rapid.Check(t, func(t *rapid.T) {
		src := bytes.Clone(whole)
		for range rapid.IntRange(1, 3).Draw(t, "flips") {
			src[rapid.IntRange(0, len(src)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
		}
		got, _, err := DecodeOp(nil, src)
		if err != nil {
			return
		}
		p, ok := got.(*plain)
		if !ok || p.F("a") != "A" || !p.G(pair{n: 2}, 1) {
			t.Errorf("damaged bytes give %#v", got)
		}
	})
}

func TestExtraBytesBehindAFunctionAreRefused(t *testing.T) {
	r, err := RefOf(strings.ToUpper)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := loaded(t).decodeFunc(append(r.Append(nil), 0), reflect.TypeOf(strings.ToUpper)); err == nil {
		t.Error("they were ignored")
	}
}

func TestSelfTestPasses(t *testing.T) {
	if err := SelfTest(); err != nil {
		t.Error(err)
	}
}

func FuzzDecodeOp(f *testing.F) {
	f.Add(encoded(f, newOp()))
	f.Add(encoded(f, struct{}{}))
	f.Add(encoded(f, &op[[]pair, string]{hidden: strings.ToLower, Fn: functor[string]{Inner: struct{ F func(a, b string) string }{func(a, b string) string { return a }}}}))
	if v, err := AppendValue(nil, errors.New("fuzz")); err == nil {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		if got, rest, err := DecodeOp(nil, src); err == nil && (got == nil || len(rest) > len(src)) {
			t.Fatalf("got %v and %d bytes left of %d", got, len(rest), len(src))
		}
		if _, rest, err := DecodeValue(nil, src); err == nil && len(rest) > len(src) {
			t.Fatalf("%d bytes left of %d", len(rest), len(src))
		}
	})
}

// lineIs reports whether the line of the file contains text.
func lineIs(t *testing.T, file string, line int, text string) bool {
	t.Helper()
	src, err := os.ReadFile(filepath.Base(file)) // the folder is not the real one in builds with -trimpath
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(src), "\n")
	return line >= 1 && line <= len(lines) && strings.Contains(lines[line-1], text)
}

func BenchmarkAppendOp(b *testing.B) {
	o := &MapLike[string, pair]{F: func(w string) pair { return pairOf(w, 1) }}
	var buf []byte
	for b.Loop() {
		buf, _ = AppendOp(buf[:0], o)
	}
	b.ReportMetric(float64(len(buf)), "bytes")
}

func BenchmarkDecodeOp(b *testing.B) {
	src := encoded(b, &MapLike[string, pair]{F: func(w string) pair { return pairOf(w, 1) }})
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := DecodeOp(nil, src); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoadImage(b *testing.B) {
	for b.Loop() {
		if _, err := loadImage(); err != nil {
			b.Fatal(err)
		}
	}
}

// MapLike is the commonest operator.
type MapLike[T, U any] struct{ F func(T) U }

type kindOf interface{ kind() reflect.Type }

type kind[T any] struct{ Deep int }

func (*kind[T]) kind() reflect.Type { return reflect.TypeFor[T]() }

// over is an operator that says of which type its rows are by an operator inside.
type over struct {
	Rows kindOf `kiln:"op"`
	N    int
}

func TestAnOperatorArrivesWithTheOneInside(t *testing.T) {
	got, rest, err := DecodeOp(nil, encoded(t, &over{&kind[pair]{7}, 3}))
	if err != nil || len(rest) != 0 {
		t.Fatalf("%d bytes left, %v", len(rest), err)
	}
	o := got.(*over)
	if inside, ok := o.Rows.(*kind[pair]); !ok || inside.Deep != 7 || o.N != 3 || o.Rows.kind() != reflect.TypeFor[pair]() {
		t.Errorf("arrived as %+v, %+v", o, o.Rows)
	}
}

func TestAnOperatorInsideMustFit(t *testing.T) {
	type other struct {
		Rows any `kiln:"op"`
		N    int
	}
	if _, err := AppendOp(nil, &over{}); err == nil || !strings.Contains(err.Error(), "Rows: the operator funcs.kindOf is nil") {
		t.Errorf("got %v", err)
	}
	outer, lies := encoded(t, &over{&kind[pair]{}, 1}), encoded(t, &other{&struct{ Deep int }{}, 1})
	head := func(o any) int { m, _ := self(); s, _ := m.shapeOf(reflect.TypeOf(o)); return len(s.ref) }
	forged := append(bytes.Clone(outer[:head(over{})]), lies[head(other{}):]...)
	if _, _, err := DecodeOp(nil, forged); err == nil || !strings.Contains(err.Error(), "is not a funcs.kindOf") {
		t.Errorf("got %v", err)
	}
}
