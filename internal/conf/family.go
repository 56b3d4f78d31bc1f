package conf

import (
	"slices"
	"strings"
)

// Family is settings that are alike for each of some names that users choose: kiln.executor.resource.gpu.amount and
// kiln.executor.resource.fpga.amount. Nobody need set one; those that nobody set are not there.
type Family[T any] struct{ s *setting }

// placeholder stands for the name in the key of a family.
const placeholder = "NAME"

// Named is a setting of a family that somebody set.
type Named[T any] struct {
	Name  string
	Value T
	Given Given
}

var families []*setting

// ForEach makes a family of a key that has NAME in it.
func ForEach[T any](k Key[T]) Family[T] {
	if !strings.Contains(k.s.key, "."+placeholder+".") {
		panic("conf: " + k.s.key + " has no " + placeholder + " in it")
	}
	delete(byName, k.s.key)
	delete(byName, k.s.spark)
	families = append(families, k.s)
	return Family[T](k)
}

// Of gives the settings of the family, by name.
func (f Family[T]) Of(c *Conf) (all []Named[T]) {
	if c == nil {
		return nil
	}
	for _, g := range c.named {
		if g.setting == f.s {
			all = append(all, Named[T]{g.name, g.value.(T), g.Given})
		}
	}
	return all
}

// Lookup gives one of them, and tells whether somebody set it.
func (f Family[T]) Lookup(c *Conf, name string) (n Named[T], set bool) {
	all := f.Of(c)
	at := slices.IndexFunc(all, func(n Named[T]) bool { return n.Name == name })
	if at < 0 {
		return Named[T]{Name: name, Value: f.s.def.(T)}, false
	}
	return all[at], true
}

// Key is the key of one of the settings.
func (f Family[T]) Key(name string) string { return f.s.named(name) }

// String is the key with NAME in it.
func (f Family[T]) String() string { return f.s.key }

// Refuse says why a setting of a family cannot be used. Why completes "it ...".
func (n Named[T]) Refuse(why string) *Error {
	return &Error{Key: n.Given.Key, Value: n.Given.Value, Origin: n.Given.Origin, Place: n.Given.Place, Why: why}
}

// named gives a family's key for a name.
func (s *setting) named(name string) string { return strings.Replace(s.key, placeholder, name, 1) }

// givenName is a setting of a family as somebody gave it.
type givenName struct {
	given
	setting *setting
	name    string
}

// setNamed keeps a setting of a family, in the order of the keys.
func (c *Conf) setNamed(s *setting, name string, g given) {
	at, there := slices.BinarySearchFunc(c.named, g.Key, func(n *givenName, key string) int { return strings.Compare(n.Key, key) })
	if !there {
		c.named = slices.Insert(c.named, at, nil)
	}
	c.named[at] = &givenName{g, s, name}
}

// find gives the setting that a key means, and for one of a family which.
func find(key string) (s *setting, name string) {
	if s = byName[key]; s != nil {
		return s, ""
	}
	for _, f := range families {
		for _, form := range []string{f.key, f.spark} {
			before, after, _ := strings.Cut(form, placeholder)
			rest, ok := strings.CutPrefix(key, before)
			if name, isOne := strings.CutSuffix(rest, after); ok && isOne && name != "" {
				return f, name
			}
		}
	}
	return nil, ""
}

// nearFamily gives the keys of families that a key may mean which is none of theirs: the same name, and another end.
func nearFamily(key string) (keys []string) {
	for _, f := range families {
		before, _, _ := strings.Cut(f.key, placeholder)
		rest, ok := strings.CutPrefix(key, before)
		if end := strings.LastIndexByte(rest, '.'); ok && end > 0 {
			keys = append(keys, f.named(rest[:end]))
		}
	}
	return keys
}
