package vet

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// module writes a module that has its own copy of the fake kiln, and gives its folder.
func module(t *testing.T, job string) string {
	t.Helper()
	dir := t.TempDir()
	fake := filepath.Join(analysisData(t), "src", filepath.FromSlash(kilnPath))
	write(t, dir, "go.mod", "module example.com/user\n\ngo 1.26\n\nrequire "+kilnPath+" v0.0.0\n\nreplace "+kilnPath+" => ./kiln\n")
	write(t, dir, "kiln/go.mod", "module "+kilnPath+"\n\ngo 1.26\n")
	write(t, dir, "setting/setting.go", "package setting\n\nvar limit int\n\nfunc Set(n int) { limit = n }\n\nfunc Over(n int) bool { return n > limit }\n")
	write(t, dir, "job/job.go", job)
	source, err := os.ReadFile(filepath.Join(fake, "kiln.go"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "kiln/kiln.go", string(source))
	return dir
}

func analysisData(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// output runs f with standard output and error going to a file, and gives what was written.
func output(t *testing.T, f func()) string {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "output"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	stdout, stderr := os.Stdout, os.Stderr
	os.Stdout, os.Stderr = file, file
	defer func() { os.Stdout, os.Stderr = stdout, stderr }()
	f()
	text, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

const badJob = `package job

import (
	"example.com/user/setting"
	"github.com/kilnproject/kiln"
)

func Run(d kiln.RDD[int], n int) {
	kiln.Map(d, func(v int) int { return v + n })
	kiln.Filter(d, setting.Over)
}
`

func TestTheCommandChecksPackages(t *testing.T) {
	t.Setenv("GOFLAGS", "-mod=mod")
	t.Setenv("GOWORK", "off")
	t.Chdir(module(t, badJob))
	for _, args := range [][]string{{"./..."}, nil, {"./job"}} {
		code := 0
		out := output(t, func() { code = Main(args) })
		for _, want := range []string{"job.go:9:", "literal captures n", "job.go:10:", "reaches package variable setting.limit, which changes at setting.go:5"} {
			if !strings.Contains(out, want) {
				t.Errorf("kiln vet %v: %q does not say %q", args, out, want)
			}
		}
		if code != 1 {
			t.Errorf("kiln vet %v: exit code %d, want 1", args, code)
		}
	}
}

func TestTheCommandIsContentWithGoodCode(t *testing.T) {
	t.Setenv("GOFLAGS", "-mod=mod")
	t.Setenv("GOWORK", "off")
	t.Chdir(module(t, strings.NewReplacer("v + n", "v + 1", "setting.Over", "func(v int) bool { return v > 0 }", `"example.com/user/setting"`, "").Replace(badJob)))
	code := -1
	if out := output(t, func() { code = Main([]string{"./..."}) }); out != "" || code != 0 {
		t.Errorf("exit code %d, output %q", code, out)
	}
}

func TestTheCommandServesAsAVetTool(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "vet", "-vettool="+self, "-json", "./job")
	cmd.Dir = module(t, badJob)
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), `"kiln"`) || !strings.Contains(string(out), "literal captures n") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestTheCommandExplainsItself(t *testing.T) {
	code := -1
	out := output(t, func() { code = Main([]string{"-h"}) })
	if code != 0 || !strings.Contains(out, "kiln vet") || !strings.Contains(out, "-vettool") {
		t.Errorf("exit code %d, output %q", code, out)
	}
}

func TestTheCommandSaysThatItNeedsGo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	code := -1
	out := output(t, func() { code = Main([]string{"./..."}) })
	if code != 2 || !strings.Contains(out, "needs the go command") {
		t.Errorf("exit code %d, output %q", code, out)
	}
}

func TestCallsOfTheGoCommandAreRecognised(t *testing.T) {
	for _, c := range []struct {
		args []string
		want bool
	}{
		{[]string{"-V=full"}, true},
		{[]string{"-flags"}, true},
		{[]string{"/tmp/b001/vet.cfg"}, true},
		{[]string{"-json", "/tmp/b001/vet.cfg"}, true},
		{nil, false},
		{[]string{"./..."}, false},
		{[]string{"vet", "./..."}, false},
		{[]string{"run", "-flags"}, false},
		{[]string{"submit", "app.cfg"}, false},
		{[]string{"vet", "-V=full"}, false},
	} {
		if got := IsUnit(c.args); got != c.want {
			t.Errorf("%q: got %v", c.args, got)
		}
	}
}
