package op

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
	"unsafe"
)

// Pipe runs a command for each partition. Rows go in as lines, as SaveText writes them, and lines that come out are rows.
type Pipe struct {
	Rows    RowType `kiln:"op"`
	Command []string
	Env     []string // KEY=VALUE, on top of the environment of the executor
}

// PipeError is why a command of Pipe failed its task: it could not be started, or did not end with exit code 0.
type PipeError struct {
	Command string // with its arguments
	Code    int    // its exit code; -1 when it was not started, or was ended by a signal
	Why     string
	Stderr  string // the last it said there, at most 4 KiB
}

// Error says what failed and what the command said last.
func (e *PipeError) Error() string {
	text := fmt.Sprintf("running %s: %s", e.Command, e.Why)
	if e.Stderr != "" {
		text += ": " + e.Stderr
	}
	return text
}

// Run implements Combine.
func (o *Pipe) Run(t *Task, in []Input, out *Sink) error {
	next, err := out.taking(TypeOf[string]())
	if err != nil {
		return err
	}
	// The command is told to die with the thread that has started it, which is this one: so it does not outlive an executor.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	p, err := o.start(t, next)
	if err != nil {
		return err
	}
	defer p.stop()
	if err := p.feed(in[0], o.Rows); err != nil {
		return err
	}
	return p.finish()
}

// start starts the command for the partition of a task.
func (o *Pipe) start(t *Task, next pushFunc) (*piped, error) {
	p := &piped{
		t: t, next: next, name: strings.Join(o.Command, " "), cmd: exec.Command(o.Command[0], o.Command[1:]...),
		in: make(chan []byte), free: make(chan []byte, 2), deaf: make(chan struct{}), out: make(chan []string, 1), quit: make(chan struct{}),
	}
	ref := t.Ref
	p.cmd.Env = append(os.Environ(), fmt.Sprintf("KILN_STAGE=%d", ref.Stage), fmt.Sprintf("KILN_STAGE_ATTEMPT=%d", ref.Attempt),
		fmt.Sprintf("KILN_PARTITION=%d", ref.Partition), fmt.Sprintf("KILN_TASK_ATTEMPT=%d", ref.Try))
	p.cmd.Env = append(p.cmd.Env, o.Env...)
	p.cmd.Stderr = &p.stderr
	p.cmd.WaitDelay = time.Second // for descendants that keep standard error open
	inOwnGroup(p.cmd)
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, p.failed(err)
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, p.failed(err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, p.failed(err)
	}
	p.stdout = stdout
	go p.write(stdin)
	go p.read(bufio.NewReaderSize(stdout, pipeBytes))
	return p, nil
}

// feed gives the command the rows of an input, until it reads no more, and passes on what it says meanwhile.
func (p *piped) feed(in Input, types RowType) error {
	w, rows := bufio.NewWriterSize(p, pipeBytes), Reflect(types)
	lines := linesTo(w, rows)
	err := in.Run(&Sink{rows: rows, push: func(base unsafe.Pointer, n int) error {
		if err := lines(base, n); err != nil {
			return err
		}
		return p.t.Err()
	}})
	if err == nil {
		err = w.Flush()
	}
	switch {
	case p.above != nil:
		return p.above
	case p.isDeaf && errors.Is(err, ErrStop):
		return nil // it has read what it wants, as head does; its exit code says whether that is good
	}
	return err
}

// finish ends the command's input, passes on the rest of what it says, and waits for its end.
func (p *piped) finish() error {
	close(p.in)
	p.fed = true
	for {
		select {
		case lines, ok := <-p.out:
			if !ok {
				p.waited = true
				return p.failed(p.cmd.Wait())
			}
			if err := pushTo(p.next, lines); err != nil {
				return err
			}
		case <-p.t.Context.Done():
			return context.Cause(p.t.Context)
		}
		if err := p.t.Err(); err != nil {
			return err
		}
	}
}

// failed is the error of the command's end, or of its start.
func (p *piped) failed(err error) error {
	if err == nil {
		return nil
	}
	code := -1
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	}
	return &PipeError{p.name, code, err.Error(), strings.TrimSpace(p.stderr.String())}
}
