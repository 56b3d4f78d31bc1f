package kiln

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/kilnproject/kiln/cluster/local"
	"github.com/kilnproject/kiln/internal/conf"
)

// Exit codes of Main.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// taken says that this process passed Init, so that executors made of it can be taken over.
var taken atomic.Bool

// errInterrupted is the cause of a context that ctrl-C ended.
var errInterrupted error = interrupted{}

type interrupted struct{}

func (interrupted) Error() string { return "interrupted" }

// Unwrap makes errors.Is find ErrCancelled where no job was running.
func (interrupted) Unwrap() error { return ErrCancelled }

// Main is the whole life of a program: in an executor process it serves tasks and never returns; in the driver it reads settings from flags
// (--kiln.KEY=VALUE, --kiln.help), environment and file, opens a session, calls run, and exits: 0 done, 1 run returned an error (printed
// once), 2 bad usage or settings, 130 interrupted. The first ctrl-C cancels run's context, the second ends at once.
func Main(run func(ctx context.Context, s *Session) error) {
	Init()
	os.Exit(mainCode(os.Args[1:], run))
}

// Init must be the first line of a main that does not use Main: in an executor process it serves tasks and never returns. Open needs it
// for every master but the local ones.
func Init() {
	taken.Store(true)
	local.TakeOver()
}

func mainCode(args []string, run func(ctx context.Context, s *Session) error) (code int) {
	flags, rest, help, err := conf.FromArgs(args)
	if help {
		if err := conf.Help(os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return exitFailed
		}
		return 0
	}
	var c *conf.Conf
	if err == nil {
		c, err = conf.Parse(conf.Layers{Flags: flags, Environ: os.LookupEnv})
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%v\n(--kiln.help lists all settings)\n", err)
		return exitUsage
	}
	var running atomic.Pointer[Session]
	ctx, stop := interruptible(func() {
		if s := running.Load(); s != nil {
			_ = s.removeDirs() // nobody is left to tell
		}
	})
	defer stop()
	s, err := open(ctx, c, rest)
	if err != nil {
		return report(ctx, err)
	}
	running.Store(s)
	err = callMain(ctx, s, run)
	running.Store(nil)
	if closeErr := s.Close(); err == nil && closeErr != nil {
		err = fmt.Errorf("while closing: %w", closeErr)
	}
	return report(ctx, err)
}

// callMain turns the panic of a verb that refused to build into an error. Other panics are the program's own and keep their stack.
func callMain(ctx context.Context, s *Session, run func(ctx context.Context, s *Session) error) (err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case *BuildError:
			err = p
		default:
			closeErr := s.Close()
			fmt.Fprintf(os.Stderr, "panic: %v\n\n%s", p, debug.Stack())
			if closeErr != nil {
				fmt.Fprintln(os.Stderr, closeErr)
			}
			os.Exit(exitUsage)
		}
	}()
	return run(ctx, s)
}

func report(ctx context.Context, err error) int {
	switch {
	case context.Cause(ctx) == errInterrupted:
		fmt.Fprintln(os.Stderr, "interrupted")
		return exitInterrupted
	case err == nil:
		return 0
	}
	var c *ConfigError
	fmt.Fprintln(os.Stderr, strings.TrimRight(err.Error(), "\n"))
	if errors.As(err, &c) {
		return exitUsage
	}
	return exitFailed
}

// interruptible gives a context that the first interrupt or termination signal ends; the second one ends the process, after last.
func interruptible(last func()) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	done := make(chan struct{})
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-signals:
			cancel(errInterrupted)
		case <-done:
			return
		}
		select {
		case <-signals:
			last()
			os.Exit(exitInterrupted)
		case <-done:
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
	}
}
