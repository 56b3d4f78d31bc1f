package lint

import (
	"go/ast"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// docs/scenarios.md says what shows each scenario. A name that nobody checks is soon wrong, and a script that it does not name proves
// something that nobody finds.

// scriptFolders are the cores that are tested by scripts.
var scriptFolders = []string{"alloc", "sched", "work"}

var (
	scriptName = regexp.MustCompile("`((?:" + strings.Join(scriptFolders, "|") + ")/[a-z0-9_]+)`")
	testName   = regexp.MustCompile("`([a-z0-9]+\\.(?:Test|Fuzz|Example)\\w*)`")
)

func TestEveryScenarioIsShownOrSaysWhyNot(t *testing.T) {
	scripts, tests := allScripts(t), allTests(t)
	for line := range strings.Lines(scenarios(t)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) < 4 || strings.HasPrefix(cells[1], "---") {
			continue
		}
		name, shown := strings.TrimSpace(cells[1]), cells[len(cells)-2]
		if !scriptName.MatchString(shown) && !testName.MatchString(shown) && !strings.Contains(shown, "none: ") && !strings.Contains(shown, "not yet") && !strings.HasPrefix(shown, " shown by") && !strings.HasPrefix(shown, " caught by") {
			t.Errorf("%q is shown by nothing, and does not say why", name)
		}
		for _, m := range scriptName.FindAllStringSubmatch(line, -1) {
			if !slices.Contains(scripts, m[1]) {
				t.Errorf("%q: there is no script %s", name, m[1])
			}
		}
		for _, m := range testName.FindAllStringSubmatch(line, -1) {
			if !tests[m[1]] {
				t.Errorf("%q: there is no test %s", name, m[1])
			}
		}
	}
}

func TestEveryScriptIsNamedByAScenario(t *testing.T) {
	var named []string
	for _, m := range scriptName.FindAllStringSubmatch(scenarios(t), -1) {
		named = append(named, m[1])
	}
	for _, s := range allScripts(t) {
		if !slices.Contains(named, s) {
			t.Errorf("docs/scenarios.md does not name the script %s: add it to the scenario that it shows", s)
		}
	}
}

func scenarios(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(t), "docs", "scenarios.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// allScripts gives the scripts of the cores, as core/name.
func allScripts(t *testing.T) (names []string) {
	t.Helper()
	for _, core := range scriptFolders {
		files, err := filepath.Glob(filepath.Join(root(t), "internal", "core", core, "testdata", "*.txt"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no scripts of %s: %v", core, err)
		}
		for _, f := range files {
			names = append(names, core+"/"+strings.TrimSuffix(filepath.Base(f), ".txt"))
		}
	}
	return names
}

// allTests gives the tests of the tree, as package.Name, where package is the name of the folder.
func allTests(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, s := range sources(t, source.isTest) {
		folder := path.Base(path.Dir(s.path))
		if folder == "." {
			folder = "kiln"
		}
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
				names[folder+"."+f.Name.Name] = true
			}
		}
	}
	return names
}
