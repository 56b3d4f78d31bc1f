package e2e

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// example is one of the programs in /examples with what it reads. An argument OUT is a directory that it writes.
type example struct {
	name string
	args []string
}

// examples are all of them, with inputs that keep three executors busy for a moment.
func examples(t *testing.T) []example {
	t.Helper()
	in := t.TempDir()
	chance := rand.New(rand.NewPCG(3, 4))
	lines := func(name string, n int, line func(i int) string) string {
		var b bytes.Buffer
		for i := range n {
			b.WriteString(line(i) + "\n")
		}
		path := filepath.Join(in, name)
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	records := lines("records", 20_000, func(int) string {
		record := make([]byte, 99) // and the end of the line
		for i := range record {
			record[i] = byte(chance.Uint32())
		}
		return string(record)
	})
	return []example{
		{"wordcount", []string{text(t).dir}},
		{"sort", []string{records, "OUT"}},
		{"join", []string{
			lines("orders", 60_000, func(i int) string { return fmt.Sprintf("o%d,c%d,%d.50", i, chance.IntN(4000), i%90) }),
			lines("customers", 3000, func(i int) string { return fmt.Sprintf("c%d,country %d", i, i%20) }),
		}},
		{"kmeans", []string{lines("points", 20_000, func(i int) string { return fmt.Sprintf("%d %d", 10*(i%3)+i%2, 20*(i%3)+i%5) }), "3", "4"}},
		{"pagerank", []string{lines("edges", 20_000, func(int) string { return fmt.Sprintf("%d %d", chance.IntN(500), chance.IntN(500)) }), "4"}},
		{"sessionize", []string{lines("log", 40_000, func(i int) string {
			return fmt.Sprintf("u%d 2026-01-%02dT%02d:%02d:00Z /page%d", chance.IntN(900), 1+i%28, i%24, i%60, i%7)
		}), "OUT"}},
	}
}

// startExample starts an example; its output is a directory of its own.
func startExample(t *testing.T, x example, flags ...string) (p *process, out string) {
	t.Helper()
	out = filepath.Join(t.TempDir(), "out")
	args := append([]string{}, flags...)
	for _, a := range x.args {
		if a == "OUT" {
			a = out
		}
		args = append(args, a)
	}
	return start(t, built("../../examples/"+x.name)(t), nil, args...), out
}

// answer is what an example printed and wrote, whatever lies in which of its files.
func answer(t *testing.T, p *process, out string) string {
	t.Helper()
	all := p.out.String()
	files, err := filepath.Glob(filepath.Join(out, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files { // in the order of their names
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all += string(data)
	}
	return all
}

// hitTwo kills one of three executors and stops another one. It returns false when the program has ended before.
func (p *process) hitTwo() bool {
	p.t.Helper()
	var pids []int
	until(p.t, "three executors", func() bool { pids = p.executors(); return len(pids) == 3 || p.gone() })
	if len(pids) < 3 {
		return false
	}
	p.signal(pids[0], syscall.SIGKILL)
	p.signal(pids[1], syscall.SIGSTOP)
	return true
}

// The results are the same when one executor is killed and another one stands still for longer than the driver waits, and when executors
// come with the load and are drained when they rest.
func TestEveryExampleGivesTheSameWhileExecutorsComeAndGo(t *testing.T) {
	const slots = "--kiln.default.parallelism=8"
	for _, x := range examples(t) {
		calm, out := startExample(t, x, "--kiln.master=local[2]", slots)
		calm.wait(0)
		want := answer(t, calm, out)
		if strings.TrimSpace(want) == "" {
			t.Fatalf("%s gives nothing", x.name)
		}

		hit := false
		for tries := 0; !hit && tries < 10; tries++ { // a small example may end before anybody has seen its executors
			p, out := startExample(t, x, "--kiln.master=local-cluster[3,1,256m]", slots, "--kiln.executor.heartbeatInterval=100ms", "--kiln.network.timeout=2s",
				"--kiln.scheduler.minRegisteredResourcesRatio=1", "--kiln.scheduler.maxRegisteredResourcesWaitingTime=3s")
			hit = p.hitTwo()
			p.wait(0)
			if got := answer(t, p, out); got != want {
				t.Errorf("%s with an executor killed and one paused gives %d bytes, want %d\n%.300s\nwant\n%.300s\n%s", x.name, len(got), len(want), got, want, &p.errs)
			}
		}
		if !hit {
			t.Errorf("%s always ended before one of its executors was hit", x.name)
		}

		seen := 0
		for tries := 0; seen == 0 && tries < 10; tries++ { // as above
			p, out := startExample(t, x, append(elastic, slots, keepsNoShuffle, "--kiln.dynamicAllocation.executorIdleTimeout=0s", "--kiln.decommission.enabled=true", "--kiln.executor.decommission.forceKillTimeout=100ms")...)
			until(t, "the program's end", func() bool { p.executors(); return p.gone() })
			p.wait(0)
			seen = len(p.everSeen)
			if got := answer(t, p, out); got != want {
				t.Errorf("%s with %d executors that come and go gives %d bytes, want %d\n%.300s\nwant\n%.300s\n%s", x.name, seen, len(got), len(want), got, want, &p.errs)
			}
		}
		if seen == 0 {
			t.Errorf("%s always ended before one of its executors was seen", x.name)
		}
		t.Logf("%s: %d executors came with the load", x.name, seen)
	}
}
