package storagetest

import (
	"context"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/kilnproject/kiln/storage"
)

func (p Place) create(t *testing.T, dir string, overwrite bool) storage.Output {
	t.Helper()
	out, err := p.FS.Create(t.Context(), dir, overwrite)
	if err != nil {
		t.Fatalf("Create: %v", err)
	}
	return out
}

func (p Place) attempt(t *testing.T, out storage.Output, name string) storage.Attempt {
	t.Helper()
	a, err := p.FS.Attempt(t.Context(), out.Token(), name)
	if err != nil {
		t.Fatalf("Attempt(%s): %v", name, err)
	}
	return a
}

// write makes parts that hold their attempt's name.
func (p Place) write(t *testing.T, a storage.Attempt, text string, parts ...string) {
	t.Helper()
	for _, name := range parts {
		w, err := a.Part(name)
		if err != nil {
			t.Fatalf("Part(%s): %v", name, err)
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatalf("Write: %v", err)
		}
		if err := w.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
	}
}

// finished is an attempt from begin to receipt.
func (p Place) finished(t *testing.T, out storage.Output, name string, parts ...string) (receipt string) {
	t.Helper()
	a := p.attempt(t, out, name)
	p.write(t, a, name, parts...)
	receipt, err := a.Commit()
	if err != nil {
		t.Fatalf("Commit of attempt %s: %v", name, err)
	}
	return receipt
}

func (p Place) read(t *testing.T, path string) string {
	t.Helper()
	r, err := p.FS.Open(t.Context(), path, 0, -1)
	if err != nil {
		t.Fatalf("Open(%s): %v", path, err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("read %s: %v", path, err)
	}
	return string(data)
}

func (p Place) exists(t *testing.T, path string) bool {
	r, err := p.FS.Open(t.Context(), path, 0, -1)
	if err == nil {
		_, err = r.Read(make([]byte, 1))
		r.Close()
	}
	return err == nil || err == io.EOF
}

// wantEmpty checks that a directory holds no visible file and, by opening, none of these hidden ones.
func (p Place) wantNothing(t *testing.T, root string) {
	t.Helper()
	if files, err := p.FS.List(t.Context(), root); err == nil {
		t.Errorf("files are left: %v", files)
	}
}

func commits(t *testing.T, p Place) {
	root := p.Root(t)
	out := p.create(t, root+"/new/dirs/out", false)
	r0 := p.finished(t, out, "0-0", "part-0", "part-0b")
	p.finished(t, out, "1-0", "part-1")
	r1 := p.finished(t, out, "1-1", "part-1")
	lost := p.attempt(t, out, "2-0")
	p.write(t, lost, "lost", "part-2")
	empty := p.finished(t, out, "3-0")
	if err := out.Commit(t.Context(), []string{r0, r1, empty}); err != nil {
		t.Fatal(err)
	}
	wantNames(t, p.names(t, root, root), "new/dirs/out/part-0", "new/dirs/out/part-0b", "new/dirs/out/part-1")
	if got := p.read(t, root+"/new/dirs/out/part-1"); got != "1-1" {
		t.Errorf("part-1 is of attempt %s, want 1-1, whose receipt was given", got)
	}
	if got := p.read(t, root+"/new/dirs/out/"+storage.Success); got != "" {
		t.Errorf("the success mark holds %q", got)
	}
}

func staysInvisible(t *testing.T, p Place) {
	root := p.Root(t)
	out := p.create(t, root+"/out", false)
	p.finished(t, out, "0-0", "part-0")
	a := p.attempt(t, out, "1-0")
	p.write(t, a, "x", "part-1")
	p.wantNothing(t, root)
	if err := a.Abort(); err != nil {
		t.Error(err)
	}
	if err := out.Abort(t.Context()); err != nil {
		t.Error(err)
	}
}

func aborts(t *testing.T, p Place) {
	root := p.Root(t)
	p.put(t, root, "keep")
	out := p.create(t, root+"/new/dirs/out", false)
	p.finished(t, out, "0-0", "part-0")
	running := p.attempt(t, out, "1-0")
	p.write(t, running, "x", "part-1")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := out.Abort(ctx); err != nil {
		t.Fatalf("Abort with an ended context: %v", err)
	}
	wantNames(t, p.names(t, root, root), "keep")
	if _, err := p.FS.List(t.Context(), root+"/new"); err == nil {
		t.Error("the directory above the output is left")
	}
}

func refusesExisting(t *testing.T, p Place) {
	root := p.Root(t)
	p.put(t, root, "out/part-0", "file")
	_, err := p.FS.Create(t.Context(), root+"/out", false)
	wantErr(t, err, fs.ErrExist, root+"/out")
	_, err = p.FS.Create(t.Context(), root+"/file", false)
	wantErr(t, err, fs.ErrExist, root+"/file")
	_, err = p.FS.Create(t.Context(), root+"/file", true)
	wantErr(t, err, fs.ErrExist, root+"/file")

	out := p.create(t, root+"/late", false)
	r := p.finished(t, out, "0-0", "part-0")
	p.put(t, root, "late/other")
	wantErr(t, out.Commit(t.Context(), []string{r}), fs.ErrExist, root+"/late")
	wantNames(t, p.names(t, root, root), "file", "late/other", "out/part-0")
}

func overwrites(t *testing.T, p Place) {
	root := p.Root(t)
	p.put(t, root, "out/old-0", "out/deep/old-1", "out/_SUCCESS")
	out := p.create(t, root+"/out", true)
	r := p.finished(t, out, "0-0", "part-0")
	wantNames(t, p.names(t, root, root), "out/deep/old-1", "out/old-0")
	if err := out.Commit(t.Context(), []string{r}); err != nil {
		t.Fatal(err)
	}
	wantNames(t, p.names(t, root, root), "out/part-0")

	fresh := p.create(t, root+"/fresh", true)
	if err := fresh.Commit(t.Context(), nil); err != nil {
		t.Fatalf("overwriting what is not there: %v", err)
	}
	if !p.exists(t, root+"/fresh/"+storage.Success) {
		t.Error("an output without parts has no success mark")
	}
}

func abortsOverwrite(t *testing.T, p Place) {
	root := p.Root(t)
	p.put(t, root, "out/old-0", "out/_SUCCESS")
	out := p.create(t, root+"/out", true)
	p.finished(t, out, "0-0", "part-0")
	if err := out.Abort(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantNames(t, p.names(t, root, root), "out/old-0")
	if !p.exists(t, root+"/out/_SUCCESS") {
		t.Error("the old success mark is gone")
	}
}

func refusesTwice(t *testing.T, p Place) {
	root := p.Root(t)
	out := p.create(t, root+"/out", false)
	a := p.finished(t, out, "0-0", "part-0")
	b := p.finished(t, out, "0-1", "part-0")
	err := out.Commit(t.Context(), []string{a, b})
	if err == nil || !strings.Contains(err.Error(), "part-0") {
		t.Errorf("got error %v, want one that names part-0", err)
	}
	p.wantNothing(t, root)
}

func refusesLate(t *testing.T, p Place) {
	root := p.Root(t)
	out := p.create(t, root+"/out", false)
	late := p.attempt(t, out, "0-0")
	p.write(t, late, "x", "part-0")
	if err := out.Abort(t.Context()); err != nil {
		t.Fatal(err)
	}
	w, err := late.Part("part-1")
	if err == nil {
		io.WriteString(w, "x")
		w.Close()
	}
	if _, err := late.Commit(); err == nil {
		t.Error("an attempt committed after its output ended")
	}
	if _, err := p.FS.Attempt(t.Context(), out.Token(), "1-0"); err == nil {
		t.Error("an attempt began after its output ended")
	}
	p.wantNothing(t, root)
}

func refusesOpenPart(t *testing.T, p Place) {
	root := p.Root(t)
	out := p.create(t, root+"/out", false)
	a := p.attempt(t, out, "0-0")
	w, err := a.Part("part-0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Commit(); err == nil {
		t.Error("an attempt committed with a part that was still open")
	}
	w.Close()
	if err := out.Abort(t.Context()); err != nil {
		t.Error(err)
	}
}

func refusesNames(t *testing.T, p Place) {
	root := p.Root(t)
	out := p.create(t, root+"/out", false)
	for _, name := range []string{"", ".", "..", "../x", "a/b"} {
		if _, err := p.FS.Attempt(t.Context(), out.Token(), name); err == nil {
			t.Errorf("attempt %q was accepted", name)
		}
	}
	a := p.attempt(t, out, "0-0")
	for _, name := range []string{"", ".", "..", "../x", "a/b", "_x", ".x"} {
		if _, err := a.Part(name); err == nil {
			t.Errorf("part %q was accepted", name)
		}
	}
	if err := a.Abort(); err != nil {
		t.Error(err)
	}
	for _, token := range []string{"", "/", root, root + "/out", "x"} {
		if _, err := p.FS.Attempt(t.Context(), token, "0-1"); err == nil {
			t.Errorf("token %q was accepted", token)
		}
	}
	if err := out.Commit(t.Context(), []string{"../../../etc/passwd"}); err == nil {
		t.Error("a forged receipt was accepted")
	}
	p.wantNothing(t, root)
}
