package storage_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kilnproject/kiln/storage"
	_ "github.com/kilnproject/kiln/storage/file"
)

func TestSchemeOfAPath(t *testing.T) {
	for path, want := range map[string]string{
		"/a/b": "file", "a": "file", "file:///a": "file", "s3://b/x": "s3", "HDFS://n/x": "hdfs",
		"://x": "file", "a b://x": "file", "dir/x://y": "file", "9p://x": "file", "file:/a": "file", "": "file",
	} {
		if got := storage.Scheme(path); got != want {
			t.Errorf("Scheme(%q) = %q, want %q", path, got, want)
		}
	}
}

func TestSplitListCutsAtCommasButNotAtEscapedOnes(t *testing.T) {
	for list, want := range map[string][]string{
		"a":          {"a"},
		"a,b":        {"a", "b"},
		" a , b ,":   {"a", "b"},
		`a\,b,c`:     {"a,b", "c"},
		`a\*b`:       {`a\*b`},
		",, ,":       nil,
		`x[a-c]\\,y`: {`x[a-c]\,y`},
	} {
		if got := storage.SplitList(list); !slices.Equal(got, want) {
			t.Errorf("SplitList(%q) = %q, want %q", list, got, want)
		}
	}
}

func TestUnknownSchemeNamesTheKnownOnes(t *testing.T) {
	_, err := storage.List(t.Context(), "storage_test.go,s3://bucket/x")
	if err == nil || !strings.Contains(err.Error(), "s3://bucket/x") || !strings.Contains(err.Error(), "it knows file") {
		t.Errorf("got %v", err)
	}
}

func TestListOfAListIsSortedAcrossItsPatterns(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", "b", "c"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	files, err := storage.List(t.Context(), dir+"/c,"+dir+"/[ab],"+dir+"/b")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, filepath.Base(f.Path))
	}
	if !slices.Equal(names, []string{"a", "b", "b", "c"}) {
		t.Errorf("got %q", names)
	}
}

func TestListOfNothingIsAnError(t *testing.T) {
	for _, list := range []string{"", " , "} {
		if _, err := storage.List(t.Context(), list); !errors.Is(err, storage.ErrNoFiles) {
			t.Errorf("List(%q): %v", list, err)
		}
	}
}

func TestRegisteringASchemeTwicePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("it did not")
		}
	}()
	storage.Register(storage.FileScheme, nil)
}
