package funcs

import (
	"errors"
	"fmt"
	"strings"
	"sync"
)

// SelfTest sends one function, one method expression and one generic operator through encoding and decoding and runs what
// arrives. An error means that nothing can travel in this process and says why. The answer is kept; safe for concurrent use.
func SelfTest() error { return selfTest() }

var selfTest = sync.OnceValue(func() error {
	sent := trial[string, int]{
		Function: strings.ToUpper,
		Method:   sample.add,
		Inner:    trialEnv[string]{Measure: measure[string], Value: "kiln"},
	}
	encoded, err := AppendOp(nil, sent)
	if err != nil {
		return fmt.Errorf("self-test of function references: %w", err)
	}
	op, rest, err := DecodeOp(nil, encoded)
	if err != nil {
		return fmt.Errorf("self-test of function references: %w", err)
	}
	got, ok := op.(*trial[string, int])
	if !ok || len(rest) != 0 || got.run() != sent.run() {
		return errors.New("self-test of function references: what was decoded is not what was encoded")
	}
	return nil
})

// trial is an operator with one field of every sort that travels.
type trial[T, U any] struct {
	Function func(string) string
	Method   func(sample, int) int
	Inner    trialEnv[T]
	N        U
}

type trialEnv[T any] struct {
	Measure func(T) int
	Value   T
}

func (t *trial[T, U]) run() string {
	return t.Function(fmt.Sprint(t.Inner.Value, t.Method(40, t.Inner.Measure(t.Inner.Value)), t.N))
}

type sample int

func (s sample) add(n int) int { return int(s) + n }

func measure[T any](v T) int { return len(fmt.Sprint(v)) }
