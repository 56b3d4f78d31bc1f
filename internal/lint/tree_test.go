package lint

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// module is our own import path.
const module = "github.com/kilnproject/kiln"

// pkg is a package of the tree, as go list sees it.
type pkg struct {
	ImportPath   string
	Dir          string
	Name         string
	GoFiles      []string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

// path is the package's path below the module, "." for the root.
func (p pkg) path() string {
	if p.ImportPath == module {
		return "."
	}
	return strings.TrimPrefix(p.ImportPath, module+"/")
}

// below is the part of an import path below our module; ok is false for the packages of others.
func below(importPath string) (path string, ok bool) {
	if importPath == module {
		return ".", true
	}
	return strings.CutPrefix(importPath, module+"/")
}

// isStandard says whether an import path is the standard library's: its first element has no dot.
func isStandard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}

// root is the directory of the module.
func root(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// packages lists every package of the module once.
var packages = sync.OnceValues(func() ([]pkg, error) {
	list := exec.Command("go", "list", "-e", "-json=ImportPath,Dir,Name,GoFiles,Imports,TestImports,XTestImports", "./...")
	list.Dir = filepath.Join("..", "..")
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		return nil, err
	}
	var all []pkg
	for in := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := in.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
})

// tree is every package of the module.
func tree(t testing.TB) []pkg {
	t.Helper()
	all, err := packages()
	if err != nil {
		t.Fatalf("list the packages of the module: %v", err)
	}
	if len(all) < 5 {
		t.Fatalf("go list found only %d packages: the rules would hold for nothing", len(all))
	}
	return all
}

// source is one parsed Go file; path is below the module's root.
type source struct {
	path      string
	lines     int
	generated bool
	file      *ast.File
	fset      *token.FileSet
}

// isTest says whether the file is built for tests only.
func (s source) isTest() bool { return strings.HasSuffix(s.path, "_test.go") }

// parsed reads every Go file of the tree once: testdata and other modules excepted, whatever build tags it has.
var parsed = sync.OnceValues(func() ([]source, error) {
	var all []source
	top := filepath.Join("..", "..")
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return skipDir(top, path, d.Name())
		case !strings.HasSuffix(path, ".go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // gone between listing and reading
		} else if err != nil {
			return err
		}
		name, err := filepath.Rel(top, path)
		if err != nil {
			return err
		}
		s := source{path: filepath.ToSlash(name), lines: strings.Count(string(text), "\n"), fset: token.NewFileSet()}
		if s.file, err = parser.ParseFile(s.fset, s.path, text, parser.ParseComments|parser.SkipObjectResolution); err != nil {
			return err
		}
		s.generated = ast.IsGenerated(s.file)
		all = append(all, s)
		return nil
	})
	return all, err
})

// skipDir leaves out what is not ours to judge.
func skipDir(top, path, name string) error {
	if path == top {
		return nil
	}
	if name == "testdata" || name == "vendor" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
		return fs.SkipDir
	}
	if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

// sources is every Go file of the tree that keep wants.
func sources(t testing.TB, keep func(source) bool) []source {
	t.Helper()
	all, err := parsed()
	if err != nil {
		t.Fatalf("parse the tree: %v", err)
	}
	if len(all) < 20 {
		t.Fatalf("found only %d Go files: the rules would hold for nothing", len(all))
	}
	return slices.DeleteFunc(slices.Clone(all), func(s source) bool { return !keep(s) })
}
