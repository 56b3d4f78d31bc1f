package main

import (
	"fmt"
	"io"

	"github.com/kilnproject/kiln/internal/conf"
)

// runSettings prints what --kiln.help of every program prints.
func runSettings(args []string, out, errs io.Writer) int {
	if len(args) > 0 {
		fmt.Fprintf(errs, "kiln settings takes no arguments, not %q\n", args)
		return exitUsage
	}
	if err := conf.Help(out); err != nil {
		fmt.Fprintln(errs, err)
		return exitFailed
	}
	return 0
}
