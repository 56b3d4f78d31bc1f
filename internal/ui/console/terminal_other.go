//go:build !unix

package console

import "os"

// columns knows terminals of Unix only: elsewhere kiln.ui.showConsoleProgress=true shows the line.
func columns(*os.File) (n int, isTerminal bool) { return 0, false }
