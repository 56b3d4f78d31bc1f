package host

import (
	"io/fs"
	"os"
	"runtime"
)

// Cores is how many threads of this process may compute at once: GOMAXPROCS, which the runtime derives from the machine's
// processors, the affinity mask and the cgroup's quota.
func Cores() int { return runtime.GOMAXPROCS(0) }

// Name is the host name, or "localhost" where there is none.
func Name() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "localhost"
	}
	return name
}

// System is the file system of this machine, as the functions below want it.
func System() fs.FS { return os.DirFS("/") }

// read gives the text of a file of the kernel, and "" where there is none. None of them is large.
func read(system fs.FS, name string) string {
	data, err := fs.ReadFile(system, name)
	if err != nil {
		return ""
	}
	return string(data)
}
