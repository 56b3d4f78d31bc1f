package kiln

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/kilnproject/kiln/internal/conf"
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

// Session is one application: its settings, its executors and the jobs that it runs. It may be used from any goroutine; jobs of
// many goroutines run side by side.
type Session struct {
	ctx    context.Context // ends when the session closes
	cancel context.CancelCauseFunc
	conf   *conf.Conf
	args   []string
	appID  string
	slots  int
	dir    string // temporary files; gone with the session
	dirs   []ownDir

	driver   watchedDriver
	shuffles shuffleOwners
	profiles profileTable

	lineage      sync.Mutex // guards what children of a node point at, while a job is cut and while caches are switched
	rdds         atomic.Int32
	shuffleCount atomic.Int32
	accumulated  atomic.Int32
	accumulators accumulatorRegistry

	closers []func() error // what start opened, besides the driver

	closing sync.Once
	closed  error
}

// Option is a setting of Open.
type Option struct{ key, value string }

// Master says where tasks run: "local", "local[4]", "local[*]", "local[4,2]", "local-cluster[2,1,1g]".
func Master(url string) Option { return Option{conf.Master.String(), url} }

// AppName names the application for people.
func AppName(name string) Option { return Option{conf.AppName.String(), name} }

// Set sets any kiln.* key. --kiln.help lists them.
func Set(key, value string) Option { return Option{key, value} }

// Open starts an application: for tests, and for programs with their own main, whose first line must then be kiln.Init. Close it.
// Settings come from the options, the environment (KILN_MASTER, KILN_CONF) and defaults, in this order.
func Open(ctx context.Context, opts ...Option) (*Session, error) {
	var code []conf.Given
	for _, o := range opts {
		code = append(code, conf.Given{Key: o.key, Value: o.value, Origin: conf.Code})
	}
	c, err := conf.Parse(conf.Layers{Code: code, Environ: os.LookupEnv})
	if err != nil {
		return nil, err
	}
	return open(ctx, c, nil)
}

func open(ctx context.Context, c *conf.Conf, args []string) (*Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	s := &Session{conf: c, args: args, appID: newAppID()}
	s.ctx, s.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	ended := context.AfterFunc(ctx, func() { s.cancel(context.Cause(ctx)) })
	err := s.start()
	began := err == nil
	if !ended() && began { // what was started is cancelled already
		err = context.Cause(ctx)
	}
	switch {
	case began && err != nil:
		return nil, errors.Join(err, s.Close())
	case err != nil:
		s.cancel(err)
		return nil, errors.Join(err, s.release())
	}
	s.driver.progress = s.showProgress()
	if text := c.IgnoredText(); text != "" {
		s.warn(text)
	}
	return s, nil
}

// Close ends the application: running jobs are cancelled, executors stopped, temporary files removed. It waits for no task. It may be
// called more than once.
func (s *Session) Close() error {
	s.closing.Do(func() {
		s.cancel(ErrClosed)
		s.shuffles.onDrop(nil)
		s.driver.progress.Stop()
		s.closed = errors.Join(s.driver.Close(), s.release())
	})
	return s.closed
}

// release gives back what start took, besides the driver.
func (s *Session) release() (err error) {
	for _, c := range s.closers {
		err = errors.Join(err, c())
	}
	s.closers = nil
	return errors.Join(err, s.removeDirs())
}

// Args gives the program's arguments without Kiln's own.
func (s *Session) Args() []string { return s.args }

// AppID names this run of the application.
func (s *Session) AppID() string { return s.appID }

// DefaultParallelism is the number of partitions where nothing else says it: kiln.default.parallelism, or the number of slots.
func (s *Session) DefaultParallelism() int {
	if n := conf.DefaultParallelism.Of(s.conf); n > 0 {
		return n
	}
	return s.slots
}

// CancelJobGroup cancels the running jobs of a group. Their errors hold the reason. It does nothing when there are none; an empty id is no
// group.
func (s *Session) CancelJobGroup(id, reason string) { s.driver.CancelGroup(id, reason) }

// CancelTag cancels the running jobs that have the tag. It does nothing when none has.
func (s *Session) CancelTag(tag, reason string) { s.driver.CancelTag(tag, reason) }

// CancelStage cancels the running jobs that need a stage, whose id Status gives. It does nothing when none does.
func (s *Session) CancelStage(id int, reason string) { s.driver.CancelStage(ids.StageID(id), reason) }

// CancelAll cancels all running jobs.
func (s *Session) CancelAll(reason string) { s.driver.CancelAll(reason) }

func (s *Session) nextRDD() ids.RDDID         { return ids.RDDID(s.rdds.Add(1) - 1) }
func (s *Session) nextShuffle() ids.ShuffleID { return ids.ShuffleID(s.shuffleCount.Add(1) - 1) }
func (s *Session) nextAccumulator() ids.AccumulatorID {
	return ids.AccumulatorID(s.accumulated.Add(1) - 1)
}

func (s *Session) appName() string {
	if name := conf.AppName.Of(s.conf); name != "" {
		return name
	}
	return strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
}

// accumulatorRegistry finds the driver's accumulators when tasks have something for them.
type accumulatorRegistry struct {
	mu  sync.Mutex
	all map[ids.AccumulatorID]merger
}

type merger interface {
	ID() ids.AccumulatorID
	MergeUpdate(value []byte) error
}

func (r *accumulatorRegistry) add(m merger) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all == nil {
		r.all = map[ids.AccumulatorID]merger{}
	}
	r.all[m.ID()] = m
}

func (r *accumulatorRegistry) merge(u task.Update) error {
	r.mu.Lock()
	m := r.all[u.Accumulator]
	r.mu.Unlock()
	if m == nil {
		return fmt.Errorf("a task sent an update for accumulator %d, which this session did not make", u.Accumulator)
	}
	return m.MergeUpdate(u.Value)
}
