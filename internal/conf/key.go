package conf

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Key is a setting whose values have type T. Keys are made once, as package variables, by the functions below; a key that is
// declared twice or whose default is refused by its own checks is a programming error and panics.
type Key[T any] struct{ s *setting }

// setting is the untyped half of a Key: what a registry, a help text and a reader of files need.
type setting struct {
	key, kind, unit, doc string
	spark                string // the alias
	sparkUnit            string // what Spark takes a bare number for
	choices              []string
	def                  any
	defText              string
	index                int // into Conf.values
	parse                func(text string) (any, error)
	format               func(any) string
}

var (
	settings []*setting // in the order of declaration
	byName   = make(map[string]*setting)
)

// A Check refuses a value with the reason, which completes "it ...".
type Check[T any] func(T) error

// Of gives the value: the one that was set, else the default. A nil Conf gives defaults.
func (k Key[T]) Of(c *Conf) T {
	v, _ := k.Lookup(c)
	return v
}

// Lookup is Of, and tells whether somebody set the value.
func (k Key[T]) Lookup(c *Conf) (value T, set bool) {
	if c != nil && k.s.index < len(c.values) {
		if g := c.values[k.s.index]; g != nil {
			return g.value.(T), true
		}
	}
	return k.s.def.(T), false
}

// Origin tells who set the value.
func (k Key[T]) Origin(c *Conf) Origin {
	if c != nil && k.s.index < len(c.values) {
		if g := c.values[k.s.index]; g != nil {
			return g.Origin
		}
	}
	return Default
}

// String is the name of the key, such as "kiln.master".
func (k Key[T]) String() string { return k.s.key }

// Spark names the Spark setting with the same meaning where that is not the same name with "spark." in front. In a value that
// comes by it, a bare number has the given unit ("m", "s", "ms", "" for none), as it has in Spark.
func (k Key[T]) Spark(name, unit string) Key[T] {
	delete(byName, k.s.spark)
	k.s.spark, k.s.sparkUnit = name, unit
	enter(name, k.s)
	return k
}

// DefaultText replaces the default in help texts, where it is found out at run time.
func (k Key[T]) DefaultText(text string) Key[T] {
	k.s.defText = text
	return k
}

// String declares a text.
func String(key, def, doc string, checks ...Check[string]) Key[string] {
	return declare(&setting{key: key, kind: "text", doc: doc}, def, func(s string) (string, error) { return s, nil }, func(s string) string { return s }, checks)
}

// Int declares a whole number.
func Int(key string, def int, doc string, checks ...Check[int]) Key[int] {
	return declare(&setting{key: key, kind: "number", doc: doc}, def, parseInt, strconv.Itoa, checks)
}

// Float declares a number.
func Float(key string, def float64, doc string, checks ...Check[float64]) Key[float64] {
	return declare(&setting{key: key, kind: "number", doc: doc}, def, parseFloat, func(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }, checks)
}

// Bool declares a switch.
func Bool(key string, def bool, doc string) Key[bool] {
	return declare(&setting{key: key, kind: "true or false", doc: doc}, def, parseBool, strconv.FormatBool, nil)
}

// Size declares an amount of bytes.
func Size(key string, def Bytes, doc string, checks ...Check[Bytes]) Key[Bytes] {
	return declare(&setting{key: key, kind: "bytes", unit: "512m, 4g", doc: doc}, def, ParseBytes, Bytes.String, checks)
}

// Duration declares a span of time.
func Duration(key string, def time.Duration, doc string, checks ...Check[time.Duration]) Key[time.Duration] {
	return declare(&setting{key: key, kind: "duration", unit: "200ms, 10s, 2min", doc: doc}, def, ParseDuration, FormatDuration, checks)
}

// Enum declares a choice of words, which may be written in small or capital letters.
func Enum(key, def string, choices []string, doc string) Key[string] {
	s := &setting{key: key, kind: strings.Join(choices, "|"), doc: doc, choices: choices}
	return declare(s, def, func(text string) (string, error) {
		if i := slices.IndexFunc(choices, func(c string) bool { return strings.EqualFold(c, text) }); i >= 0 {
			return choices[i], nil
		}
		return "", fmt.Errorf("is none of %s", strings.Join(choices, ", "))
	}, func(s string) string { return s }, nil)
}

// declare enters a setting into the registry.
func declare[T any](s *setting, def T, parse func(string) (T, error), format func(T) string, checks []Check[T]) Key[T] {
	s.def, s.defText, s.index = def, format(def), len(settings)
	s.format = func(v any) string { return format(v.(T)) }
	s.parse = func(text string) (any, error) {
		v, err := parse(text)
		for _, check := range checks {
			if err == nil {
				err = check(v)
			}
		}
		return v, err
	}
	if _, err := s.parse(format(def)); err != nil && format(def) != "" {
		panic("conf: default of " + s.key + ": it " + err.Error())
	}
	settings = append(settings, s)
	enter(s.key, s)
	s.spark = "spark." + strings.TrimPrefix(s.key, "kiln.")
	enter(s.spark, s)
	return Key[T]{s}
}

func enter(name string, s *setting) {
	if _, taken := byName[name]; taken {
		panic("conf: " + name + " is declared twice")
	}
	byName[name] = s
}

// AtLeast refuses what is smaller.
func AtLeast[T cmp.Ordered](least T) Check[T] {
	return func(v T) error {
		if v < least {
			return fmt.Errorf("is less than %v", least)
		}
		return nil
	}
}

// Between refuses what is smaller than least or greater than most.
func Between[T cmp.Ordered](least, most T) Check[T] {
	return func(v T) error {
		if !(v >= least && v <= most) { // also NaN
			return fmt.Errorf("is not between %v and %v", least, most)
		}
		return nil
	}
}
