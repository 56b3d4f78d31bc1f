package data

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Words is a directory with 12 copies of the Go tree's .go files, each copy one file; at a small scale, of the first part of them.
// It is made when it is not there.
func (in Input) Words() (string, error) {
	dir := in.path("words")
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	sources, err := goSources()
	if err != nil {
		return "", err
	}
	copies := in.scaled(wordCopies, 1)
	share := min(1, in.Scale*wordCopies/float64(copies))
	sources = sources[:max(1, int(share*float64(len(sources))))]
	making := in.path(".words")
	for i := range copies {
		path := filepath.Join(making, fmt.Sprintf("copy-%02d.txt", i))
		if err := once(path, func(w io.Writer) error { return concatenate(w, sources) }); err != nil {
			return "", err
		}
	}
	return dir, os.Rename(making, dir)
}

// goSources lists the .go files of the Go installation in path order.
func goSources() ([]string, error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("find the Go tree with go env GOROOT: %w", err)
	}
	var paths []string
	err = filepath.WalkDir(filepath.Join(strings.TrimSpace(string(root)), "src"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".go") {
			paths = append(paths, path)
		}
		return err
	})
	if err == nil && len(paths) == 0 {
		err = fmt.Errorf("the Go tree at %s has no .go files", root)
	}
	return paths, err
}

// concatenate writes the files one after another, each closed with a newline.
func concatenate(w io.Writer, paths []string) error {
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if len(text) > 0 && text[len(text)-1] != '\n' {
			text = append(text, '\n')
		}
		if _, err := w.Write(text); err != nil {
			return err
		}
	}
	return nil
}
