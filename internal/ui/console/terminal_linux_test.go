package console

import (
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// pseudoTerminal opens a terminal that nobody sits at.
func pseudoTerminal(t *testing.T) *os.File {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = master.Close() })
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestATerminalSaysHowWideItIs(t *testing.T) {
	f := pseudoTerminal(t)
	if !IsTerminal(f) {
		t.Fatal("a terminal does not count as one")
	}
	none := func(string) string { return "" }
	if got := Width(f, none); got != 80 {
		t.Errorf("a terminal that does not know its width has %d columns, want 80", got)
	}
	for _, columns := range []uint16{132, 40} {
		if err := unix.IoctlSetWinsize(int(f.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: columns, Row: 24}); err != nil {
			t.Fatal(err)
		}
		if got := Width(f, none); got != int(columns) {
			t.Errorf("%d columns, want %d", got, columns)
		}
	}
	if got := Width(f, func(string) string { return "72" }); got != 72 {
		t.Errorf("COLUMNS=72: %d columns", got)
	}
}
