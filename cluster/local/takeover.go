package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/kilnproject/kiln/internal/conf"
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/data/funcs"
	"github.com/kilnproject/kiln/internal/executor"
	"github.com/kilnproject/kiln/internal/link/transport"
	"github.com/kilnproject/kiln/internal/link/wire"
)

// roleVariable tells a process that it is to be an executor. It holds no secret: who it is comes through the pipe.
const roleVariable = "KILN_EXECUTOR_PIPE"

// pipeFD is the inherited end of the pipe.
const pipeFD = 3

// bootstrap is what the driver tells a child through the pipe.
type bootstrap struct {
	ID        ids.ExecutorID
	AppID     string
	Places    Places
	Control   string
	Secret    []byte
	Profile   ids.ProfileID
	Slots     int
	Memory    int64
	Resources []task.Resource
	Host      string
	Conf      []conf.Given
}

// farewell is what the driver tells a child at last: it is not needed any more.
type farewell struct{ Leave bool }

// TakeOver serves as an executor, and ends the process, if that is what the process was started for. Else it returns at once.
func TakeOver() {
	if os.Getenv(roleVariable) == "" {
		return
	}
	os.Unsetenv(roleVariable) // processes that the user's code starts are no executors
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "kiln executor:", err)
		os.Exit(exitCode(err))
	}
	os.Exit(0)
}

func serve() error {
	pipe := os.NewFile(pipeFD, "driver")
	if pipe == nil {
		return fmt.Errorf("no pipe to a driver: an executor is started by its driver only")
	}
	syscall.CloseOnExec(pipeFD)
	var b bootstrap
	in := json.NewDecoder(io.LimitReader(pipe, 16<<20))
	if err := in.Decode(&b); err != nil {
		return fmt.Errorf("reading from the driver: %w", err)
	}
	gone := make(chan struct{})
	ctx, leave := context.WithCancelCause(context.Background())
	go dieWith(in, b, gone, leave)
	told := make(chan os.Signal, 2)
	signal.Notify(told, syscall.SIGTERM)
	// The terminal's ctrl-C is for the driver, which ends its executors in good order.
	signal.Ignore(os.Interrupt)
	c, err := conf.Parse(conf.Layers{Code: b.Conf})
	if err != nil {
		return err
	}
	debug.SetMemoryLimit(b.Memory)
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(GCPercent)
	}
	err = serveDriver(ctx, c, b, func(e *executor.Executor) { drain(e, told, leave) })
	// A driver that dies takes pipe and link with it, in no certain order; where that is why serving ended, dieWith has still to clean up.
	select {
	case <-gone:
		select {} // it ends the process
	case <-time.After(lastWord):
	}
	return errors.Join(err, endedBy(ctx))
}

// lastWord is how long a process that has served waits for the pipe to say that the driver is gone.
const lastWord = 200 * time.Millisecond

// dieWith ends the process, and removes what the application left on disk, as soon as the driver is gone. A process that the driver
// releases leaves by itself, and takes with it only what is its own.
func dieWith(pipe *json.Decoder, b bootstrap, gone chan<- struct{}, leave context.CancelCauseFunc) {
	var f farewell
	for pipe.Decode(&f) == nil {
		if f.Leave {
			leave(errors.New("it is not needed any more"))
		}
	}
	close(gone)
	for range 3 { // a task may be making a file just now
		_ = os.RemoveAll(b.Places.AppDir)
		_ = os.RemoveAll(b.Places.Sockets)
	}
	os.Exit(1)
}

func serveDriver(ctx context.Context, c *conf.Conf, b bootstrap, begin func(*executor.Executor)) error {
	cfg := executorConfig(c, b.ID, b.Slots, b.Memory, b.Places.AppDir)
	cfg.Digests = conf.Digests.Of(c)
	cfg.DirectResult = directResult
	cfg.Patience = conf.KillTimeout.Of(c)
	cfg.DriverBlocks = b.Places.DriverBlocks
	client := transport.NewClient(transport.ClientConfig{Timeout: conf.NetworkTimeout.Of(c)})
	defer client.Close()
	cfg.Fetch = client
	e, err := executor.New(cfg)
	if err != nil {
		return err
	}
	defer e.Close()
	socket := filepath.Join(b.Places.Sockets, fmt.Sprintf("blocks-%d.sock", b.ID))
	blocks, err := transport.ListenBlocks(transport.BlockServerConfig{Addr: "unix://" + socket, Timeout: conf.NetworkTimeout.Of(c)}, e.Blocks())
	if err != nil {
		return err
	}
	defer blocks.Close()
	link, err := transport.DialControl(context.Background(), b.Control, nil)
	if err != nil {
		return err
	}
	defer link.Close()
	hello, err := helloOf(b, blocks.Addr())
	if err != nil {
		return err
	}
	if err := link.Send(&wire.Up{Hello: hello}); err != nil {
		return err
	}
	go begin(e)
	return e.Run(ctx, link)
}

func helloOf(b bootstrap, blocks string) (*wire.Hello, error) {
	identity, err := funcs.SelfFile()
	if err != nil {
		return nil, err
	}
	return &wire.Hello{
		Identity: wire.Identity(identity), Executor: b.ID, Secret: b.Secret, Host: b.Host, Slots: b.Slots, Memory: b.Memory,
		BlockAddr: blocks, PID: os.Getpid(), Profile: b.Profile, Resources: b.Resources,
	}, nil
}
