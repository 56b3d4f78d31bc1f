package funcs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kilnproject/kiln/internal/data/funcs/testdata/trip"
)

// TestMain lets the test binary be the child of its own trip.
func TestMain(m *testing.M) {
	if trip.IsChild() {
		trip.Main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const echo = "github.com/kilnproject/kiln/internal/data/funcs/testdata/echo"

func TestFunctionsTravelBetweenProcessesOfATestBinary(t *testing.T) {
	if err := trip.Parent(); err != nil {
		t.Fatal(err)
	}
}

// TestFunctionsTravelInEveryBuildMode builds a program in each way and lets it send functions to a child of its own image.
func TestFunctionsTravelInEveryBuildMode(t *testing.T) {
	modes := [][]string{
		{},
		{"-buildmode=pie", "-ldflags=-s -w"},
		{"-ldflags=-s -w"},
		{"-buildmode=pie"},
		{"-cover"},
	}
	if !testing.Short() { // these compile the standard library anew the first time
		modes = append(modes,
			[]string{"-trimpath"},
			[]string{"-gcflags=all=-N -l"},
			[]string{"-trimpath", "-buildmode=pie", "-ldflags=-s -w -buildid="},
		)
		if _, err := exec.LookPath("gcc"); err == nil {
			modes = append(modes, []string{"-race"}, []string{"-buildmode=pie", "-ldflags=-linkmode=external"})
		}
	}
	for _, flags := range modes {
		t.Run(strings.Join(append([]string{"build"}, flags...), " "), func(t *testing.T) {
			program := filepath.Join(t.TempDir(), "echo")
			run(t, "go", append(append([]string{"build", "-o", program}, flags...), echo)...)
			if out := run(t, program); out != "ok\n" {
				t.Errorf("the program says %q", out)
			}
		})
	}
}

func TestFunctionsTravelUnderGoRun(t *testing.T) {
	if out := run(t, "go", "run", echo); out != "ok\n" {
		t.Errorf("the program says %q", out)
	}
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), "GOCOVERDIR="+t.TempDir(), "GOFLAGS=")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(name), strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}
