package kiln

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/kilnproject/kiln/cluster"
	"github.com/kilnproject/kiln/cluster/local"
	"github.com/kilnproject/kiln/internal/conf"
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/profile"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/data/funcs"
	"github.com/kilnproject/kiln/internal/driver"
	"github.com/kilnproject/kiln/internal/host"
	"github.com/kilnproject/kiln/internal/link/transport"
	"github.com/kilnproject/kiln/internal/link/wire"
	"github.com/kilnproject/kiln/internal/testhook"
	"github.com/kilnproject/kiln/internal/ui/console"
	_ "github.com/kilnproject/kiln/storage/file" // plain paths
)

// newAppID names an application by its start, and by chance where two start at once.
func newAppID() string {
	var b [3]byte
	_, _ = rand.Read(b[:]) // never fails
	return "app-" + time.Now().UTC().Format("20060102150405") + "-" + hex.EncodeToString(b[:])
}

// start brings up the driver and its executors as the master says.
func (s *Session) start() error {
	m, err := conf.ParseMaster(conf.Master.Of(s.conf))
	if err != nil {
		return &ConfigError{Key: conf.Master.String(), Value: conf.Master.Of(s.conf), Origin: conf.Master.Origin(s.conf), Why: err.Error()}
	}
	if err := s.makeDir(); err != nil {
		return err
	}
	s.shuffles.onDrop(func(id ids.ShuffleID) { s.driver.DropShuffle(id) })
	switch m.Kind {
	case conf.Local:
		return s.startLocal(m)
	case conf.LocalCluster:
		return s.startProcesses(m)
	}
	return &ConfigError{Key: conf.Master.String(), Value: conf.Master.Of(s.conf), Origin: conf.Master.Origin(s.conf),
		Why: fmt.Sprintf("asks for a %v cluster, which this version cannot use yet: use local[*] or local-cluster[executors,slots,memory]", m.Kind)}
}

// makeDir makes the application's private directory in the first place that takes it.
func (s *Session) makeDir() error {
	dirs, err := host.TempDirs(conf.LocalDir.Of(s.conf), os.Getenv)
	if err != nil {
		return s.noDir(err)
	}
	var failed error
	for _, d := range dirs {
		sweep(d.Path)
		if s.dir, err = s.ownDir(d.Path); err == nil {
			return nil
		}
		failed = errors.Join(failed, err)
	}
	return s.noDir(failed)
}

// noDir is the error of an application that has nowhere to put temporary files: a setting's, where one names the places.
func (s *Session) noDir(err error) error {
	if places, said := conf.LocalDir.Lookup(s.conf); said {
		return errors.Join(&ConfigError{Key: conf.LocalDir.String(), Value: places, Origin: conf.LocalDir.Origin(s.conf), Why: "names no directory for temporary files"}, err)
	}
	return fmt.Errorf("no directory for temporary files (kiln.local.dir): %w", err)
}

// longestSocketDir leaves room for a name behind the directory: the system allows a socket's path about a hundred bytes.
const longestSocketDir = 75

// socketDir is where the application's sockets are: its own directory, or one with a shorter path.
func (s *Session) socketDir() (string, error) {
	if len(s.dir) <= longestSocketDir {
		return s.dir, nil
	}
	parent := os.TempDir()
	if len(parent) > longestSocketDir/2 {
		parent = "/tmp"
	}
	return s.ownDir(parent)
}

// driverConfig is what the settings say to the driver, which gets so many executors with so much at the start.
func (s *Session) driverConfig(m conf.MasterURL, executor profile.Executor, executors int) (driver.Config, error) {
	c := driver.Config{
		App:       cluster.App{ID: s.appID, Name: s.appName()},
		Timeout:   conf.NetworkTimeout.Of(s.conf),
		PieceSize: int64(conf.BroadcastBlockSize.Of(s.conf)),
		ListFrom:  int(conf.ListFrom.Of(s.conf)),
		Merge:     s.accumulators.merge,
		Warn:      s.warn,
	}
	s.profiles.conf = s.conf
	s.profiles.define = func(p ids.ProfileID, e profile.Executor) { s.driver.Define(p, e) }
	err := s.profiles.begin(s.ctx, m, executor, executors)
	if err != nil {
		return c, err
	}
	c.Executor = s.profiles.base.Executor
	if c.Sched, err = s.schedConfig(m); err != nil {
		return c, err
	}
	c.Record, err = s.recording()
	return c, err
}

// memory is what one of n executors on this machine may use, in all.
func (s *Session) memory(n int) int64 {
	if set := conf.ExecutorMemory.Of(s.conf); set > 0 {
		return int64(set)
	}
	limit := int64(host.ReadMemory(host.System()).Limit)
	return limit / 10 * 9 / int64(n) >> 20 << 20 // whole mebibytes, which people can read
}

// startLocal runs everything in this process: one executor with all slots, or as many as the test kit asks for.
func (s *Session) startLocal(m conf.MasterURL) error {
	slots := m.Slots
	if slots == 0 {
		slots = host.Cores()
	}
	cfg := local.ThreadsConfig{Conf: s.conf, AppDir: s.dir}
	executors := 1
	kit := testhook.From(s.ctx)
	if kit != nil {
		executors, cfg.Tune = kit.Executors, kit.Tune
	}
	s.slots = executors * slots
	memory := s.memory(executors)
	if kit == nil { // a test's own memory is not the engine's to limit
		s.closers = append(s.closers, limitMemory(memory))
	}
	drive, err := s.driverConfig(m, profile.Executor{Slots: slots, Memory: memory}, executors)
	if err != nil {
		return err
	}
	if kit == nil {
		drive.ListFrom = 0 // what one process holds it does not send itself
	}
	cfg.Has = s.profiles.machine
	s.driver.Driver = driver.Start(drive)
	cfg.Attach, cfg.Blocks = s.driver.AttachOwn, s.driver.Blocks()
	threads := local.NewThreads(cfg)
	if kit != nil {
		kit.Threads, kit.Registered = threads, func() int { return len(s.driver.View().Executors) }
	}
	return s.serve(threads, executors)
}

// limitMemory tells the runtime what this process may use, unless the user did: it then collects garbage harder before memory runs
// out, and less eagerly while there is plenty. The program has its own settings back when it calls restore.
func limitMemory(memory int64) (restore func() error) {
	var undo []func()
	if os.Getenv("GOMEMLIMIT") == "" {
		was := debug.SetMemoryLimit(memory)
		undo = append(undo, func() { debug.SetMemoryLimit(was) })
	}
	if os.Getenv("GOGC") == "" {
		was := debug.SetGCPercent(local.GCPercent)
		undo = append(undo, func() { debug.SetGCPercent(was) })
	}
	return func() error {
		for _, f := range undo {
			f()
		}
		return nil
	}
}

// startProcesses runs executors as child processes of this binary.
func (s *Session) startProcesses(m conf.MasterURL) error {
	if !taken.Load() {
		return errors.New("local-cluster starts executors from this program's own binary: begin main with kiln.Main, or with kiln.Init (in tests: in TestMain)")
	}
	if err := funcs.SelfTest(); err != nil {
		return fmt.Errorf("this binary cannot ship functions to executor processes: %w", err)
	}
	s.slots = m.Executors * m.Slots
	memory := int64(m.Memory)
	if memory == 0 {
		memory = s.memory(m.Executors)
	}
	identity, err := funcs.SelfFile() // executors are children that run the same file
	if err != nil {
		return err
	}
	cfg, err := s.driverConfig(m, profile.Executor{Slots: m.Slots, Memory: memory}, m.Executors)
	if err != nil {
		return err
	}
	var initial int
	cfg.Allocation, initial = s.allocation(m)
	cfg.Sched.Expected = initial
	if cfg.Allocation != nil {
		cfg.Sched.MostSlots = cfg.Allocation.Rules.Max * m.Slots
	}
	cfg.Identity = wire.Identity(identity)
	cfg.App.Secret = make([]byte, 32)
	_, _ = rand.Read(cfg.App.Secret) // never fails
	client := transport.NewClient(transport.ClientConfig{Timeout: cfg.Timeout})
	cfg.Fetch = client
	sockets, err := s.socketDir()
	if err != nil {
		return errors.Join(err, client.Close())
	}
	cfg.App.Control = "unix://" + filepath.Join(sockets, "control.sock")
	s.driver.Driver = driver.Start(cfg)
	control, err := transport.ListenControl(transport.ServerConfig{Addr: cfg.App.Control}, s.driver.Attach)
	if err != nil {
		return errors.Join(err, s.driver.Close(), client.Close())
	}
	blocks, err := transport.ListenBlocks(transport.BlockServerConfig{Addr: "unix://" + filepath.Join(sockets, "driver.sock"), Timeout: cfg.Timeout}, s.driver.Blocks())
	if err != nil {
		return errors.Join(err, s.driver.Close(), control.Close(), client.Close())
	}
	s.closers = append(s.closers, blocks.Close, control.Close, client.Close)
	return s.serve(local.NewProcesses(s.conf, local.Places{AppDir: s.dir, Sockets: sockets, DriverBlocks: blocks.Addr()}, s.profiles.machine), initial)
}

func (s *Session) serve(m cluster.Manager, executors int) error {
	if err := s.driver.Serve(s.ctx, m, executors); err != nil {
		return errors.Join(err, s.driver.Close())
	}
	return nil
}

// watchedDriver tells the progress line when jobs are under way.
type watchedDriver struct {
	*driver.Driver
	progress *console.Progress // nil where nobody looks
}

// Run runs a job as the driver does.
func (d watchedDriver) Run(ctx context.Context, job sched.Job, deliver func(partition int32, value []byte)) error {
	d.progress.JobBegan()
	defer d.progress.JobEnded()
	return d.Driver.Run(ctx, job, deliver)
}

// warn tells whoever waits for the program what he should know of how it runs.
func (s *Session) warn(text string) {
	text = "kiln: " + text
	if p := s.driver.progress; p != nil {
		p.Note(text)
		return
	}
	fmt.Fprintln(os.Stderr, text)
}

// showProgress starts the progress line where somebody sees it: on a terminal, or where the settings ask for it.
func (s *Session) showProgress() *console.Progress {
	show, said := conf.ShowProgress.Lookup(s.conf)
	if !said {
		show = console.IsTerminal(os.Stderr)
	}
	if !show {
		return nil
	}
	return console.Start(console.Config{
		Out: os.Stderr, View: s.driver.View,
		Width: func() int { return console.Width(os.Stderr, os.Getenv) },
	})
}
