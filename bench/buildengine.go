package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/kilnproject/kiln/bench/data"
)

// buildEngine measures what the generics of the API cost the Go tool chain, with the user's own build cache, as a user edits and builds.
type buildEngine struct{}

func init() { register(buildEngine{}) }

func (buildEngine) Name() string { return "kiln/go build" }

func (buildEngine) Run(workload string, in data.Input) (Measured, error) {
	module, err := moduleRoot()
	if err != nil {
		return Measured{}, err
	}
	b := build{module: module, scratch: in.Output}
	example := filepath.Join(module, "examples", "wordcount")
	switch workload {
	case rowBuild:
		return b.afterEdit(example, nil)
	case rowBuildWide:
		return b.afterEdit(filepath.Join(module, "bench", "wide"), wideProgram(max(1, int(in.Scale*wideTypes))))
	case rowBinary:
		return b.size(example)
	}
	return Measured{}, errAbsent
}

// moduleRoot is the directory of the module that this command is run in.
func moduleRoot() (string, error) {
	path, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("find the module with go env GOMOD: %w", err)
	}
	file := strings.TrimSpace(string(path))
	text, err := os.ReadFile(file)
	if err != nil || !strings.HasPrefix(string(text), "module github.com/kilnproject/kiln\n") {
		return "", errAbsent // run elsewhere than in Kiln's tree: nothing to build
	}
	return filepath.Dir(file), nil
}

// build runs go build on packages of the module with one file edited in an overlay: the tree itself is not touched.
type build struct{ module, scratch string }

// afterEdit builds a package to fill the cache, edits one line of its main.go, and measures the build after that. program is main.go when
// the package exists in the overlay only.
func (b build) afterEdit(dir string, program []byte) (Measured, error) {
	file := filepath.Join(dir, "main.go")
	if program == nil {
		var err error
		if program, err = os.ReadFile(file); errors.Is(err, fs.ErrNotExist) {
			return Measured{}, errAbsent
		} else if err != nil {
			return Measured{}, err
		}
	}
	if _, err := b.edited(file, program, "before"); err != nil {
		return Measured{}, err
	}
	// Only the memory of the build after the edit counts.
	stop := make(chan struct{})
	tree := follow(os.Getpid(), stop)
	// An edit must be new to the cache, or nothing is built.
	took, err := b.edited(file, program, time.Now().Format(time.RFC3339Nano))
	close(stop)
	seen := <-tree
	return Measured{Value: took.Seconds(), PeakBytes: seen.peak}, err
}

// edited builds the program with one more line at its end.
func (b build) edited(file string, program []byte, line string) (time.Duration, error) {
	copied := filepath.Join(b.scratch, "main.go")
	program = fmt.Appendf(program[:len(program):len(program)], "\nvar edited = %q\n\nfunc init() { _ = len(edited) }\n", line)
	if err := os.WriteFile(copied, program, 0o600); err != nil {
		return 0, err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{file: copied}})
	if err != nil {
		return 0, err
	}
	if err := os.WriteFile(filepath.Join(b.scratch, "overlay.json"), overlay, 0o600); err != nil {
		return 0, err
	}
	began := time.Now()
	err = b.goBuild("-overlay", filepath.Join(b.scratch, "overlay.json"), "-o", filepath.Join(b.scratch, "program"), filepath.Dir(file))
	return time.Since(began), err
}

// size is the size of the package's binary without symbols, in MB.
func (b build) size(dir string) (Measured, error) {
	if _, err := os.Stat(dir); err != nil {
		return Measured{}, errAbsent
	}
	binary := filepath.Join(b.scratch, "program")
	if err := b.goBuild("-trimpath", "-ldflags=-s -w", "-o", binary, dir); err != nil {
		return Measured{}, err
	}
	info, err := os.Stat(binary)
	if err != nil {
		return Measured{}, err
	}
	return Measured{Value: megabytes(info.Size())}, nil
}

func (b build) goBuild(args ...string) error {
	command := exec.Command("go", append([]string{"build"}, args...)...)
	command.Dir = b.module
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w: %s", err, out)
	}
	return nil
}
