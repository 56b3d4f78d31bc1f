package lint

import (
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// A dependency is somebody else's promise. modules.txt names every module that we promise with, its licence and why we need it; a change
// there is reviewed.

// licences that a module may have: permissive ones, and MPL-2.0, which binds its own files only.
var licences = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "MIT", "ISC", "MPL-2.0"}

// uses says who may link a module.
var uses = []string{
	"program", // user programs
	"command", // the kiln command and vet, not user programs
	"test",    // tests only
	"tool",    // generators and checkers
}

// promised is a line of modules.txt.
type promised struct{ module, licence, use, why string }

func promises(t *testing.T) []promised {
	t.Helper()
	text, err := os.ReadFile("modules.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []promised
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		if strings.TrimSpace(line) == "" {
			continue
		}
		fields := strings.Fields(line)
		if len(fields) < 4 {
			t.Errorf("modules.txt: %q: want module, licence, use and why", line)
			continue
		}
		all = append(all, promised{fields[0], fields[1], fields[2], strings.Join(fields[3:], " ")})
	}
	return all
}

func TestEveryModuleIsListedWithALicenceAndAReason(t *testing.T) {
	listed := map[string]bool{}
	for _, p := range promises(t) {
		if listed[p.module] {
			t.Errorf("modules.txt names %s twice", p.module)
		}
		listed[p.module] = true
		if !slices.Contains(licences, p.licence) {
			t.Errorf("%s has licence %s: want one of %v", p.module, p.licence, licences)
		}
		if !slices.Contains(uses, p.use) {
			t.Errorf("%s has use %s: want one of %v", p.module, p.use, uses)
		}
	}
	required := requiredModules(t)
	for _, m := range required {
		if !listed[m] {
			t.Errorf("go.mod requires %s, which modules.txt does not name: say its licence, who links it and why", m)
		}
	}
	for m := range listed {
		if !slices.Contains(required, m) {
			t.Errorf("modules.txt names %s, which go.mod does not require", m)
		}
	}
}

// requiredModules are the modules that go.mod names, direct or not.
func requiredModules(t *testing.T) (paths []string) {
	t.Helper()
	edit := exec.Command("go", "mod", "edit", "-json")
	edit.Dir, edit.Stderr = root(t), os.Stderr
	out, err := edit.Output()
	if err != nil {
		t.Fatalf("read go.mod: %v", err)
	}
	var file struct{ Require []struct{ Path string } }
	if err := json.Unmarshal(out, &file); err != nil {
		t.Fatalf("read go.mod: %v", err)
	}
	for _, m := range file.Require {
		paths = append(paths, m.Path)
	}
	return paths
}

// linkedModules are the modules that the packages and what they import come from.
func linkedModules(t *testing.T, patterns ...string) []string {
	t.Helper()
	args := []string{"list", "-e", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}"}
	list := exec.Command("go", append(args, patterns...)...)
	list.Dir, list.Stderr = root(t), os.Stderr
	out, err := list.Output()
	if err != nil {
		t.Fatalf("list what %v link: %v", patterns, err)
	}
	return strings.Fields(string(out))
}

// What user programs link is the list of those with use program, and nothing that is meant for tests, tools or the command.
func TestUserProgramsLinkOnlyModulesMeantForThem(t *testing.T) {
	use := map[string]string{}
	for _, p := range promises(t) {
		use[p.module] = p.use
	}
	linked := linkedModules(t, ".", "./storage/...", "./cluster/...")
	for _, m := range slices.Compact(slices.Sorted(slices.Values(linked))) {
		if use[m] != "program" {
			t.Errorf("programs of users link %s, which modules.txt lists for use %q", m, use[m])
		}
	}
}

// One module must not bring cgo into the default build, or linkname, which breaks on a new Go.
func TestNoOwnFileUsesCgoOrLinkname(t *testing.T) {
	for _, s := range sources(t, func(source) bool { return true }) {
		for _, spec := range s.file.Imports {
			if spec.Path.Value == `"C"` {
				t.Errorf("%s uses cgo", s.path)
			}
		}
		for _, group := range s.file.Comments {
			for _, c := range group.List {
				if strings.HasPrefix(c.Text, "//go:link"+"name") {
					t.Errorf("%s: linkname breaks on a new Go", s.fset.Position(c.Pos()))
				}
			}
		}
	}
}
