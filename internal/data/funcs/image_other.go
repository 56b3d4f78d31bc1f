//go:build !linux || !(amd64 || arm64)

package funcs

import (
	"fmt"
	"io"
	"runtime"
)

const selfPath = ""

func readSegments() (segments, error) {
	return segments{}, fmt.Errorf("functions cannot be referred to on %s/%s: Kiln runs programs on linux/amd64 and linux/arm64", runtime.GOOS, runtime.GOARCH)
}

func goBuildID(io.ReaderAt) string { return "" }
