package disk

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// files gives the names of all files below root.
func files(t *testing.T, root string) (names []string) {
	err := filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			names = append(names, e.Name())
		}
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return names
}

func TestAFileIsSeenOnlyOnceItIsCommitted(t *testing.T) {
	d := Open(filepath.Join(t.TempDir(), "blocks"), Options{})
	w, err := d.Create("rdd_1_2")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Open("rdd_1_2"); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("a half-written file was opened: %v", err)
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	w.Discard()
	r, err := d.Open("rdd_1_2")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Remove("rdd_1_2"); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 5)
	if _, err := r.ReadAt(p, 0); err != nil || string(p) != "hello" {
		t.Fatalf("an open file is readable after its removal: %q, %v", p, err)
	}
	if _, err := r.ReadAt(p, 1); err != io.EOF {
		t.Fatalf("a short read gives %v", err)
	}
	r.Close()
	if err := d.Remove("rdd_1_2"); err != nil {
		t.Fatalf("removing what is not there: %v", err)
	}
}

func TestNothingIsMadeBeforeTheFirstFileAndNothingIsLeftAfterClose(t *testing.T) {
	root := filepath.Join(t.TempDir(), "blocks")
	d := Open(root, Options{})
	if _, err := os.Stat(root); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("made too early: %v", err)
	}
	done, _ := d.Create("a")
	done.Commit()
	open, _ := d.Create("b")
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	open.Discard()
	if _, err := os.Stat(root); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("left: %v", files(t, root))
	}
	if _, err := d.Create("c"); !errors.Is(err, os.ErrClosed) {
		t.Fatalf("a closed directory takes files: %v", err)
	}
}

func TestAFullDiskIsExplainedAndLeavesNothing(t *testing.T) {
	for _, full := range []Op{OpCreate, OpWrite, OpCommit} {
		t.Run(string(full), func(t *testing.T) {
			root := filepath.Join(t.TempDir(), "blocks")
			d := Open(root, Options{Fault: func(op Op, path string, n int) error {
				if op == full {
					return syscall.ENOSPC
				}
				return nil
			}})
			w, err := d.Create("a")
			if err == nil {
				if _, err = w.Write([]byte("0123456789")); err == nil {
					err = w.Commit()
				}
				w.Discard()
			}
			if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), d.Path("a")) || !strings.Contains(err.Error(), "kiln.local.dir") {
				t.Fatalf("got %v", err)
			}
			if left := files(t, root); len(left) > 0 {
				t.Fatalf("left %v", left)
			}
		})
	}
}

func TestErrorsNameThePathOnce(t *testing.T) {
	d := Open(t.TempDir(), Options{})
	_, err := d.Open("nothing")
	if err == nil || strings.Count(err.Error(), "nothing") != 1 {
		t.Fatalf("got %v", err)
	}
}
