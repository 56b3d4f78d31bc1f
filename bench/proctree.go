package main

import (
	"bytes"
	"os"
	"strconv"
	"time"
)

// How often the process tree is looked at: its memory often, for new processes less often, because that reads all of /proc.
const (
	memoryEvery    = 10 * time.Millisecond
	processesEvery = 100 * time.Millisecond
)

// clockTicks is the unit of CPU times in /proc on Linux, per second.
const clockTicks = 100

// procTree follows the memory and CPU time of a process and all its descendants through /proc. Where there is no /proc it sees nothing.
// A page that several processes share counts in each.
type procTree struct {
	root    int
	members []int
	// peak is the largest sum of resident memory seen, in bytes.
	peak int64
	// cpu is the CPU time last seen of each process that was ever a member.
	cpu map[int]time.Duration
}

// follow watches the tree until stop is closed and then sends it.
func follow(root int, stop <-chan struct{}) <-chan *procTree {
	done := make(chan *procTree, 1)
	go func() {
		tree := &procTree{root: root, members: []int{root}, cpu: map[int]time.Duration{}}
		memory, processes := time.NewTicker(memoryEvery), time.NewTicker(processesEvery)
		defer memory.Stop()
		defer processes.Stop()
		for {
			select {
			case <-stop:
				done <- tree
				return
			case <-memory.C:
				tree.lookAtMemory()
			case <-processes.C:
				tree.findMembers()
			}
		}
	}()
	return done
}

// cpuTime is the CPU time of all processes that were seen.
func (t *procTree) cpuTime() (all time.Duration) {
	for _, used := range t.cpu {
		all += used
	}
	return all
}

func (t *procTree) lookAtMemory() {
	var sum int64
	for _, pid := range t.members {
		sum += resident(pid)
	}
	t.peak = max(t.peak, sum)
}

// findMembers reads the whole process table, and with it the CPU times.
func (t *procTree) findMembers() {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return
	}
	children, cpu := map[int][]int{}, map[int]time.Duration{}
	for _, entry := range entries {
		if pid, err := strconv.Atoi(entry.Name()); err == nil {
			if parent, used, ok := stat(pid); ok {
				children[parent] = append(children[parent], pid)
				cpu[pid] = used
			}
		}
	}
	t.members = append(t.members[:0], t.root)
	for i := 0; i < len(t.members); i++ {
		pid := t.members[i]
		t.members = append(t.members, children[pid]...)
		t.cpu[pid] = max(t.cpu[pid], cpu[pid])
	}
}

// resident is the resident memory of a process in bytes, 0 when it has gone.
func resident(pid int) int64 {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	fields := bytes.Fields(text)
	if err != nil || len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

// stat reads the parent and the CPU time of a process. The name, in parentheses, may hold anything, so fields are counted from its end.
func stat(pid int) (parent int, used time.Duration, ok bool) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if err != nil || len(fields) < 13 {
		return 0, 0, false
	}
	parent, _ = strconv.Atoi(string(fields[1]))
	user, _ := strconv.ParseInt(string(fields[11]), 10, 64)
	system, _ := strconv.ParseInt(string(fields[12]), 10, 64)
	return parent, time.Duration(user+system) * time.Second / clockTicks, true
}
