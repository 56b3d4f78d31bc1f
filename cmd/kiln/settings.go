package main

import (
	"fmt"
	"io"

	"github.com/kilnproject/kiln/internal/conf"
)

// runSettings prints what --kiln.help of every program prints, or the same for machines.
func runSettings(args []string, out, errs io.Writer) int {
	switch {
	case asksJSON(args):
		return printJSON(conf.List(), out, errs)
	case len(args) > 0:
		fmt.Fprintf(errs, "kiln settings takes -o json, not %q\n", args)
		return exitUsage
	}
	if err := conf.Help(out); err != nil {
		fmt.Fprintln(errs, err)
		return exitFailed
	}
	return 0
}
