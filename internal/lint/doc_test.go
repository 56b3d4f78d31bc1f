package lint

import (
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strings"
	"testing"
)

// A newcomer reads doc.go first, and a user reads nothing but the documentation of what is exported.

// publicPackages are those whose exported symbols are a promise: api.txt lists them.
var publicPackages = []string{".", "kilntest", "cluster", "storage", "vet"}

func TestEveryPackageHasADocFile(t *testing.T) {
	for _, p := range tree(t) {
		if len(p.GoFiles) == 0 && len(p.TestImports) == 0 && len(p.XTestImports) == 0 {
			continue // generated or excluded on this system
		}
		at := slices.IndexFunc(sources(t, func(source) bool { return true }), func(s source) bool { return s.path == path.Join(p.path(), "doc.go") })
		switch {
		case matches("examples/...", p.path()): // an example explains itself at the top of its one file
		case at < 0:
			t.Errorf("package %s has no doc.go: say what it is, what it is not, and what it may import", p.path())
		case documentation(sources(t, func(source) bool { return true })[at].file.Doc) == "":
			t.Errorf("doc.go of package %s has no package comment", p.path())
		}
	}
}

// documentation is the text of a comment without directives.
func documentation(c *ast.CommentGroup) string { return strings.TrimSpace(c.Text()) }

func TestExportedSymbolsOfPublicPackagesAreDocumented(t *testing.T) {
	files := sources(t, isPublic)
	promoting := embedded(files)
	for _, s := range files {
		for _, d := range s.file.Decls {
			for _, name := range undocumented(d, promoting) {
				t.Errorf("%s: %s is exported without a comment: say units, ownership, concurrency and errors", s.fset.Position(d.Pos()), name)
			}
		}
	}
}

// isPublic says whether a file declares symbols of a public package.
func isPublic(s source) bool {
	return slices.Contains(publicPackages, path.Dir(s.path)) && !s.isTest() && !s.generated && s.file.Name.Name != "main"
}

// undocumented names the exported symbols of a declaration that have no comment. A comment on a group of constants or variables counts for
// all of them; a field or method of an exported type needs its own, or one on its line.
func undocumented(d ast.Decl, promoting map[string]bool) (names []string) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		receiver := d.Recv == nil || ast.IsExported(receiverName(d.Recv.List[0].Type)) || promoting[receiverName(d.Recv.List[0].Type)]
		if d.Name.IsExported() && receiver && documentation(d.Doc) == "" {
			names = append(names, functionName(d))
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			names = append(names, undocumentedIn(d, spec)...)
		}
	}
	return names
}

func undocumentedIn(d *ast.GenDecl, spec ast.Spec) (names []string) {
	switch spec := spec.(type) {
	case *ast.ValueSpec:
		for _, name := range spec.Names {
			if name.IsExported() && documentation(d.Doc) == "" && documentation(spec.Doc) == "" && documentation(spec.Comment) == "" {
				names = append(names, name.Name)
			}
		}
	case *ast.TypeSpec:
		if !spec.Name.IsExported() {
			return nil
		}
		if documentation(spec.Doc) == "" && (d.Lparen != token.NoPos || documentation(d.Doc) == "") {
			names = append(names, spec.Name.Name)
		}
		if i, ok := spec.Type.(*ast.InterfaceType); ok {
			names = append(names, undocumentedMethods(spec.Name.Name, i)...)
		}
	}
	return names
}

// undocumentedMethods names the methods of an interface without a comment: an interface is a contract.
func undocumentedMethods(of string, i *ast.InterfaceType) (names []string) {
	for _, m := range i.Methods.List {
		for _, name := range m.Names {
			if name.IsExported() && documentation(m.Doc) == "" && documentation(m.Comment) == "" {
				names = append(names, of+"."+name.Name)
			}
		}
	}
	return names
}
