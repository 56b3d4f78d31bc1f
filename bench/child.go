package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/kilnproject/kiln/bench/data"
)

// childCommand is the first argument of a process that runs one workload on one engine.
const childCommand = "-one-run"

// request is what a child is asked, and reply what it answers, in a file: its output belongs to the engine.
type request struct {
	Engine, Workload string
	Input            data.Input
	Began            time.Time
	Reply            string
}

type reply struct {
	Measured Measured
	Absent   bool
	Error    string
}

// serve runs the request in the arguments and exits.
func serve(args []string) {
	var asked request
	if err := json.Unmarshal([]byte(args[0]), &asked); err != nil {
		fmt.Fprintln(os.Stderr, "bench: read the request of a child process:", err)
		os.Exit(2)
	}
	began = asked.Began
	answer, err := json.Marshal(answerTo(asked))
	if err == nil {
		err = os.WriteFile(asked.Reply, answer, 0o600)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: answer from a child process:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func answerTo(asked request) reply {
	engine, ok := engineNamed(asked.Engine)
	if !ok {
		return reply{Error: "no engine is named " + strconv.Quote(asked.Engine)}
	}
	start := time.Now()
	m, err := engine.Run(asked.Workload, asked.Input)
	took := time.Since(start)
	switch {
	case errors.Is(err, errAbsent):
		return reply{Absent: true}
	case err != nil:
		return reply{Error: err.Error()}
	case m.Value == 0:
		m.Value = took.Seconds()
	}
	return reply{Measured: m}
}

// runChild runs a workload on an engine in a fresh process. What it prints goes to our standard error. When ctx ends, the process and its
// children are killed.
func runChild(ctx context.Context, engine, workload string, in data.Input) (Measured, error) {
	scratch, err := os.MkdirTemp(in.Work, "run-*")
	if err != nil {
		return Measured{}, err
	}
	defer os.RemoveAll(scratch)
	in.Output = filepath.Join(scratch, "output")
	if err := os.Mkdir(in.Output, 0o755); err != nil {
		return Measured{}, err
	}
	asked := request{Engine: engine, Workload: workload, Input: in, Began: time.Now(), Reply: filepath.Join(scratch, "reply")}
	used, err := execute(ctx, asked)
	if err != nil {
		return Measured{}, err
	}
	m, err := readReply(asked.Reply)
	if err != nil {
		return Measured{}, err
	}
	if workload == rowSort {
		if m.Result, err = data.Sorted(in.Output); err != nil {
			return Measured{}, err
		}
	}
	m.CPUSeconds = used.CPUSeconds
	if m.PeakBytes == 0 {
		m.PeakBytes = used.PeakBytes
	}
	return m, nil
}

// execute starts this binary anew, waits, and answers what the process tree used.
func execute(ctx context.Context, asked request) (Measured, error) {
	self, err := os.Executable()
	if err != nil {
		return Measured{}, err
	}
	argument, err := json.Marshal(asked)
	if err != nil {
		return Measured{}, err
	}
	child := exec.CommandContext(ctx, self, childCommand, string(argument))
	child.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	child.Cancel = func() error { return syscall.Kill(-child.Process.Pid, syscall.SIGKILL) }
	child.Stdout, child.Stderr = os.Stderr, os.Stderr
	if err := child.Start(); err != nil {
		return Measured{}, err
	}
	stop := make(chan struct{})
	tree := follow(child.Process.Pid, stop)
	err = child.Wait()
	close(stop)
	seen := <-tree
	cpu := max(seen.cpuTime(), child.ProcessState.UserTime()+child.ProcessState.SystemTime())
	used := Measured{CPUSeconds: cpu.Seconds(), PeakBytes: max(seen.peak, ownPeak(child.ProcessState))}
	return used, err
}

// ownPeak is the peak memory of the largest single process of a tree, as the kernel knows it exactly.
func ownPeak(state *os.ProcessState) int64 {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return usage.Maxrss << 10 // Linux counts KiB
}

func readReply(path string) (Measured, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Measured{}, fmt.Errorf("the process ended without an answer: %w", err)
	}
	var answer reply
	if err := json.Unmarshal(text, &answer); err != nil {
		return Measured{}, fmt.Errorf("read the answer: %w", err)
	}
	switch {
	case answer.Absent:
		return Measured{}, errAbsent
	case answer.Error != "":
		return Measured{}, errors.New(answer.Error)
	}
	return answer.Measured, nil
}
