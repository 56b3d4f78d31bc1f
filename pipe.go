package kiln

import (
	"strings"

	"github.com/kilnproject/kiln/internal/data/op"
)

// PipeError is in the chain when a command of Pipe failed: its command line, exit code, and the last it said on standard error.
type PipeError = op.PipeError

// PipeOption changes how Pipe runs its command.
type PipeOption struct{ apply func(*op.Pipe) }

// PipeEnv gives the command an environment variable, beside those of the executor.
func PipeEnv(key, value string) PipeOption {
	return PipeOption{func(p *op.Pipe) { p.Env = append(p.Env, key+"="+value) }}
}

// Pipe runs a command once for each partition, on the machine where the partition is computed: rows go to its standard input as lines, as
// SaveText writes them, and the lines of its standard output, without their ends, are the rows that it gives. No shell looks at the
// command: its first word is a program, found by PATH or by its path, and the others are arguments as they are.
//
// A command that cannot be started, or ends with another exit code than 0, fails the task with a *PipeError, and is tried again as any
// task. It need not read all of its input. It runs in the executor's directory and environment, with KILN_STAGE, KILN_STAGE_ATTEMPT,
// KILN_PARTITION and KILN_TASK_ATTEMPT set; a task that is killed, or whose rows nobody needs any more, ends it and its
// descendants.
func Pipe[T any](d RDD[T], command []string, o ...PipeOption) RDD[string] {
	return RDD[string]{handle{pipe(op.TypeOf[T](), d.n, command, o)}}
}

func pipe(rows rowType, parent *node, command []string, opts []PipeOption) *node {
	p := &op.Pipe{Rows: rows, Command: append([]string(nil), command...)}
	for _, o := range opts {
		if o.apply != nil {
			o.apply(p)
		}
	}
	n := narrow("Pipe", op.TypeOf[string](), op.Combine(p), parent)
	if len(command) == 0 || command[0] == "" {
		n.refuse("there is no command: its first word is the program")
	}
	for _, word := range append(p.Command, p.Env...) {
		if strings.ContainsRune(word, 0) {
			n.refuse("%q has a zero byte, which no argument and no variable can have", word)
		}
	}
	for _, v := range p.Env {
		if strings.HasPrefix(v, "=") {
			n.refuse("a variable of PipeEnv has no name")
		}
	}
	return n
}
