package kiln_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"
	"testing"

	"github.com/kilnproject/kiln"
)

// go doc shows nothing of a type behind an alias but what stands at the alias.
func TestWhatATaskMayKnowIsDocumentedWhereUsersSeeIt(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "transform.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	doc := ""
	for _, d := range file.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.TYPE && g.Specs[0].(*ast.TypeSpec).Name.Name == "TaskContext" {
			doc = g.Doc.Text()
		}
	}
	for m := range reflect.TypeFor[*kiln.TaskContext]().Methods() {
		if !strings.Contains(doc, "\t"+m.Name+"(") {
			t.Errorf("the comment of TaskContext does not name its method %s", m.Name)
		}
	}
}
