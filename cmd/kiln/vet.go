package main

import (
	"io"

	"github.com/kilnproject/kiln/vet"
)

// runVet checks packages; findings go to standard error, as those of go vet do.
func runVet(args []string, _, _ io.Writer) int { return vet.Main(args) }
