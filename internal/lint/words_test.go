package lint

import (
	"fmt"
	"go/ast"
	"regexp"
	"slices"
	"testing"
)

// What is not done is an issue, with a reason and an owner; a note in the code has neither.

// unfinished are the words of such notes. They are put together here, so that this file does not break its own rule.
var unfinished = regexp.MustCompile(`\b(` + "TO" + "DO|FIX" + "ME|XX" + "X|HA" + `CK)\b`)

func TestNoNoteSaysThatSomethingIsUnfinished(t *testing.T) {
	for _, s := range sources(t, func(s source) bool { return !s.generated }) {
		for _, group := range s.file.Comments {
			for _, c := range group.List {
				if word := unfinished.FindString(c.Text); word != "" {
					t.Errorf("%s: %s: finish it, or open an issue", s.fset.Position(c.Pos()), word)
				}
			}
		}
	}
}

// A skipped test passes, which is not what its name says. Fuzz and property tests may skip an input, which is something else.
func TestNoTestIsSkipped(t *testing.T) {
	for _, s := range sources(t, source.isTest) {
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && takesTestingT(f.Type) {
				ast.Inspect(f.Body, func(n ast.Node) bool {
					if isSkip(n) {
						t.Errorf("%s: %s skips itself", s.fset.Position(n.Pos()), f.Name.Name)
					}
					nested, ok := n.(*ast.FuncLit)
					return !ok || takesTestingT(nested.Type) || len(nested.Type.Params.List) == 0
				})
			}
		}
	}
}

// isSkip says whether a node is a call of Skip, Skipf or SkipNow.
func isSkip(n ast.Node) bool {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return false
	}
	f, ok := call.Fun.(*ast.SelectorExpr)
	return ok && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, f.Sel.Name)
}

// takesTestingT says whether the first parameter of a function is a *testing.T.
func takesTestingT(f *ast.FuncType) bool {
	if len(f.Params.List) == 0 {
		return false
	}
	pointer, ok := f.Params.List[0].Type.(*ast.StarExpr)
	if !ok {
		return false
	}
	t, ok := pointer.X.(*ast.SelectorExpr)
	return ok && t.Sel.Name == "T" && fmt.Sprint(t.X) == "testing"
}
