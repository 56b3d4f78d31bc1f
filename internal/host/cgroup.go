package host

import (
	"path"
	"slices"
	"strconv"
	"strings"
)

// group is one line of /proc/self/cgroup: where this process is in one hierarchy.
type group struct {
	v2          bool
	controllers []string // of version 1
	path        string
}

// parseGroups reads lines such as "4:memory:/a/b" and "0::/a/b".
func parseGroups(text string) (all []group) {
	for line := range strings.Lines(text) {
		f := strings.SplitN(strings.TrimRight(line, "\n"), ":", 3)
		if len(f) != 3 || !strings.HasPrefix(f[2], "/") {
			continue
		}
		g := group{v2: f[0] == "0" && f[1] == "", path: path.Clean(f[2])}
		if !g.v2 {
			g.controllers = strings.Split(f[1], ",")
		}
		all = append(all, g)
	}
	return all
}

func (g group) controls(controller string) bool { return slices.Contains(g.controllers, controller) }

// mount is one line of /proc/self/mountinfo that concerns cgroups: which part of a hierarchy is seen where.
type mount struct {
	v2          bool
	controllers []string
	root, at    string
}

// parseMounts reads lines such as "31 24 0:27 /docker/x /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory".
func parseMounts(text string) (all []mount) {
	for line := range strings.Lines(text) {
		before, after, ok := strings.Cut(strings.TrimRight(line, "\n"), " - ")
		left, right := strings.Fields(before), strings.Fields(after)
		if !ok || len(left) < 5 || len(right) < 3 || right[0] != "cgroup" && right[0] != "cgroup2" {
			continue
		}
		m := mount{v2: right[0] == "cgroup2", root: path.Clean(unescape(left[3])), at: path.Clean(unescape(left[4]))}
		if !m.v2 {
			m.controllers = strings.Split(right[2], ",")
		}
		all = append(all, m)
	}
	return all
}

// unescape undoes what the kernel does to spaces and other separators in paths: \040.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// dirs gives the directory of the group and of every group above it, as far as they are mounted. A container often sees its own
// group as the root of the mount, under a path of the host that it cannot see: then the mount point is the group.
func (g group) dirs(mounts []mount) (dirs []string) {
	for _, m := range mounts {
		if m.v2 != g.v2 || !g.v2 && !slices.ContainsFunc(m.controllers, g.controls) {
			continue
		}
		below, inside := strings.CutPrefix(g.path, strings.TrimSuffix(m.root, "/"))
		if !inside || below != "" && below[0] != '/' {
			below = ""
		}
		for dir := path.Join(m.at, below); ; dir = path.Dir(dir) {
			dirs = append(dirs, dir)
			if dir == m.at || len(dir) <= len(m.at) {
				break
			}
		}
	}
	return dirs
}
