package conf

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"
)

// Conf is the settings of one application. It never changes after Parse, and any number of goroutines may read it. A nil Conf
// holds the defaults.
type Conf struct {
	values  []*given     // by setting.index; nil where nobody set one
	named   []*givenName // those of families, by key
	ignored []Given
}

// Origin tells who set a value. A later one wins over an earlier one.
type Origin uint8

// The origins, weakest first.
const (
	Default Origin = iota
	File
	Environment
	Flag
	Code
)

// String gives the word that error messages and the environment page use.
func (o Origin) String() string {
	return [...]string{"default", "properties file", "environment", "flag", "code"}[o]
}

// Given is one setting as somebody wrote it.
type Given struct {
	Key    string
	Value  string
	Origin Origin
	Place  string // where exactly: "kiln.conf:12", "$KILN_MASTER"; empty where there is nothing to add to Origin
}

// given is a Given that was understood.
type given struct {
	Given
	value any
}

// Layers is everything that may set a value. Its zero value is an application with defaults only.
type Layers struct {
	Code    []Given                           // what the program sets; only Key and Value are read
	Flags   []Given                           // from FromArgs
	Environ func(key string) (string, bool)   // os.LookupEnv, or nil for an application that ignores its environment
	File    string                            // a properties file; else the environment's KILN_CONF names it
	Read    func(name string) ([]byte, error) // os.ReadFile if nil
}

// Parse puts the layers on top of each other: code wins over flags, these over the environment (KILN_MASTER), that over the
// properties file, that over defaults; within a layer the last one wins, and a kiln.* key wins over its spark.* alias.
//
// It finds every problem before it returns: an error holds one [*Error] for each, joined.
func Parse(l Layers) (*Conf, error) {
	c := &Conf{values: make([]*given, len(settings))}
	file, problems := l.file()
	environment := l.environment()
	for _, layer := range []struct {
		origin Origin
		given  []Given
	}{{File, file}, {Environment, environment}, {Flag, l.Flags}, {Code, l.Code}} {
		// A stable sort by alias first: what is written in Kiln's own words is applied last.
		ordered := slices.Clone(layer.given)
		slices.SortStableFunc(ordered, func(a, b Given) int { return isAlias(b.Key) - isAlias(a.Key) })
		for _, g := range ordered {
			g.Origin = layer.origin
			if err := c.set(g); err != nil {
				problems = append(problems, err)
			}
		}
	}
	if len(problems) == 0 {
		problems = append(checkAllocation(c), checkHeartbeat(c)...)
	}
	switch len(problems) {
	case 0:
		return c, nil
	case 1:
		return nil, problems[0]
	}
	return nil, errors.Join(problems...)
}

// isAlias is 1 for the key of a Spark setting, and else 0.
func isAlias(key string) int {
	if strings.HasPrefix(key, "spark.") {
		return 1
	}
	return 0
}

// set applies one setting, or says why not. Spark settings without a counterpart are put aside: people bring whole files of them.
func (c *Conf) set(g Given) error {
	s, name := find(g.Key)
	switch {
	case s == nil && isAlias(g.Key) == 1:
		c.ignored = append(c.ignored, g)
		return nil
	case s == nil:
		return unknown(g)
	}
	text := g.Value
	if isAlias(g.Key) == 1 {
		text = withUnit(text, s.sparkUnit)
	}
	value, err := s.parse(text)
	if err != nil {
		return malformed(g, s, err)
	}
	if name != "" {
		g.Key = s.named(name)
		c.setNamed(s, name, given{g, value})
		return nil
	}
	g.Key = s.key
	c.values[s.index] = &given{g, value}
	return nil
}

// withUnit gives a bare number the unit that Spark takes it for.
func withUnit(text, unit string) string {
	text = strings.TrimSpace(text)
	if digits, rest := splitNumber(text); rest == "" && digits != "" && unit != "" {
		return digits + unit
	}
	return text
}

// environment gives what the environment sets.
func (l Layers) environment() []Given {
	if l.Environ == nil {
		return nil
	}
	if master, ok := l.Environ("KILN_MASTER"); ok && master != "" {
		return []Given{{Key: Master.String(), Value: master, Place: "$KILN_MASTER"}}
	}
	return nil
}

// file reads the properties file, if there is one.
func (l Layers) file() ([]Given, []error) {
	name, from := l.File, "the file that was asked for"
	if name == "" && l.Environ != nil {
		name, _ = l.Environ("KILN_CONF")
		from = "the file that $KILN_CONF names"
	}
	if name == "" {
		return nil, nil
	}
	read := l.Read
	if read == nil {
		read = os.ReadFile
	}
	data, err := read(name)
	if err != nil {
		return nil, []error{fmt.Errorf("cannot read settings from %s: %w", from, err)}
	}
	return parseProperties(name, data)
}

// All gives every setting in alphabetical order, with its value in force and who set it. Of families it gives those that somebody set.
func (c *Conf) All() iter.Seq[Given] { return slices.Values(c.all()) }

func (c *Conf) all() (all []Given) {
	for _, s := range settings {
		switch {
		case slices.Contains(families, s):
		case c != nil && c.values[s.index] != nil:
			all = append(all, c.values[s.index].formatted(s))
		default:
			all = append(all, Given{Key: s.key, Value: s.defText})
		}
	}
	if c != nil {
		for _, g := range c.named {
			all = append(all, g.formatted(g.setting))
		}
	}
	slices.SortFunc(all, func(a, b Given) int { return strings.Compare(a.Key, b.Key) })
	return all
}

// formatted gives a setting with its value as the setting writes it.
func (g *given) formatted(s *setting) Given {
	return Given{Key: g.Key, Value: s.format(g.value), Origin: g.Origin, Place: g.Place}
}

// Set gives the settings that somebody set, in alphabetical order: what another process needs to Parse, as Layers.Code, to get
// the same values.
func (c *Conf) Set() []Given {
	var set []Given
	for g := range c.All() {
		if g.Origin != Default {
			set = append(set, g)
		}
	}
	return set
}

// mostIgnored is how many settings IgnoredText names.
const mostIgnored = 5

// slipOfKeys is how many edits away a name is that was mistyped.
const slipOfKeys = 2

// IgnoredText tells in a line of words which spark.* settings were given and mean nothing here, and which was perhaps meant; it is empty
// when there are none.
func (c *Conf) IgnoredText() string {
	var names []string
	for _, g := range c.Ignored() {
		name := g.Key
		for _, s := range sorted() {
			if d := distance(g.Key, s.spark); 0 < d && d <= slipOfKeys { // real names of Spark are farther from each other
				name += " (did you mean " + s.spark + "?)"
				break
			}
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	more := ""
	if n := len(names) - mostIgnored; n > 0 {
		names, more = names[:mostIgnored], fmt.Sprintf(", and %d more", n)
	}
	return "settings of Spark that mean nothing here are ignored: " + strings.Join(names, ", ") + more
}

// Ignored gives the spark.* settings that were given and mean nothing here.
func (c *Conf) Ignored() []Given {
	if c == nil {
		return nil
	}
	return slices.Clone(c.ignored)
}

func sorted() []*setting {
	return slices.SortedFunc(slices.Values(settings), func(a, b *setting) int { return strings.Compare(a.key, b.key) })
}
