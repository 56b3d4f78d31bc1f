package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/replay"
)

// helpReplay tells what the flags are for, and what is printed.
func helpReplay(out io.Writer) {
	fmt.Fprint(out, `
  --why STAGE.PARTITION  tell only for what this task waited, and by which rule, as in --why 3.17
  --check                tell only whether every decision is as it was recorded

A program records with --kiln.sched.record=FILE; Session.Status and errors name stages and partitions.

exit codes: 0 every decision is as it was recorded; 1 one is not, or the file is damaged; 2 the flags make no sense
`)
}

// runReplay plays a recorded scheduler again: its story, whether it decides the same, or why one task waited.
func runReplay(args []string, out, errs io.Writer) int {
	f := flag.NewFlagSet("kiln replay", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	why := f.String("why", "", "the task to explain, as STAGE.PARTITION")
	check := f.Bool("check", false, "say only whether the decisions are the same")
	err := f.Parse(args)
	if err == nil && f.NArg() != 1 {
		err = errors.New("name one file, which kiln.sched.record has written; flags come first")
	}
	if err != nil {
		fmt.Fprintln(errs, "kiln replay:", err)
		return exitUsage
	}
	same, err := replayFile(f.Arg(0), *why, *check, out)
	if err != nil {
		fmt.Fprintln(errs, "kiln replay:", err)
	}
	if err != nil || !same {
		return exitFailed
	}
	return 0
}

// replayFile prints what is asked for and reports whether the decisions are those that were recorded.
func replayFile(name, why string, check bool, out io.Writer) (same bool, err error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return false, err
	}
	log, err := replay.Open(data)
	if err != nil {
		return false, fmt.Errorf("%s: %w", name, err)
	}
	switch {
	case why != "":
		return true, explain(log, why, out)
	case check:
		o, err := log.Play(nil)
		fmt.Fprintln(out, o)
		return o.Different == 0, err
	}
	o, err := log.Story(func(line string) { fmt.Fprintln(out, line) })
	return o.Different == 0, err
}

// explain prints why a task waited.
func explain(log *replay.Log, task string, out io.Writer) error {
	stage, partition, err := parseTask(task)
	if err != nil {
		return err
	}
	spells, err := log.Why(stage, partition)
	for _, s := range spells {
		fmt.Fprintln(out, s)
	}
	return err
}

func parseTask(text string) (ids.StageID, int32, error) {
	stage, partition, ok := strings.Cut(text, ".")
	s, err1 := strconv.ParseInt(stage, 10, 32)
	p, err2 := strconv.ParseInt(partition, 10, 32)
	if !ok || err1 != nil || err2 != nil || s < 0 || p < 0 {
		return 0, 0, fmt.Errorf("--why %s: a task is STAGE.PARTITION, two numbers, as in 3.17", text)
	}
	return ids.StageID(s), int32(p), nil
}
