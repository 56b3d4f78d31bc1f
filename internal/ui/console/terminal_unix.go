//go:build unix

package console

import (
	"os"

	"golang.org/x/sys/unix"
)

// columns asks the terminal how wide it is. It may not know, and say 0.
func columns(f *os.File) (n int, isTerminal bool) {
	conn, err := f.SyscallConn()
	if err != nil {
		return 0, false
	}
	err = conn.Control(func(fd uintptr) {
		if size, err := unix.IoctlGetWinsize(int(fd), unix.TIOCGWINSZ); err == nil {
			n, isTerminal = int(size.Col), true
		}
	})
	return n, isTerminal && err == nil
}
