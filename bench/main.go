package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"syscall"
	"time"

	"github.com/kilnproject/kiln/bench/data"
)

// options are the flags.
type options struct {
	in      data.Input
	only    *regexp.Regexp
	engines *regexp.Regexp
	count   int
	json    bool
}

func main() {
	atStart()
	if len(os.Args) == 3 && os.Args[1] == childCommand {
		serve(os.Args[2:])
	}
	o, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		os.Exit(0)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parse(args []string) (o options, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&o.in.Work, "work", filepath.Join(os.TempDir(), "kiln-bench"), "`directory` where inputs are kept between runs")
	flags.Float64Var(&o.in.Scale, "scale", 1, "size of the workloads; 1 is the published table")
	flags.Uint64Var(&o.in.Seed, "seed", 1, "the `number` that the inputs follow from")
	flags.IntVar(&o.count, "count", 1, "how often every measurement is taken; the best is printed, and the median beside it")
	only := flags.String("only", "", "run the rows whose name matches this `pattern`; rows.go has the names")
	names := flags.String("engines", "", "run the engines whose name matches this `pattern`, and hand/1")
	format := flags.String("o", "text", "`format` of the answer: text or json")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.json = *format == "json"
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case *format != "text" && *format != "json":
		return o, fmt.Errorf("-o %s: want text or json", *format)
	case !(o.in.Scale > 0 && o.in.Scale <= 100):
		return o, fmt.Errorf("-scale %g: want more than 0 and at most 100", o.in.Scale)
	case o.count < 1:
		return o, fmt.Errorf("-count %d: want 1 or more", o.count)
	}
	if o.only, err = regexp.Compile(*only); err != nil {
		return o, fmt.Errorf("-only: %w", err)
	}
	if o.engines, err = regexp.Compile(*names); err != nil {
		return o, fmt.Errorf("-engines: %w", err)
	}
	o.in.Work, err = filepath.Abs(o.in.Work)
	return o, err
}

// run measures all rows and prints the table, or the measurements.
func run(ctx context.Context, o options, out, progress io.Writer) error {
	if err := os.MkdirAll(o.in.Work, 0o755); err != nil {
		return err
	}
	t := table{
		Go: runtime.Version(), CPUs: runtime.NumCPU(), Scale: o.in.Scale, Count: o.count, When: time.Now().UTC().Truncate(time.Second),
	}
	var stopped error // what was measured before that is printed all the same
	for _, r := range rows {
		if stopped != nil || !o.only.MatchString(r.name) {
			continue
		}
		stopped = t.measure(ctx, r, o, progress)
	}
	print := t.printText
	if o.json {
		print = t.printJSON
	}
	return errors.Join(print(out), stopped, t.wrong())
}
