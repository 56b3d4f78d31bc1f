package console

import (
	"os"
	"testing"
)

func TestAFileIsNoTerminalAndHas80Columns(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if IsTerminal(f) {
		t.Error("a file counts as a terminal")
	}
	for columns, want := range map[string]int{"": 80, "132": 132, "0": 80, "-4": 80, "wide": 80, "99999999999999999999": 80} {
		if got := Width(f, func(key string) string { return map[string]string{"COLUMNS": columns}[key] }); got != want {
			t.Errorf("COLUMNS=%s: %d columns, want %d", columns, got, want)
		}
	}
}

func TestAClosedFileIsNoTerminal(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	if IsTerminal(f) {
		t.Error("a closed file counts as a terminal")
	}
}
