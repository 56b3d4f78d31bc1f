package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/kilnproject/kiln/vet"
)

// Exit codes.
const (
	exitFailed = 1
	exitUsage  = 2
)

// command is one thing that kiln can do.
type command struct {
	name, args, help string
	run              func(args []string, out, errs io.Writer) (code int)
	more             func(out io.Writer) // of its help; nil when there is no more
}

var commands = []command{
	{"vet", "[packages]", "find functions that cannot travel to executors (also: go vet -vettool=$(which kiln))", runVet, nil},
	{"replay", "[--check] [--why STAGE.PARTITION] FILE", "play a recorded scheduler again (kiln.sched.record=FILE): its story, or why a task waited", runReplay, helpReplay},
	{"sim", "[flags]", "play the scheduler on a virtual cluster, or in many small scenarios full of faults (--seeds)", runSim, helpSim},
	{"settings", "[-o json]", "list every setting with its unit, default and meaning", runSettings, nil},
	{"version", "[-o json]", "print what this binary was built from", runVersion, nil},
}

func main() {
	args := os.Args[1:]
	if vet.IsUnit(args) { // the go command calls its vet tool without a command's name
		os.Exit(vet.Main(args))
	}
	os.Exit(dispatch(args, os.Stdout, os.Stderr))
}

// output is where a command prints. It remembers what went wrong first, so that a full disk does not look like success.
type output struct {
	to  io.Writer
	err error
}

// Write implements io.Writer. After an error there is nothing more to write.
func (o *output) Write(p []byte) (n int, err error) {
	if o.err == nil {
		n, o.err = o.to.Write(p)
	}
	return n, o.err
}

// dispatch runs a command, and fails when what it prints cannot be written.
func dispatch(args []string, to, errs io.Writer) int {
	out := &output{to: to}
	code := find(args, out, errs)
	if out.err != nil && code == 0 {
		fmt.Fprintln(errs, "kiln: what it prints cannot be written:", out.err)
		return exitFailed
	}
	return code
}

// find finds the command and runs it.
func find(args []string, out, errs io.Writer) int {
	if len(args) == 0 {
		usage(errs)
		return exitUsage
	}
	switch args[0] {
	case "-h", "--help", "help":
		usage(out)
		return 0
	case "--version":
		args[0] = "version"
	}
	for _, c := range commands {
		if c.name != args[0] {
			continue
		}
		if slices.ContainsFunc(args[1:], func(a string) bool { return a == "-h" || a == "--help" }) {
			fmt.Fprintf(out, "usage: kiln %s %s\n\n%s\n", c.name, c.args, c.help)
			if c.more != nil {
				c.more(out)
			}
			return 0
		}
		return c.run(args[1:], out, errs)
	}
	fmt.Fprintf(errs, "kiln: there is no command %q%s\n(kiln --help lists them)\n", args[0], suggestion(args[0]))
	return exitUsage
}

// suggestion names a command that begins alike.
func suggestion(name string) string {
	for _, c := range commands {
		if name != "" && (strings.HasPrefix(c.name, name[:1]) || strings.Contains(c.name, name)) {
			return fmt.Sprintf(": did you mean %q?", c.name)
		}
	}
	return ""
}

func usage(w io.Writer) {
	fmt.Fprint(w, "usage: kiln COMMAND [arguments]\n\n")
	for _, c := range commands {
		fmt.Fprintf(w, "  %-9s %s\n", c.name, c.help)
	}
	fmt.Fprint(w, "\nkiln COMMAND --help tells what a command takes.\n")
	fmt.Fprint(w, "Programs run by themselves: go run ./yourprogram --kiln.master='local[4]' ARGUMENTS\n")
}
