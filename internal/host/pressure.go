package host

import (
	"io/fs"
	"math"
	"path"
	"strconv"
	"strings"
	"time"
)

// Pressure is how long tasks stood still for want of memory. Some: at least one did; Full: all of them did.
type Pressure struct {
	Some, Full Stall
}

// Stall is the share of the last 10, 60 and 300 seconds, from 0 to 1, and the time since boot.
type Stall struct {
	Avg10, Avg60, Avg300 float64
	Total                time.Duration
}

// ReadPressure reads the memory pressure of this process's cgroup, or else of the machine. It is false where the kernel
// does not tell.
func ReadPressure(system fs.FS) (Pressure, bool) {
	mounts := parseMounts(read(system, "proc/self/mountinfo"))
	for _, g := range parseGroups(read(system, "proc/self/cgroup")) {
		if !g.v2 {
			continue
		}
		for _, dir := range g.dirs(mounts) {
			if p, ok := parsePressure(read(system, strings.TrimPrefix(path.Join(dir, "memory.pressure"), "/"))); ok {
				return p, true
			}
		}
	}
	return parsePressure(read(system, "proc/pressure/memory"))
}

// parsePressure reads the lines "some avg10=0.12 avg60=0.00 avg300=0.00 total=123" and "full ...", total in microseconds.
func parsePressure(text string) (p Pressure, ok bool) {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) != 5 {
			continue
		}
		s, valid := parseStall(f[1:])
		switch {
		case valid && f[0] == "some":
			p.Some, ok = s, true
		case valid && f[0] == "full":
			p.Full = s
		}
	}
	return p, ok
}

func parseStall(fields []string) (s Stall, ok bool) {
	for i, avg := range []*float64{&s.Avg10, &s.Avg60, &s.Avg300} {
		text, named := strings.CutPrefix(fields[i], []string{"avg10=", "avg60=", "avg300="}[i])
		percent, err := strconv.ParseFloat(text, 64)
		if !named || err != nil || !(percent >= 0 && percent <= 100) {
			return Stall{}, false
		}
		*avg = percent / 100
	}
	text, named := strings.CutPrefix(fields[3], "total=")
	us, err := strconv.ParseInt(text, 10, 64)
	if !named || err != nil || us < 0 || us > math.MaxInt64/int64(time.Microsecond) {
		return Stall{}, false
	}
	s.Total = time.Duration(us) * time.Microsecond
	return s, true
}
