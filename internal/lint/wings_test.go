package lint

import (
	"slices"
	"strings"
	"testing"
)

// The house, bottom up. A package may import lower wings, and what its own line allows. Packages of one wing do not import each other unless
// the order of that wing says so. A new package needs a line here, which is a decision to write down in an ADR.

// room is a package, or with /... everything below it, and its place in the house.
type room struct {
	path string
	wing int
	// floor orders the rooms of one wing that stand on each other: a room may import those of its wing on lower floors. Rooms on floor
	// 0 stand beside each other.
	floor int
	// std says that the room and everything that it imports is our own or the standard library.
	std bool
	why string
}

// Wings, bottom up.
const (
	ground    = iota // core, conf, host, storage, cluster
	dataWing         // link, data, eventlog
	execution        // executor, ui
	managers         // cluster/local
	control          // driver
	public           // package kiln
	outside          // what uses Kiln as its users do
)

var rooms = []room{
	{"internal/core/ids", ground, 1, true, "identifiers are what everything speaks of, and know nothing"},
	{"internal/core/task", ground, 2, true, "a task is made of identifiers"},
	{"internal/core/profile", ground, 5, true, "what users ask for a stage is arithmetic on the resources that the scheduler counts"},
	{"internal/core/plan", ground, 6, true, "lineage is pure: cutting it into stages is testable without a cluster"},
	{"internal/core/mem", ground, 3, true, "the memory ledger is arithmetic; who owns bytes is not its matter"},
	{"internal/core/relay", ground, 3, true, "who gives a block to whom is arithmetic; bytes and addresses are its callers'"},
	{"internal/core/sched/...", ground, 4, true, "the driver's core decides and never acts"},
	{"internal/core/work/...", ground, 4, true, "the executor's core decides and never acts"},
	{"internal/core/alloc", ground, 4, true, "dynamic allocation is a function of what the scheduler shows"},
	{"internal/core/sim/...", ground, 5, true, "the simulation imports core only, which proves that core is pure"},
	{"internal/replay", ground, 6, true, "a log of what the core was told, outside of it because it encodes by reflection"},
	{"internal/conf", ground, 0, true, "settings are read by every wing, so they import none"},
	{"internal/conf/pools", ground, 5, true, "a file of pools is read outside of the core, into the values that the core takes"},
	{"internal/host", ground, 0, false, "what the machine offers is asked by every wing"},
	{"storage", ground, 0, true, "a seam that others implement costs them no dependency"},
	{"storage/file", ground, 6, true, "the file system in the box, behind the seam"},
	{"storage/storagetest", ground, 6, true, "the one suite for all implementations of the seam"},
	{"cluster", ground, 0, true, "a seam that others implement costs them no dependency"},
	{"cluster/clustertest", ground, 6, true, "the one suite for all implementations of the seam"},

	{"internal/link/wire/...", dataWing, 1, false, "messages are written down before anything sends them"},
	{"internal/link/identity", dataWing, 1, false, "certificates know no connection"},
	{"internal/link/transport/...", dataWing, 2, false, "transport carries messages between identities"},
	{"internal/data/codec", dataWing, 1, false, "records to bytes: everything that moves records stands on it"},
	{"internal/data/key", dataWing, 2, false, "what two keys being equal means, on the codec's plan of a type"},
	{"internal/data/funcs", dataWing, 3, false, "function references carry environments, which the codec writes"},
	{"internal/data/block/disk", dataWing, 3, false, "files of blocks, below the store that decides what goes there"},
	{"internal/data/block", dataWing, 4, false, "a store knows blocks, not shuffles"},
	{"internal/data/shuffle/...", dataWing, 5, false, "exchange of blocks between tasks"},
	{"internal/data/broadcast", dataWing, 6, false, "a value in blocks, one per process"},
	{"internal/data/source", dataWing, 7, false, "files into splits into rows"},
	{"internal/data/op/...", dataWing, 8, false, "what a task runs stands on everything that it reads and writes"},
	{"internal/eventlog/...", dataWing, 0, false, "history is appended by the driver and read by ui; it reaches into neither"},

	{"internal/executor/...", execution, 0, false, "shell of core/work; the driver is another process and is never imported"},
	{"internal/ui/...", execution, 0, false, "reads history and snapshots; nobody below depends on how it looks"},
	{"cluster/local", managers, 0, false, "starts executors within this process or as children of it"},
	{"internal/testhook", managers, 1, false, "how the test kit reaches a session's executors without exported test functions"},
	{"internal/driver/...", control, 0, false, "shell of core/sched; it reaches executors through cluster and link only"},
	{".", public, 0, false, "the user's one import: only here do generic verbs meet the engine"},
	{"kilntest/...", outside, 1, false, "the kit of users' tests"},
	{"cmd/...", outside, 3, false, "the command"},
	{"internal/e2e", outside, 3, false, "whole programs in real processes, as users run them"},
	{"examples/...", outside, 2, false, "programs as users write them"},
	{"bench/data", outside, 1, true, "inputs that every engine is given know none of them"},
	{"bench/hand", outside, 2, true, "the yardstick owes nothing to what it measures"},
	{"bench", outside, 4, false, "measures everything"},
	{"bench/...", outside, 4, false, "measures everything"},
	{"vet/...", outside, 0, false, "checks users' programs by their source; it does not run them"},
	{"internal/lint", outside, 0, true, "these rules"},
}

// roads are imports that go against the table, each with its reason. There is one entry for each; an entry that nobody uses fails.
var roads = map[string]string{}

// forbidden are imports that the order of the wings would allow, or that matter so much that they are said twice.
var forbidden = []struct{ from, to, why string }{
	{"internal/driver/...", "internal/executor/...", "they are different processes on a cluster: what they share is in link and core"},
	{"internal/executor/...", "internal/driver/...", "they are different processes on a cluster: what they share is in link and core"},
	{"internal/driver/...", "internal/ui/...", "the driver runs with any ui, or with none"},
	{"internal/core/...", "internal/conf", "a core is given its settings as values"},
	{"internal/core/...", "internal/host", "a core is told what the machine offers"},
	{"internal/core/...", "storage/...", "a core does no I/O"},
	{"internal/core/...", "cluster/...", "a core asks for executors with an action, and never a manager"},
	{"examples/...", "internal/...", "an example does only what users can do"},
	{"bench/...", "internal/...", "a benchmark measures what users get"},
	{".", "kilntest/...", "users' binaries carry no test kit"},
	{"internal/core/sim/...", "internal/data/...", "the simulation proves that the cores need no bytes"},
}

// matches says whether a package is the one that pattern names, or below it when pattern ends in /... .
func matches(pattern, path string) bool {
	dir, all := strings.CutSuffix(pattern, "/...")
	return path == dir || all && strings.HasPrefix(path, dir+"/")
}

// roomOf finds the room of a package; a line that names it exactly comes before one that ends in /... .
func roomOf(path string) (room, bool) {
	at := slices.IndexFunc(rooms, func(r room) bool { return r.path == path })
	if at < 0 {
		at = slices.IndexFunc(rooms, func(r room) bool { return matches(r.path, path) })
	}
	if at < 0 {
		return room{}, false
	}
	return rooms[at], true
}

// refuse says why from may not import to, or nothing.
func refuse(from, to string) string {
	for _, f := range forbidden {
		if matches(f.from, from) && matches(f.to, to) {
			return f.why
		}
	}
	a, okA := roomOf(from)
	b, okB := roomOf(to)
	switch {
	case !okA || !okB: // said by TestEveryPackageHasARoom
		return ""
	case a == b: // parts of one room: sched and its pools
		return ""
	case b.wing < a.wing:
		return ""
	case b.wing == a.wing && b.floor < a.floor:
		return ""
	}
	return a.why + "; " + to + ": " + b.why
}

func TestEveryPackageHasARoom(t *testing.T) {
	for _, p := range tree(t) {
		if _, ok := roomOf(p.path()); !ok {
			t.Errorf("package %s has no line in the table of wings: say where it stands, and why", p.path())
		}
	}
}

func TestPackagesImportOnlyWhatTheyStandOn(t *testing.T) {
	used := map[string]bool{}
	for _, p := range tree(t) {
		for _, imported := range p.Imports {
			to, ours := below(imported)
			if !ours {
				continue
			}
			road := p.path() + " -> " + to
			why := refuse(p.path(), to)
			if _, allowed := roads[road]; why != "" && allowed {
				used[road] = true
			} else if why != "" {
				t.Errorf("%s: %s", road, why)
			}
		}
	}
	for road := range roads {
		if !used[road] {
			t.Errorf("the exception %s is used by nobody: delete it", road)
		}
	}
}

func TestSeamsAndCoresStandOnTheStandardLibrary(t *testing.T) {
	for _, p := range tree(t) {
		r, _ := roomOf(p.path())
		if !r.std {
			continue
		}
		for _, imported := range p.Imports {
			to, ours := below(imported)
			if on, _ := roomOf(to); ours && !on.std || !ours && !isStandard(imported) {
				t.Errorf("%s imports %s: %s", p.path(), imported, r.why)
			}
		}
	}
}

// The table itself must refuse what architecture.md refuses, whichever packages there are today.
func TestTheTableRefusesWhatTheHouseForbids(t *testing.T) {
	for _, c := range []struct {
		from, to string
		allowed  bool
	}{
		{"internal/core/ids", "internal/core/task", false},
		{"internal/core/task", "internal/core/ids", true},
		{"internal/core/sched", "internal/core/mem", true},
		{"internal/core/sched", "internal/core/sched/pool", true},
		{"internal/core/sched/pool", "internal/core/ids", true},
		{"internal/core/sched", "internal/core/work", false},
		{"internal/core/sched", "internal/conf", false},
		{"internal/core/sim", "internal/core/sched", true},
		{"internal/core/sim", "internal/data/codec", false},
		{"internal/core/plan", "internal/data/codec", false},
		{"cluster", "internal/core/sched", false},
		{"internal/data/codec", "internal/data/op", false},
		{"internal/data/op", "internal/data/codec", true},
		{"internal/data/shuffle", "internal/data/block", true},
		{"internal/data/block", "internal/data/shuffle", false},
		{"internal/data/codec", "internal/executor", false},
		{"internal/executor", "internal/driver", false},
		{"internal/driver", "internal/executor", false},
		{"internal/driver", "internal/ui", false},
		{"internal/driver", "internal/link/transport", true},
		{"internal/eventlog", "internal/ui", false},
		{"cluster/local", "internal/executor", true},
		{"internal/driver", "cluster/local", true},
		{"cluster/local", "internal/driver", false},
		{".", "internal/driver", true},
		{".", "kilntest", false},
		{"kilntest", ".", true},
		{"vet", "bench/data", false},
		{"examples/sort", "internal/driver", false},
		{"examples/sort", ".", true},
		{"examples/sort", "kilntest", true},
	} {
		why := refuse(c.from, c.to)
		if allowed := why == ""; allowed != c.allowed {
			t.Errorf("%s -> %s: allowed is %v (%s), want %v", c.from, c.to, allowed, why, c.allowed)
		}
	}
}

func TestEveryRuleSaysWhy(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range rooms {
		if r.why == "" {
			t.Errorf("%s: a rule without a reason does not survive its author", r.path)
		}
		if seen[r.path] {
			t.Errorf("%s stands twice in the table", r.path)
		}
		seen[r.path] = true
	}
	for _, f := range forbidden {
		if f.why == "" {
			t.Errorf("%s -> %s: a rule without a reason does not survive its author", f.from, f.to)
		}
	}
}
