package funcs

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

type badRow struct {
	Line int
	Text string
}

func (e *badRow) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Text) }

func TestAUsersErrorArrivesWithItsType(t *testing.T) {
	b, err := AppendValue([]byte("before"), error(&badRow{7, "no key"}))
	if err != nil {
		t.Fatal(err)
	}
	v, rest, err := DecodeValue(nil, append(b[len("before"):], "rest"...))
	if err != nil || string(rest) != "rest" {
		t.Fatalf("got %v, %q, %v", v, rest, err)
	}
	var bad *badRow
	if !errors.As(v.(error), &bad) || *bad != (badRow{7, "no key"}) {
		t.Errorf("got %#v", v)
	}
}

func TestValuesOfManyTypesArrive(t *testing.T) {
	for _, v := range []any{1, "text", []string{"a", ""}, pair{"p", 2}, &pair{"q", 3}, [2]float64{1, 2}, celsius(3), struct{}{}} {
		b, err := AppendValue(nil, v)
		if err != nil {
			t.Errorf("%#v: %v", v, err)
			continue
		}
		if got, rest, err := DecodeValue(nil, b); err != nil || len(rest) != 0 || !reflect.DeepEqual(got, v) {
			t.Errorf("%#v arrived as %#v, %d bytes left, %v", v, got, len(rest), err)
		}
		for n := range b {
			if got, _, err := DecodeValue(nil, b[:n]); err == nil {
				t.Errorf("%d of %d bytes of %#v give %#v", n, len(b), v, got)
			}
		}
	}
}

func TestAValueThatCannotTravelIsRefusedAndAppendsNothing(t *testing.T) {
	for _, v := range []any{nil, make(chan int), func() {}, fmt.Errorf("wrapped: %w", errors.ErrUnsupported)} {
		if b, err := AppendValue([]byte("before"), v); err == nil || string(b) != "before" {
			t.Errorf("%T: got %q, %v", v, b, err)
		}
	}
}

func TestIdentitiesOfDifferentImagesNameBoth(t *testing.T) {
	own, err := SelfIdentity()
	if err != nil {
		t.Fatal(err)
	}
	if len(own.Image) != len("sha256:")+64 || own.GOOS == "" || own.GOARCH == "" {
		t.Errorf("got %+v", own)
	}
	if err := own.Check(own); err != nil {
		t.Error(err)
	}
	other := own
	other.Image = "sha256:" + strings.Repeat("ab", 32)
	other.GOARCH = "riscv64"
	err = own.Check(other)
	if err == nil {
		t.Fatal("different images are taken for equal")
	}
	for _, want := range []string{own.Image[7:19], "abababababab", own.GOARCH, "riscv64"} {
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q does not say %q in one line", err, want)
		}
	}
	if (Identity{}).Check(own) == nil {
		t.Error("an empty identity is taken for this one")
	}
}

func TestAPanicWhileDecodingIsAnError(t *testing.T) {
	broken := errors.New("never seen such bytes")
	if err := recovering(func() error { panic(broken) }); err == nil || !strings.Contains(err.Error(), "never seen such bytes") {
		t.Errorf("got %v", err)
	}
	if err := recovering(func() error { return broken }); err != broken {
		t.Errorf("got %v", err)
	}
}
