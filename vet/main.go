package vet

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis/unitchecker"
)

const usage = `usage: kiln vet [flags of go vet] [packages]

Reports functions that cannot travel to executors: literals that capture variables, method values, literals inside generic
functions, functions that reach package variables which change, and row or environment types that cannot be encoded.
Without packages it checks ./...

The same from within other tools: go vet -vettool=$(which kiln) ./...
`

// IsUnit reports whether the arguments of a program, without its name, are the go command asking a vet tool for its version or
// its flags, or giving it one package to check. A command that has other duties hands such arguments to [Main] at once.
func IsUnit(args []string) bool {
	if slices.Equal(args, []string{"-V=full"}) || slices.Equal(args, []string{"-flags"}) {
		return true
	}
	for i, a := range args {
		if last := i == len(args)-1; last && strings.HasSuffix(a, ".cfg") {
			return true
		}
		if !strings.HasPrefix(a, "-") {
			return false
		}
	}
	return false
}

// Main is the command: args are what follows "kiln vet", or what the go command gave a vet tool. It gives the exit code: 0 nothing
// found, 1 something found or go vet failed, 2 wrong use. As a vet tool (see [IsUnit]) it ends the process itself.
func Main(args []string) int {
	if IsUnit(args) {
		os.Args = append(os.Args[:1:1], args...)
		unitchecker.Main(Analyzer)
		return 0
	}
	if slices.ContainsFunc(args, func(a string) bool { return a == "-h" || a == "-help" || a == "--help" }) {
		fmt.Print(usage)
		return 0
	}
	self, err := os.Executable()
	if err != nil {
		fmt.Fprintln(os.Stderr, "kiln vet: find its own executable:", err)
		return 2
	}
	if !slices.ContainsFunc(args, func(a string) bool { return !strings.HasPrefix(a, "-") }) {
		args = append(args, "./...")
	}
	cmd := exec.Command("go", append([]string{"vet", "-vettool=" + self}, args...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return max(1, exit.ExitCode())
	}
	fmt.Fprintln(os.Stderr, "kiln vet: it needs the go command:", err)
	return 2
}
