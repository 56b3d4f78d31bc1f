package conf

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// parseProperties reads lines of "key value", "key=value" or "key: value". A line that begins with # or ! is a comment; spaces
// around keys and values do not count. Problems carry the file and line.
func parseProperties(name string, data []byte) (all []Given, problems []error) {
	text := strings.TrimPrefix(string(data), "\ufeff")
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == '!' {
			continue
		}
		g := Given{Origin: File, Place: fmt.Sprintf("%s:%d", name, number)}
		g.Key, g.Value = splitProperty(line)
		if !utf8.ValidString(line) || g.Key == "" || g.Value == "" {
			problems = append(problems, &Error{
				Key: strings.ToValidUTF8(g.Key, "?"), Origin: File, Place: g.Place,
				Why: "is not a line of the form key=value", Suggestion: "begin a comment with #",
			})
			continue
		}
		all = append(all, g)
	}
	return all, problems
}

// splitProperty cuts at the first "=", ":" or white space, with the white space around it.
func splitProperty(line string) (key, value string) {
	end := strings.IndexAny(line, "=: \t")
	if end < 0 {
		return line, ""
	}
	key, value = line[:end], strings.TrimLeft(line[end:], " \t")
	if value != "" && (value[0] == '=' || value[0] == ':') {
		value = value[1:]
	}
	return key, strings.TrimSpace(value)
}
