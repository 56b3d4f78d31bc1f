package lint

import (
	"fmt"
	"go/ast"
	"maps"
	"slices"
	"strings"
	"testing"
)

// A function is read in one sight and a file holds one idea. Test functions do not count: the steps of a state machine stand in one. What is longer is listed with its present size, and the list only shrinks:
// an entry that is larger than it needs to be fails too. Generated files are not read, so they do not count.

// Limits in lines. A file above fileSoft must be listed, and no list allows one above fileHard.
const (
	functionLimit = 70
	fileSoft      = 600
	fileHard      = 900
)

// longFunctions are the functions above functionLimit, "path.Function" -> lines.
var longFunctions = map[string]int{}

// longFiles are the files above fileSoft, path -> lines.
var longFiles = map[string]int{}

func TestFunctionsStaySmall(t *testing.T) {
	found := map[string]int{}
	for _, s := range sources(t, func(s source) bool { return !s.generated }) {
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			lines := s.fset.Position(f.End()).Line - s.fset.Position(f.Pos()).Line + 1
			if lines > functionLimit && !strings.HasSuffix(s.path, "_test.go") {
				found[s.path+"."+functionName(f)] = lines
			}
		}
	}
	ratchet(t, "function", functionLimit, found, longFunctions)
}

func TestFilesStaySmall(t *testing.T) {
	found := map[string]int{}
	for _, s := range sources(t, func(s source) bool { return !s.generated }) {
		if s.lines > fileSoft {
			found[s.path] = s.lines
		}
		if s.lines > fileHard {
			t.Errorf("%s has %d lines, and %d is the most that any file may have: it holds more than one idea", s.path, s.lines, fileHard)
		}
	}
	ratchet(t, "file", fileSoft, found, longFiles)
}

// ratchet compares what is too long with what is listed.
func ratchet(t *testing.T, kind string, limit int, found, listed map[string]int) {
	t.Helper()
	for _, problem := range compareLengths(kind, limit, found, listed) {
		t.Error(problem)
	}
}

func compareLengths(kind string, limit int, found, listed map[string]int) (problems []string) {
	for _, name := range slices.Sorted(maps.Keys(found)) {
		switch lines, allowed := found[name], listed[name]; {
		case allowed == 0:
			problems = append(problems, fmt.Sprintf("%s %s has %d lines, and %d is the limit: split it where it changes the subject", kind, name, lines, limit))
		case lines > allowed:
			problems = append(problems, fmt.Sprintf("%s %s has grown from %d to %d lines: the list only shrinks", kind, name, allowed, lines))
		case lines < allowed:
			problems = append(problems, fmt.Sprintf("%s %s has shrunk from %d to %d lines: shrink its entry in the list too", kind, name, allowed, lines))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(listed)) {
		if found[name] == 0 {
			problems = append(problems, fmt.Sprintf("%s %s is no longer too long: delete its entry from the list", kind, name))
		}
	}
	return problems
}

// functionName is "Name" or "Receiver.Name".
func functionName(f *ast.FuncDecl) string {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return f.Name.Name
	}
	return receiverName(f.Recv.List[0].Type) + "." + f.Name.Name
}

// receiverName is the name of a receiver's type without pointer and type parameters.
func receiverName(t ast.Expr) string {
	switch t := t.(type) {
	case *ast.StarExpr:
		return receiverName(t.X)
	case *ast.IndexExpr:
		return receiverName(t.X)
	case *ast.IndexListExpr:
		return receiverName(t.X)
	case *ast.Ident:
		return t.Name
	}
	return "?"
}

func TestTheListOfLongThingsOnlyShrinks(t *testing.T) {
	for _, c := range []struct {
		lines, allowed int
		problems       int
	}{{0, 0, 0}, {71, 0, 1}, {71, 71, 0}, {72, 71, 1}, {71, 72, 1}, {0, 71, 1}} {
		found, listed := map[string]int{}, map[string]int{}
		if c.lines > 0 {
			found["f"] = c.lines
		}
		if c.allowed > 0 {
			listed["f"] = c.allowed
		}
		if got := compareLengths("function", functionLimit, found, listed); len(got) != c.problems {
			t.Errorf("%d lines of %d allowed: %q, want %d problems", c.lines, c.allowed, got, c.problems)
		}
	}
}
