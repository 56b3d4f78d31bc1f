package conf

import (
	"fmt"
	"strings"
)

// Error is one setting that cannot be used.
type Error struct {
	Key        string
	Value      string
	Origin     Origin
	Place      string // see Given
	Why        string // completes "it ..."; such as "is not a duration"
	Suggestion string // what to write instead; may be empty
}

// Error gives one line: what, where from, why, and what to write instead.
func (e *Error) Error() string {
	from := e.Origin.String()
	if e.Place != "" {
		from = e.Place
	}
	s := fmt.Sprintf("setting %s", e.Key)
	if e.Value != "" {
		s += "=" + e.Value
	}
	s += fmt.Sprintf(" (%s): it %s", from, e.Why)
	if e.Suggestion != "" {
		s += "; " + e.Suggestion
	}
	return s
}

// unknown refuses a key, with the nearest that exists.
func unknown(g Given) error {
	e := &Error{Key: g.Key, Value: g.Value, Origin: g.Origin, Place: g.Place, Why: "does not exist", Suggestion: "--kiln.help lists all settings"}
	if near := nearestKey(g.Key); near != "" {
		e.Suggestion = "did you mean " + near + "?"
	}
	return e
}

// malformed refuses a value. A word that is nearly one of the choices is suggested.
func malformed(g Given, s *setting, err error) error {
	e := &Error{Key: g.Key, Value: g.Value, Origin: g.Origin, Place: g.Place, Why: err.Error()}
	if isAlias(g.Key) == 1 {
		e.Suggestion = "it sets " + s.key
	}
	if near := nearest(g.Value, s.choices); near != "" {
		e.Suggestion = "did you mean " + near + "?"
	}
	return e
}

// nearestKey finds what was meant: by spelling, or by a key that ends with what was written.
func nearestKey(key string) string {
	var keys []string
	for _, s := range sorted() {
		keys = append(keys, s.key)
	}
	keys = append(keys, nearFamily(key)...)
	if near := nearest(key, keys); near != "" {
		return near
	}
	tail := strings.ToLower(strings.TrimPrefix(key, "kiln"))
	for _, k := range keys {
		if len(tail) > 3 && strings.HasSuffix(strings.ToLower(k), tail) {
			return k
		}
	}
	return ""
}

// nearest gives the candidate that the fewest edits turn the word into, if they are few for its length. Case does not count.
func nearest(word string, candidates []string) string {
	word = strings.ToLower(word)
	if len(word) > 200 {
		return ""
	}
	best, fewest := "", min(len(word)/4, 4)+2
	for _, c := range candidates {
		if d := distance(word, strings.ToLower(c)); d < fewest && d < len(c) {
			best, fewest = c, d
		}
	}
	return best
}

// distance counts the insertions, deletions, replacements and swaps of neighbours between two words, in bytes.
func distance(a, b string) int {
	var before []int // two rows up
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next := make([]int, len(b)+1)
		next[0] = i
		for j := 1; j <= len(b); j++ {
			change := row[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			next[j] = min(change, row[j]+1, next[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
