package storagetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/kilnproject/kiln/storage"
)

// Place is what is tested.
type Place struct {
	FS storage.FS
	// Root makes a new empty directory for one test and gives its path, without a "/" at the end.
	Root func(t *testing.T) string
	// Put writes a file by other means than FS, with the directories above it.
	Put func(t *testing.T, path string, data []byte)
}

// Run runs every test of the suite.
func Run(t *testing.T, p Place) {
	for _, one := range []struct {
		name string
		test func(*testing.T, Place)
	}{
		{"a directory lists every file below it, sorted, without hidden ones", listsDirectory},
		{"a pattern lists what it matches", listsPattern},
		{"an existing name wins over the pattern that it could be", listsLiteral},
		{"listing nothing is an error that says which kind of nothing", listsNothing},
		{"opening reads from any offset to the end", opens},
		{"opening what is missing names the path", opensMissing},
		{"a committed output shows the winners and the success mark", commits},
		{"before commit nothing is visible", staysInvisible},
		{"abort leaves nothing, not even the directories above", aborts},
		{"an output over an existing directory is refused", refusesExisting},
		{"overwriting keeps the old content until commit and drops it then", overwrites},
		{"an aborted overwrite leaves the old content", abortsOverwrite},
		{"the same part from two attempts fails and leaves nothing", refusesTwice},
		{"an attempt of an ended output fails and leaves nothing", refusesLate},
		{"an attempt with an open part does not commit", refusesOpenPart},
		{"strange names and receipts are refused", refusesNames},
		{"a cancelled context stops every method", stopsWhenCancelled},
	} {
		t.Run(strings.ReplaceAll(one.name, " ", "-"), func(t *testing.T) { one.test(t, p) })
	}
}

// Names lists a pattern and gives the paths below root; it fails the test if the listing does.
func (p Place) names(t *testing.T, root, pattern string) []string {
	t.Helper()
	files, err := p.FS.List(t.Context(), pattern)
	if err != nil {
		t.Fatalf("List(%s): %v", pattern, err)
	}
	var names []string
	for _, f := range files {
		_, name, ok := strings.Cut(f.Path, root+"/")
		if !ok {
			t.Fatalf("List(%s) gave %s, which is not below %s", pattern, f.Path, root)
		}
		names = append(names, name)
	}
	return names
}

func (p Place) put(t *testing.T, root string, names ...string) {
	t.Helper()
	for _, name := range names {
		p.Put(t, root+"/"+name, []byte(name))
	}
}

func wantNames(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// wantErr checks the class of an error and that it names the path.
func wantErr(t *testing.T, err, class error, path string) {
	t.Helper()
	if !errors.Is(err, class) {
		t.Fatalf("got error %v, want one that is %v", err, class)
	}
	if !strings.Contains(err.Error(), path) {
		t.Errorf("error %q does not name %s", err, path)
	}
}

func listsDirectory(t *testing.T, p Place) {
	root := p.Root(t)
	p.put(t, root, "b", "a/z", "a/y/x", "a.txt", "_SUCCESS", ".crc", "_temporary/1/b", "a/.hidden/c", "a/y/_tmp", "ab")
	wantNames(t, p.names(t, root, root), "a.txt", "a/y/x", "a/z", "ab", "b")
	wantNames(t, p.names(t, root, root+"/"), "a.txt", "a/y/x", "a/z", "ab", "b")
	wantNames(t, p.names(t, root, root+"/a/z"), "a/z")
	wantNames(t, p.names(t, root, root+"/_temporary/1"), "_temporary/1/b")
	files, err := p.FS.List(t.Context(), root+"/a")
	if err != nil || len(files) != 2 || files[0].Size != int64(len("a/y/x")) || files[1].Size != int64(len("a/z")) {
		t.Errorf("got %v, %v; want the two files of a with their sizes", files, err)
	}
}

func listsPattern(t *testing.T, p Place) {
	root := p.Root(t)
	p.put(t, root, "x1/a.txt", "x1/b.log", "x2/a.txt", "x2/deep/er/c.txt", "x3/_a.txt", "y1/a.txt", "_x/a.txt", "z.txt")
	wantNames(t, p.names(t, root, root+"/x*/*.txt"), "x1/a.txt", "x2/a.txt")
	wantNames(t, p.names(t, root, root+"/?1/a.*"), "x1/a.txt", "y1/a.txt")
	wantNames(t, p.names(t, root, root+"/x[2-3]"), "x2/a.txt", "x2/deep/er/c.txt")
	wantNames(t, p.names(t, root, root+"/[^x]1"), "y1/a.txt")
	wantNames(t, p.names(t, root, root+"/*"), "x1/a.txt", "x1/b.log", "x2/a.txt", "x2/deep/er/c.txt", "y1/a.txt", "z.txt")
	wantNames(t, p.names(t, root, root+"/_*/a.txt"), "_x/a.txt")
	wantNames(t, p.names(t, root, root+"/*/deep"), "x2/deep/er/c.txt")
}

func listsLiteral(t *testing.T, p Place) {
	root := p.Root(t)
	p.put(t, root, "a[1].txt", "a1.txt", "b?")
	wantNames(t, p.names(t, root, root+"/a[1].txt"), "a[1].txt")
	wantNames(t, p.names(t, root, root+"/b?"), "b?")
	wantNames(t, p.names(t, root, root+`/a\[?].txt`), "a[1].txt")
}

func listsNothing(t *testing.T, p Place) {
	root := p.Root(t)
	p.put(t, root, "d/_a", "d/e/.b", "f")
	for pattern, class := range map[string]error{
		root + "/missing":       fs.ErrNotExist,
		root + "/missing/below": fs.ErrNotExist,
		root + "/*.none":        fs.ErrNotExist,
		root + "/d":             storage.ErrNoFiles,
		root + "/d*":            storage.ErrNoFiles,
	} {
		files, err := p.FS.List(t.Context(), pattern)
		wantErr(t, err, class, pattern)
		if files != nil {
			t.Errorf("List(%s) gave %v with its error", pattern, files)
		}
	}
	if _, err := p.FS.List(t.Context(), root+"/[a"); err == nil {
		t.Error("a malformed pattern was accepted")
	}
}

func opens(t *testing.T, p Place) {
	root := p.Root(t)
	data := bytes.Repeat([]byte("0123456789"), 10_000)
	p.Put(t, root+"/f", data)
	for _, offset := range []int64{0, 1, 65_536, int64(len(data)) - 1, int64(len(data)), int64(len(data)) + 10} {
		for _, expect := range []int64{-1, 0, 7, 1 << 30} {
			r, err := p.FS.Open(t.Context(), root+"/f", offset, expect)
			if err != nil {
				t.Fatalf("Open at %d: %v", offset, err)
			}
			got, err := io.ReadAll(r)
			if err != nil {
				t.Fatalf("read from %d: %v", offset, err)
			}
			if want := data[min(offset, int64(len(data))):]; !bytes.Equal(got, want) {
				t.Errorf("offset %d, expecting %d: got %d bytes, want %d", offset, expect, len(got), len(want))
			}
			if err := r.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		}
	}
}

func opensMissing(t *testing.T, p Place) {
	path := p.Root(t) + "/missing"
	r, err := p.FS.Open(t.Context(), path, 0, -1)
	if err == nil { // a lazy implementation may find out later
		_, err = io.ReadAll(r)
		r.Close()
	}
	wantErr(t, err, fs.ErrNotExist, path)
}

func stopsWhenCancelled(t *testing.T, p Place) {
	root := p.Root(t)
	p.put(t, root, "d/f")
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("the user lost interest")
	cancel(why)
	if _, err := p.FS.List(ctx, root); !errors.Is(err, why) {
		t.Errorf("List: %v", err)
	}
	if _, err := p.FS.Open(ctx, root+"/d/f", 0, -1); !errors.Is(err, why) {
		t.Errorf("Open: %v", err)
	}
	if _, err := p.FS.Create(ctx, root+"/new", false); !errors.Is(err, why) {
		t.Errorf("Create: %v", err)
	}
}
