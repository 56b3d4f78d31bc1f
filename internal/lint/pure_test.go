package lint

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The cores decide and never act: the same events in the same order give the same actions, in a test, in the simulation and in a replay
// of what happened at a user's. Everything that could make two runs differ is forbidden there.

// impure are the packages that a core does not import.
var impure = map[string]string{
	"sync":         "a core is one goroutine's: locks belong to its shell",
	"sync/atomic":  "a core is one goroutine's",
	"os":           "a core does no I/O",
	"io":           "a core does no I/O",
	"io/fs":        "a core does no I/O",
	"net":          "a core does no I/O",
	"bufio":        "a core does no I/O",
	"log":          "a core says what happened with actions",
	"log/slog":     "a core says what happened with actions",
	"crypto/rand":  "chance comes from the seed only",
	"math/rand":    "chance comes from the seed only: use math/rand/v2 with rand.New",
	"hash/maphash": "its seed differs between processes",
	"context":      "a core is never waited for",
	"runtime":      "a core does not know where it runs",
	"unsafe":       "a core is arithmetic",
	"reflect":      "a core is arithmetic",
}

// impureCalls are functions of packages that a core may import otherwise.
var impureCalls = map[string][]string{
	"time": {"Now", "Since", "Until", "After", "AfterFunc", "Sleep", "Tick", "NewTimer", "NewTicker"},
}

// seededOnly are the functions of math/rand/v2 that do not draw from the global source.
var seededOnly = []string{"New", "NewPCG", "NewChaCha8", "NewZipf"}

// finding is one impurity.
type finding struct {
	at   token.Position
	what string
}

// impurities is what makes a type-checked package impure.
func impurities(fset *token.FileSet, files []*ast.File, info *types.Info) []finding {
	var found []finding
	add := func(n ast.Node, what string) { found = append(found, finding{fset.Position(n.Pos()), what}) }
	for _, file := range files {
		for _, spec := range file.Imports {
			path := strings.Trim(spec.Path.Value, `"`)
			if why, ok := impure[path]; ok {
				add(spec, "imports "+path+": "+why)
			}
			if strings.HasPrefix(path, "os/") || strings.HasPrefix(path, "net/") {
				add(spec, "imports "+path+": a core does no I/O")
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				add(n, "starts a goroutine: a core is one step at a time")
			case *ast.SelectStmt:
				add(n, "selects: a core waits for nothing")
			case *ast.ChanType:
				add(n, "has a channel: a core waits for nothing")
			case *ast.RangeStmt:
				if isMap(info.TypeOf(n.X)) {
					add(n, "ranges over a map: the order differs from run to run; range over a slice of sorted keys")
				}
			case *ast.Ident:
				if what := impureUse(info.Uses[n]); what != "" {
					add(n, what)
				}
			}
			return true
		})
	}
	return found
}

// isMap says whether a type is a map, or a type parameter that may be one.
func isMap(t types.Type) bool {
	if t == nil {
		return false
	}
	if p, ok := t.(*types.TypeParam); ok {
		t = p.Constraint()
		if i, ok := t.Underlying().(*types.Interface); ok {
			for e := range i.EmbeddedTypes() {
				if u, ok := e.(*types.Union); ok && u.Len() > 0 {
					e = u.Term(0).Type()
				}
				if isMap(e) {
					return true
				}
			}
		}
		return false
	}
	_, ok := t.Underlying().(*types.Map)
	return ok
}

// impureUse says what is wrong with using this object, or nothing.
func impureUse(used types.Object) string {
	f, ok := used.(*types.Func)
	if !ok || f.Pkg() == nil || f.Signature().Recv() != nil {
		return ""
	}
	path, name := f.Pkg().Path(), f.Name()
	switch {
	case slices.Contains(impureCalls[path], name):
		return path + "." + name + ": a core is given the time"
	case path == "math/rand/v2" && !slices.Contains(seededOnly, name):
		return path + "." + name + " draws from the global source: chance comes from the seed only"
	case path == "maps" && (name == "Keys" || name == "Values" || name == "All"):
		return "maps." + name + " gives the order of the map, which differs from run to run; maps.Collect and slices.Sorted of keys kept elsewhere do not"
	}
	return ""
}

// compiled imports what the compiler left in the build cache: everything that a core imports, and what the examples of impurity do.
func compiled(t *testing.T, fset *token.FileSet) types.Importer {
	t.Helper()
	list := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}}={{.Export}}", "./internal/core/...",
		"sync", "os", "net/url", "time", "math/rand/v2", "maps")
	list.Dir, list.Stderr = root(t), os.Stderr
	out, err := list.Output()
	if err != nil {
		t.Fatalf("compile the cores: %v", err)
	}
	exports := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), "=")
		exports[path] = file
	}
	return importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
}

func TestCoresArePure(t *testing.T) {
	cores := 0
	fset := token.NewFileSet()
	imports := compiled(t, fset)
	for _, p := range tree(t) {
		if !strings.HasPrefix(p.path(), "internal/core/") {
			continue
		}
		cores++
		var files []*ast.File
		for _, name := range p.GoFiles {
			file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, file)
		}
		info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}
		config := types.Config{Importer: imports}
		if _, err := config.Check(p.ImportPath, fset, files, info); err != nil {
			t.Fatalf("type-check %s: %v", p.path(), err)
		}
		for _, f := range impurities(fset, files, info) {
			t.Errorf("%s: %s", f.at, f.what)
		}
	}
	if cores == 0 {
		t.Error("no package is below internal/core: the rule holds for nothing")
	}
}

func TestEveryImpurityIsFound(t *testing.T) {
	fset := token.NewFileSet()
	imports := compiled(t, fset)
	for _, c := range []struct{ source, what string }{
		{`import "sync"; var m sync.Mutex`, "imports sync"},
		{`import "os"; var a = os.Args`, "imports os"},
		{`import "net/url"; var u url.URL`, "imports net/url"},
		{`import "time"; var n = time.Now()`, "time.Now"},
		{`import clock "time"; var n = clock.Since`, "time.Since"},
		{`import "time"; const d = time.Second`, ""},
		{`import "time"; func f(t time.Time) bool { return t.After(t) }`, ""},
		{`import "math/rand/v2"; var n = rand.IntN(3)`, "rand/v2.IntN"},
		{`import "math/rand/v2"; var r = rand.New(rand.NewPCG(1, 2)); var n = r.IntN(3)`, ""},
		{`func f() { go f() }`, "goroutine"},
		{`var c chan int`, "channel"},
		{`func f(m map[int]int) { for range m {} }`, "ranges over a map"},
		{`type M map[int]int; func f(m M) { for k := range m { _ = k } }`, "ranges over a map"},
		{`func f[M ~map[K]int, K comparable](m M) { for range m {} }`, "ranges over a map"},
		{`import "maps"; func f(m map[int]int) { for range maps.Keys(m) {} }`, "maps.Keys"},
		{`func f(m map[int]int, s []int) { for range s {}; _ = m[1] }`, ""},
	} {
		file, err := parser.ParseFile(fset, "core.go", "package core; "+c.source, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}
		config := types.Config{Importer: imports}
		if _, err := config.Check("core", fset, []*ast.File{file}, info); err != nil {
			t.Fatalf("%s: %v", c.source, err)
		}
		found := impurities(fset, []*ast.File{file}, info)
		switch {
		case c.what == "" && len(found) > 0:
			t.Errorf("%s: found %q", c.source, found[0].what)
		case c.what != "" && (len(found) == 0 || !strings.Contains(found[0].what, c.what)):
			t.Errorf("%s: found %v, want %q", c.source, found, c.what)
		}
	}
}
