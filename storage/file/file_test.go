package file_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/kilnproject/kiln/storage"
	"github.com/kilnproject/kiln/storage/file"
	"github.com/kilnproject/kiln/storage/storagetest"
)

func put(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

func root(t *testing.T) string {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestFileConforms(t *testing.T) {
	storagetest.Run(t, storagetest.Place{FS: file.FS{}, Root: root, Put: put})
}

func TestFileConformsWithScheme(t *testing.T) {
	bare := func(path string) string { return strings.TrimPrefix(path, "file://") }
	storagetest.Run(t, storagetest.Place{
		FS:   schemeFS{},
		Root: root,
		Put:  func(t *testing.T, path string, data []byte) { put(t, bare(path), data) },
	})
}

// everything is what a directory really holds, hidden names as well.
func everything(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if path != dir {
			names = append(names, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestNoOutcomeLeavesHiddenFiles(t *testing.T) {
	begin := func(t *testing.T, overwrite bool) (string, storage.Output, string) {
		dir := root(t)
		if overwrite {
			put(t, dir+"/a/out/old", nil)
		}
		out, err := file.FS{}.Create(t.Context(), dir+"/a/out", overwrite)
		if err != nil {
			t.Fatal(err)
		}
		a, err := file.FS{}.Attempt(t.Context(), out.Token(), "0-0")
		if err != nil {
			t.Fatal(err)
		}
		w, err := a.Part("part")
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		receipt, err := a.Commit()
		if err != nil {
			t.Fatal(err)
		}
		return dir, out, receipt
	}
	check := func(t *testing.T, dir string, want ...string) {
		t.Helper()
		if got := everything(t, dir); !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
	t.Run("commit", func(t *testing.T) {
		dir, out, r := begin(t, false)
		if err := out.Commit(t.Context(), []string{r}); err != nil {
			t.Fatal(err)
		}
		check(t, dir, "a", "a/out", "a/out/_SUCCESS", "a/out/part")
	})
	t.Run("abort", func(t *testing.T) {
		dir, out, _ := begin(t, false)
		if err := out.Abort(t.Context()); err != nil {
			t.Fatal(err)
		}
		check(t, dir)
	})
	t.Run("failed commit", func(t *testing.T) {
		dir, out, r := begin(t, false)
		if err := out.Commit(t.Context(), []string{r, r}); err == nil {
			t.Fatal("the same receipt was taken twice")
		}
		check(t, dir)
	})
	t.Run("overwrite", func(t *testing.T) {
		dir, out, r := begin(t, true)
		if err := out.Commit(t.Context(), []string{r}); err != nil {
			t.Fatal(err)
		}
		check(t, dir, "a", "a/out", "a/out/_SUCCESS", "a/out/part")
	})
	t.Run("failed overwrite", func(t *testing.T) {
		dir, out, r := begin(t, true)
		if err := out.Commit(t.Context(), []string{r, r}); err == nil {
			t.Fatal("the same receipt was taken twice")
		}
		check(t, dir, "a", "a/out", "a/out/old")
	})
}

func TestAbortKeepsWhatOthersPutIntoTheNewDirectories(t *testing.T) {
	dir := root(t)
	out, err := file.FS{}.Create(t.Context(), dir+"/a/b/out", false)
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir+"/a/mine", nil)
	if err := out.Abort(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := everything(t, dir); !slices.Equal(got, []string{"a", "a/mine"}) {
		t.Errorf("left: %q", got)
	}
}

func TestListFollowsSymbolicLinksAndRefusesCycles(t *testing.T) {
	dir := root(t)
	put(t, dir+"/real/f", []byte("x"))
	put(t, dir+"/other/g", nil)
	must(t, os.Symlink(dir+"/real", dir+"/other/link"))
	files, err := file.FS{}.List(t.Context(), dir+"/other")
	if err != nil || len(files) != 2 || files[1] != (storage.File{Path: dir + "/other/link/f", Size: 1}) {
		t.Errorf("got %v, %v", files, err)
	}
	must(t, os.Symlink(dir, dir+"/real/up"))
	if _, err := (file.FS{}).List(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "symbolic link leads back") {
		t.Errorf("a cycle of links gave %v", err)
	}
	must(t, os.Symlink("nowhere", dir+"/other/dangling"))
	if _, err := (file.FS{}).List(t.Context(), dir+"/other"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a dangling link gave %v", err)
	}
}

func TestListPassesOverPipesAndRefusesThemByName(t *testing.T) {
	dir := root(t)
	put(t, dir+"/f", nil)
	must(t, syscall.Mkfifo(dir+"/pipe", 0o666))
	files, err := file.FS{}.List(t.Context(), dir)
	if err != nil || len(files) != 1 {
		t.Errorf("got %v, %v; want only the file", files, err)
	}
	if _, err := (file.FS{}).List(t.Context(), dir+"/pipe"); err == nil {
		t.Error("a pipe was listed as a file")
	}
}

func TestListGivesAbsolutePaths(t *testing.T) {
	dir := root(t)
	put(t, dir+"/f", nil)
	t.Chdir(dir)
	for _, path := range []string{"f", ".", "*", "file://" + dir, "file:" + dir, "file://./f"} {
		files, err := file.FS{}.List(t.Context(), path)
		if err != nil || len(files) != 1 || files[0].Path != dir+"/f" {
			t.Errorf("List(%s) gave %v, %v", path, files, err)
		}
	}
}

func TestErrorsSayWhatToChange(t *testing.T) {
	dir := root(t)
	put(t, dir+"/there/f", nil)
	_, err := file.FS{}.List(t.Context(), dir+"/there/mising/x")
	want := "cannot list " + dir + "/there/mising/x: it does not exist (the nearest directory that exists is " + dir + "/there)"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	_, err = file.FS{}.Create(t.Context(), dir+"/there", false)
	want = "cannot write " + dir + "/there: the directory is there already: file already exists (remove it, choose another path, or ask to overwrite it)"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestUnreadableFilesAreRefusedWhenListed(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Log("the superuser may read everything: only the path without a hindrance is tested")
	}
	dir := root(t)
	put(t, dir+"/secret", nil)
	must(t, os.Chmod(dir+"/secret", 0))
	_, err := file.FS{}.List(t.Context(), dir)
	if refused := errors.Is(err, fs.ErrPermission); refused != (os.Geteuid() != 0) {
		t.Errorf("as user %d: %v", os.Geteuid(), err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
