package host

import (
	"io/fs"
	"math"
	"path"
	"strconv"
	"strings"
)

// Memory is what this process may use, in bytes. Zero means unknown.
type Memory struct {
	Total int64 // of the machine
	Limit int64 // the least of Total and what any cgroup above this process allows
	// From says where Limit comes from: the file of the kernel that holds it.
	From string
}

// ReadMemory reads the limits of the cgroups (version 2 and 1) that this process lives in, and the machine's memory.
func ReadMemory(system fs.FS) Memory {
	m := Memory{Total: parseMemTotal(read(system, "proc/meminfo"))}
	if m.Total > 0 {
		m.Limit, m.From = m.Total, "/proc/meminfo"
	}
	mounts := parseMounts(read(system, "proc/self/mountinfo"))
	for _, g := range parseGroups(read(system, "proc/self/cgroup")) {
		file := "memory.limit_in_bytes"
		if g.v2 {
			file = "memory.max"
		} else if !g.controls("memory") {
			continue
		}
		for _, dir := range g.dirs(mounts) {
			name := path.Join(dir, file)
			limit, ok := parseLimit(read(system, strings.TrimPrefix(name, "/")))
			if ok && (m.Limit == 0 || limit < m.Limit) {
				m.Limit, m.From = limit, name
			}
		}
	}
	return m
}

// parseMemTotal finds the line "MemTotal:  24683716 kB".
func parseMemTotal(meminfo string) int64 {
	for line := range strings.Lines(meminfo) {
		f := strings.Fields(line)
		if len(f) == 3 && f[0] == "MemTotal:" && f[2] == "kB" {
			kib, err := strconv.ParseInt(f[1], 10, 64)
			if err == nil && kib > 0 && kib <= math.MaxInt64/1024 {
				return kib * 1024
			}
		}
	}
	return 0
}

// parseLimit reads a limit in bytes. "max" means none, and so does a number beyond any machine, which version 1 has instead.
func parseLimit(text string) (limit int64, ok bool) {
	const beyond = 1 << 60
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || n <= 0 || n >= beyond {
		return 0, false
	}
	return n, true
}
