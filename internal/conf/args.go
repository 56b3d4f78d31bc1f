package conf

import "strings"

// FromArgs takes Kiln's own flags out of a program's arguments: --kiln.KEY=VALUE, anywhere before "--". A single dash will do, as
// in package flag. The rest is the program's, in order, without the first "--". Help tells whether --kiln.help is among them.
//
// The error is an [*Error]: a flag without "=", or with an unknown key. Values are looked at by Parse.
func FromArgs(args []string) (flags []Given, rest []string, help bool, err error) {
	for i, arg := range args {
		if arg == "--" {
			return flags, append(rest, args[i+1:]...), help, err
		}
		flag, ours := strings.CutPrefix(strings.Replace(arg, "--", "-", 1), "-kiln.")
		if !ours {
			rest = append(rest, arg)
			continue
		}
		if flag == "help" {
			help = true
			continue
		}
		key, value, whole := strings.Cut(flag, "=")
		g := Given{Key: "kiln." + key, Value: value, Origin: Flag}
		if whole {
			flags = append(flags, g)
		} else if err == nil {
			err = withoutValue(g, arg)
		}
	}
	return flags, rest, help, err
}

// withoutValue refuses a flag that has no "=".
func withoutValue(g Given, arg string) error {
	s, _ := find(g.Key)
	if s == nil {
		return unknown(g)
	}
	e := &Error{Key: g.Key, Origin: Flag, Why: "has no value", Suggestion: "write " + arg + "=VALUE"}
	if _, isBool := s.def.(bool); isBool {
		e.Suggestion = "write " + arg + "=true"
	}
	return e
}
