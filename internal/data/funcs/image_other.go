//go:build !linux || !(amd64 || arm64)

package funcs

import (
	"fmt"
	"io"
	"os"
	"runtime"
)

const selfPath = ""

func readSegments() (segments, error) {
	return segments{}, fmt.Errorf("functions cannot be referred to on %s/%s: Kiln runs programs on linux/amd64 and linux/arm64", runtime.GOOS, runtime.GOARCH)
}

// whichFile names a file by its path and its last change.
func whichFile(f *os.File) (string, error) {
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("file:%s of %d bytes, changed %v", f.Name(), info.Size(), info.ModTime().UnixNano()), nil
}

func goBuildID(io.ReaderAt) string { return "" }
