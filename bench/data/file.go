package data

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// once writes the file at path with write, unless it is there already. A file appears whole or not at all.
func once(path string, write func(io.Writer) error) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".making-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	out := bufio.NewWriterSize(f, 1<<20)
	if err := write(out); err != nil {
		return fmt.Errorf("make %s: %w", path, err)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("make %s: %w", path, err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("make %s: %w", path, err)
	}
	return os.Rename(f.Name(), path)
}
