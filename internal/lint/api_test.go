package lint

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/printer"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Everything exported from a public package is a promise to users. api.txt lists it, so that a change shows up as a line in a review.

// rewrite makes api.txt anew: go test ./internal/lint -run API -rewrite
var rewrite = flag.Bool("rewrite", false, "write api.txt instead of comparing with it")

func TestExportedAPIIsTheOneInTheGoldenFile(t *testing.T) {
	got := exportedAPI(sources(t, isPublic))
	golden := filepath.Join(root(t), "internal", "lint", "api.txt")
	if *rewrite {
		if err := os.WriteFile(golden, []byte(strings.Join(got, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	text, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	for _, line := range got {
		if _, ok := slices.BinarySearch(want, line); !ok {
			t.Errorf("+ %s", line)
		}
	}
	for _, line := range want {
		if _, ok := slices.BinarySearch(got, line); !ok {
			t.Errorf("- %s", line)
		}
	}
	if t.Failed() {
		t.Log("the exported API has changed; if that is what you want: go test ./internal/lint -run API -rewrite")
	}
}

// exportedAPI is a sorted line for every exported symbol, "package: declaration".
func exportedAPI(files []source) (lines []string) {
	promoting := embedded(files)
	for _, s := range files {
		of := path.Join("kiln", path.Dir(s.path))
		for _, d := range s.file.Decls {
			for _, line := range declared(s.fset, d, promoting) {
				lines = append(lines, of+": "+line)
			}
		}
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}

// embedded gives the unexported types that lie embedded in exported ones, which promote their methods.
func embedded(files []source) map[string]bool {
	found := map[string]bool{}
	for _, s := range files {
		for _, d := range s.file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.TYPE {
				continue
			}
			for _, spec := range g.Specs {
				spec := spec.(*ast.TypeSpec)
				t, ok := spec.Type.(*ast.StructType)
				if !ok || !spec.Name.IsExported() {
					continue
				}
				for _, f := range t.Fields.List {
					if len(f.Names) == 0 {
						found[receiverName(f.Type)] = true
					}
				}
			}
		}
	}
	return found
}

// declared is a line for each exported symbol of a declaration.
func declared(fset *token.FileSet, d ast.Decl, promoting map[string]bool) []string {
	switch d := d.(type) {
	case *ast.FuncDecl:
		of := ""
		if d.Recv != nil {
			of = receiverName(d.Recv.List[0].Type)
		}
		if d.Name.IsExported() && (d.Recv == nil || ast.IsExported(of) || promoting[of]) {
			return []string{oneLine(fset, &ast.FuncDecl{Recv: d.Recv, Name: d.Name, Type: d.Type})}
		}
	case *ast.GenDecl:
		var lines []string
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.ValueSpec:
				lines = append(lines, declaredValues(fset, d.Tok, spec)...)
			case *ast.TypeSpec:
				if spec.Name.IsExported() {
					lines = append(lines, declaredType(fset, spec)...)
				}
			}
		}
		return lines
	}
	return nil
}

// declaredValues is a line for each exported constant or variable: its name, and its type when that is written.
func declaredValues(fset *token.FileSet, kind token.Token, spec *ast.ValueSpec) (lines []string) {
	of := ""
	if spec.Type != nil {
		of = " " + oneLine(fset, spec.Type)
	}
	for _, name := range spec.Names {
		if name.IsExported() {
			lines = append(lines, kind.String()+" "+name.Name+of)
		}
	}
	return lines
}

// declaredType is the line of a type, and one for each exported field or interface method of it.
func declaredType(fset *token.FileSet, spec *ast.TypeSpec) []string {
	head := "type " + spec.Name.Name + typeParameters(fset, spec.TypeParams)
	if spec.Assign != token.NoPos {
		head += " ="
	}
	var fields *ast.FieldList
	switch t := spec.Type.(type) {
	case *ast.StructType:
		fields, head = t.Fields, head+" struct"
	case *ast.InterfaceType:
		fields, head = t.Methods, head+" interface"
	default:
		return []string{head + " " + oneLine(fset, spec.Type)}
	}
	lines := []string{head}
	for _, f := range fields.List {
		of := oneLine(fset, f.Type)
		if len(f.Names) == 0 && ast.IsExported(strings.TrimLeft(of[strings.LastIndexByte(of, '.')+1:], "*")) {
			lines = append(lines, head+", embedded "+of)
		}
		for _, name := range f.Names {
			if name.IsExported() {
				lines = append(lines, head+", "+name.Name+" "+strings.TrimPrefix(of, "func"))
			}
		}
	}
	return lines
}

func typeParameters(fset *token.FileSet, list *ast.FieldList) string {
	if list == nil {
		return ""
	}
	var texts []string
	for _, f := range list.List {
		for _, name := range f.Names {
			texts = append(texts, name.Name+" "+oneLine(fset, f.Type))
		}
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

// oneLine prints a node without line breaks.
func oneLine(fset *token.FileSet, node ast.Node) string {
	var out bytes.Buffer
	if err := printer.Fprint(&out, fset, node); err != nil {
		return fmt.Sprint(err)
	}
	return strings.Join(strings.Fields(out.String()), " ")
}
