package host

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"
)

// machine makes a file system from pairs of name and text.
func machine(pairs ...string) fstest.MapFS {
	m := fstest.MapFS{"proc/meminfo": {Data: []byte("MemTotal:       16777216 kB\nMemFree:  1 kB\n")}}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return m
}

const (
	v2Mount = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n"
	v1Mount = "31 24 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n32 24 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
)

func TestMemoryLimitIsTheLeastThatAnyGroupAllows(t *testing.T) {
	const gib = 1 << 30
	for name, one := range map[string]struct {
		system fstest.MapFS
		limit  int64
		from   string
	}{
		"no groups": {machine(), 16 * gib, "/proc/meminfo"},
		"version 2, own limit": {machine("proc/self/mountinfo", v2Mount, "proc/self/cgroup", "0::/a/b\n",
			"sys/fs/cgroup/a/b/memory.max", "1073741824\n", "sys/fs/cgroup/a/memory.max", "max\n"), gib, "/sys/fs/cgroup/a/b/memory.max"},
		"version 2, limit of the group above": {machine("proc/self/mountinfo", v2Mount, "proc/self/cgroup", "0::/a/b\n",
			"sys/fs/cgroup/a/b/memory.max", "max\n", "sys/fs/cgroup/a/memory.max", "2147483648\n"), 2 * gib, "/sys/fs/cgroup/a/memory.max"},
		"version 2, in a container": {machine("proc/self/mountinfo", v2Mount, "proc/self/cgroup", "0::/\n",
			"sys/fs/cgroup/memory.max", "3221225472\n"), 3 * gib, "/sys/fs/cgroup/memory.max"},
		"a limit above the machine": {machine("proc/self/mountinfo", v2Mount, "proc/self/cgroup", "0::/\n",
			"sys/fs/cgroup/memory.max", "99999999999999\n"), 16 * gib, "/proc/meminfo"},
		"version 1": {machine("proc/self/mountinfo", v1Mount, "proc/self/cgroup", "4:memory:/x\n1:cpu,cpuacct:/y\n0::/\n",
			"sys/fs/cgroup/memory/x/memory.limit_in_bytes", "1073741824\n", "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
			gib, "/sys/fs/cgroup/memory/x/memory.limit_in_bytes"},
		"version 1, in a container that sees the path of the host": {machine(
			"proc/self/mountinfo", "31 24 0:27 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
			"proc/self/cgroup", "4:memory:/docker/abc\n", "sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824\n"),
			gib, "/sys/fs/cgroup/memory/memory.limit_in_bytes"},
		"a root that only looks like the group": {machine(
			"proc/self/mountinfo", "31 24 0:27 /doc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
			"proc/self/cgroup", "4:memory:/docker\n", "sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824\n"),
			gib, "/sys/fs/cgroup/memory/memory.limit_in_bytes"},
	} {
		if got := ReadMemory(one.system); got != (Memory{16 * gib, one.limit, one.from}) {
			t.Errorf("%s: got %+v, want %d from %s", name, got, one.limit, one.from)
		}
	}
	if got := ReadMemory(fstest.MapFS{}); got != (Memory{}) {
		t.Errorf("a machine that tells nothing: %+v", got)
	}
}

func TestPressureIsThatOfTheGroupElseOfTheMachine(t *testing.T) {
	const text = "some avg10=12.50 avg60=1.00 avg300=0.00 total=1500000\nfull avg10=100.00 avg60=0.25 avg300=0.00 total=7\n"
	const calm = "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
	want := Pressure{
		Some: Stall{0.125, 0.01, 0, 1500 * time.Millisecond},
		Full: Stall{1, 0.0025, 0, 7 * time.Microsecond},
	}
	group := machine("proc/self/mountinfo", v2Mount, "proc/self/cgroup", "0::/a\n", "sys/fs/cgroup/a/memory.pressure", text, "proc/pressure/memory", calm)
	if got, ok := ReadPressure(group); !ok || got != want {
		t.Errorf("group: got %+v, %v", got, ok)
	}
	if got, ok := ReadPressure(machine("proc/pressure/memory", text)); !ok || got != want {
		t.Errorf("machine: got %+v, %v", got, ok)
	}
	if _, ok := ReadPressure(machine()); ok {
		t.Error("a machine without the files told its pressure")
	}
}

func TestMountPathsAreUnescaped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		path := rapid.StringMatching(`[ a\\0-9\t]{0,8}`).Draw(t, "path")
		escaped := strings.NewReplacer(" ", `\040`, "\t", `\011`, `\`, `\134`).Replace(path)
		if got := unescape(escaped); got != path {
			t.Fatalf("%q became %q became %q", path, escaped, got)
		}
	})
}

func FuzzKernelTextNeverPanics(f *testing.F) {
	f.Add("4:memory:/a\n", v1Mount, "some avg10=1 avg60=1 avg300=1 total=1\n")
	f.Add("0::/..\n0:::", v2Mount+"1 2 3 / / - cgroup2 a b\n", "full avg10=NaN avg60=-1 avg300=1e9 total=99999999999999999999\n")
	f.Add("0::/a/b", "1 2 3 /a/b/c \\04 x - cgroup2 a b", "MemTotal: 9223372036854775807 kB")
	f.Fuzz(func(t *testing.T, groups, mounts, text string) {
		all := parseMounts(mounts)
		for _, g := range parseGroups(groups) {
			for _, dir := range g.dirs(all) {
				if dir != filepath.Clean(dir) {
					t.Errorf("unclean directory %q", dir)
				}
			}
		}
		if n := parseMemTotal(text); n < 0 {
			t.Errorf("memory %d", n)
		}
		if n, ok := parseLimit(text); ok && n <= 0 {
			t.Errorf("limit %d", n)
		}
		if p, _ := parsePressure(text); !(p.Some.Avg10 >= 0 && p.Some.Avg10 <= 1) || p.Some.Total < 0 {
			t.Errorf("pressure %+v", p)
		}
	})
}

func TestTempDirsTakesTheFirstListThatIsGiven(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	for _, one := range []struct {
		wanted, kiln, yarn string
		want               []string
	}{
		{a + "/new/deep, " + b, b, b, []string{a + "/new/deep", b}},
		{"", a, b, []string{a}},
		{" , ", "", b + "," + a, []string{b, a}},
		{"", "", "", []string{filepath.Clean(os.TempDir())}},
	} {
		env := map[string]string{"KILN_LOCAL_DIRS": one.kiln, "LOCAL_DIRS": one.yarn}
		dirs, err := TempDirs(one.wanted, func(k string) string { return env[k] })
		var got []string
		for _, d := range dirs {
			got = append(got, d.Path)
			if d.Free <= 0 {
				t.Errorf("%s has %d bytes free", d.Path, d.Free)
			}
		}
		if err != nil || !slices.Equal(got, one.want) {
			t.Errorf("%+v: got %q, %v", one, got, err)
		}
	}
	if left, _ := os.ReadDir(b); len(left) != 0 {
		t.Errorf("the probe is left: %v", left)
	}
}

func TestTempDirsLeavesOutWhatCannotBeUsed(t *testing.T) {
	dir := t.TempDir()
	file := dir + "/file"
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	none := func(string) string { return "" }
	dirs, err := TempDirs(file+","+dir, none)
	if err != nil || len(dirs) != 1 || dirs[0].Path != dir {
		t.Errorf("got %v, %v", dirs, err)
	}
	if _, err := TempDirs(fmt.Sprintf("%s,%s/below", file, file), none); err == nil || strings.Count(err.Error(), "cannot hold temporary data") != 2 {
		t.Errorf("got %v", err)
	}
}

func TestThisMachineAnswers(t *testing.T) {
	if Cores() < 1 || Name() == "" {
		t.Errorf("%d cores, name %q", Cores(), Name())
	}
	if m := ReadMemory(System()); m.Limit < 0 || m.Limit > m.Total && m.Total > 0 {
		t.Errorf("%+v", m)
	}
}
