package kiln

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
)

const packagePath = "github.com/kilnproject/kiln"

// userSite is the file:line of the first caller outside this package and its internals.
func userSite() string {
	var pcs [24]uintptr
	n := runtime.Callers(3, pcs[:])
	frames := runtime.CallersFrames(pcs[:n])
	for {
		f, more := frames.Next()
		if f.Function != "" && !ours(f.Function) {
			return shortFile(f.File) + ":" + strconv.Itoa(f.Line)
		}
		if !more {
			return "unknown"
		}
	}
}

// ours reports whether a function belongs to the engine. Examples and tests in other packages of this module do not.
func ours(function string) bool {
	rest, ok := strings.CutPrefix(function, packagePath)
	if !ok {
		return strings.HasPrefix(function, "runtime.")
	}
	return strings.HasPrefix(rest, ".") || strings.HasPrefix(rest, "/internal/")
}

var workDir = sync.OnceValue(func() string {
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	return dir
})

// shortFile gives the path as a person in the working directory would type it.
func shortFile(file string) string {
	if rel, err := filepath.Rel(workDir(), file); err == nil && !strings.HasPrefix(rel, "..") {
		return rel
	}
	return file
}

// shortSite shortens the file of a file:line.
func shortSite(site string) string {
	i := strings.LastIndexByte(site, ':')
	if i < 0 {
		return site
	}
	return shortFile(site[:i]) + site[i:]
}
