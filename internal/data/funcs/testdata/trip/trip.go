// Package trip sends functions and operators from a process to a child that runs the same executable, and compares what both
// compute. The tests of package funcs build it into programs in every way that the toolchain offers.
package trip

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/kilnproject/kiln/internal/data/funcs"
)

// Op is an operator that can show that it arrived whole.
type Op interface{ Run() string }

// ChildEnv is set, to anything, in the process that decodes.
const ChildEnv = "KILN_TRIP_CHILD"

// IsChild reports whether this process is the one that decodes.
func IsChild() bool { return os.Getenv(ChildEnv) != "" }

// Main is either end of the trip, for use as the whole of a program.
func Main(own ...Op) {
	end := func() error { return Parent(own...) }
	if IsChild() {
		end = func() error { return Child(os.Stdin, os.Stdout) }
	}
	if err := end(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if !IsChild() {
		fmt.Println("ok")
	}
}

// Parent encodes the operators, lets a child run them, and gives an error if anything arrived changed, or if a function that
// cannot travel was not refused.
func Parent(own ...Op) error {
	if err := funcs.SelfTest(); err != nil {
		return err
	}
	if err := refusals(); err != nil {
		return err
	}
	id, err := funcs.SelfIdentity()
	if err != nil {
		return err
	}
	ops := append(standard(), own...)
	var encoded []byte
	var want strings.Builder
	for _, op := range append([]Op{&Hello{ID: id}}, ops...) {
		if encoded, err = funcs.AppendOp(encoded, op); err != nil {
			return fmt.Errorf("encode %T: %w", op, err)
		}
		fmt.Fprintln(&want, op.Run())
	}
	path, err := os.Executable()
	if err != nil {
		return err
	}
	child := exec.Command(path)
	child.Env = append(os.Environ(), ChildEnv+"=1")
	child.Stdin = bytes.NewReader(encoded)
	child.Stderr = os.Stderr
	got, err := child.Output()
	if err != nil {
		return fmt.Errorf("child: %w", err)
	}
	if string(got) != want.String() {
		return fmt.Errorf("the child computed\n%s\nbut the parent\n%s", got, want.String())
	}
	return nil
}

// Child decodes operators and prints what each computes.
func Child(in io.Reader, out io.Writer) error {
	encoded, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	for len(encoded) > 0 {
		var op any
		if op, encoded, err = funcs.DecodeOp(nil, encoded); err != nil {
			return err
		}
		fmt.Fprintln(out, op.(Op).Run())
	}
	return nil
}

// Hello is an operator without functions that compares the images of both ends.
type Hello struct{ ID funcs.Identity }

// Run implements Op.
func (h *Hello) Run() string {
	own, err := funcs.SelfIdentity()
	return fmt.Sprint("same image: ", errors.Join(err, own.Check(h.ID)) == nil)
}
