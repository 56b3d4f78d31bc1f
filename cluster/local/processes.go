package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/kilnproject/kiln/cluster"
	"github.com/kilnproject/kiln/internal/conf"
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched/resource"
)

// Processes gives executors as child processes of this binary.
type Processes struct {
	conf   *conf.Conf
	places Places

	mu        sync.Mutex
	app       cluster.App
	handler   cluster.Handler
	machine   machine
	lacks     map[int32]*lack // by profile
	patience  time.Duration   // with them
	want      []cluster.Wanted
	next      ids.ExecutorID
	children  map[ids.ExecutorID]*child
	stillborn int // children in a row that ended soon after their start
	closed    bool
	waits     sync.WaitGroup
}

type child struct {
	cmd     *exec.Cmd
	pipe    *os.File // our end; closing it ends the child
	words   *json.Encoder
	profile ids.ProfileID
	held    held
	started time.Time
	asked   *time.Timer // the child was told to leave, and is killed when this goes off; nil otherwise
}

// leaveTime is how long a child may take that was told to leave.
const leaveTime = 10 * time.Second

// soon is how short a child's life must be to count as a failed start; after so many in a row the manager gives up.
const (
	soon          = 2 * time.Second
	mostStillborn = 8
)

// Places is where an application's processes meet.
type Places struct {
	AppDir       string // the application's private directory
	Sockets      string // where executors make the sockets of their block servers
	DriverBlocks string // the address of the driver's block server
}

// NewProcesses makes the manager of local-cluster, on a machine that has these resources.
func NewProcesses(c *conf.Conf, places Places, has []resource.Offer) *Processes {
	return &Processes{conf: c, places: places, machine: newMachine(has), children: map[ids.ExecutorID]*child{}, lacks: map[int32]*lack{}, patience: conf.UnschedulableTimeout.Of(c)}
}

// Start implements cluster.Manager.
func (p *Processes) Start(_ context.Context, app cluster.App, h cluster.Handler) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.app, p.handler = app, h
	return nil
}

// Want implements cluster.Manager.
func (p *Processes) Want(executors []cluster.Wanted) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.want = executors
	p.fill()
}

// fill starts what is missing. The caller holds the lock.
func (p *Processes) fill() {
	for !p.closed {
		w, h := p.neediest()
		if w == nil {
			break
		}
		id := p.next
		p.next++
		c, err := p.spawn(id, w, h)
		if err != nil {
			p.machine.give(h)
			p.handler.Broken(fmt.Errorf("starting executor %v: %w", id, err))
			return
		}
		p.children[id] = c
		p.handler.Granted(int32(id), "localhost")
		p.waits.Add(1)
		go p.await(id, c)
	}
	p.watchLacks()
}

// staying counts the children of a profile that were not told to leave.
func (p *Processes) staying(profile int32) (n int) {
	for _, c := range p.children {
		if c.asked == nil && int32(c.profile) == profile {
			n++
		}
	}
	return n
}

func (p *Processes) spawn(id ids.ExecutorID, w *cluster.Wanted, h held) (*child, error) {
	theirs, ours, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = []string{os.Args[0], "kiln-executor", p.app.ID, id.String()}
	cmd.Env = append(os.Environ(), roleVariable+"="+strconv.Itoa(pipeFD), "GOMAXPROCS="+strconv.Itoa(max(2, w.Shape.Slots)))
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr // standard output belongs to the driver's own result
	cmd.ExtraFiles = []*os.File{theirs}
	// A group of its own: the terminal's ctrl-C goes to the driver, which ends its executors.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		ours.Close()
		return nil, err
	}
	b := bootstrap{
		ID: id, AppID: p.app.ID, Places: p.places, Control: p.app.Control, Secret: p.app.Secret,
		Profile: ids.ProfileID(w.Profile), Slots: w.Shape.Slots, Memory: w.Shape.Memory, Resources: h.resources, Conf: p.conf.Set(), Host: hostOf(p.conf, id),
	}
	words := json.NewEncoder(ours)
	if err := words.Encode(b); err != nil {
		ours.Close()
		return nil, errors.Join(err, cmd.Process.Kill(), cmd.Wait())
	}
	return &child{cmd: cmd, pipe: ours, words: words, profile: b.Profile, held: h, started: time.Now()}, nil
}

// Hosts gives the names of the machines that executor processes are on, or pretend to be on. They are never on any other.
func Hosts(c *conf.Conf) []string {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	n := conf.LocalClusterHosts.Of(c)
	if n <= 1 {
		return []string{host}
	}
	hosts := make([]string, n)
	for i := range hosts {
		hosts[i] = fmt.Sprintf("%s-%d", host, i)
	}
	return hosts
}

// hostOf gives the name of the machine that an executor is on.
func hostOf(c *conf.Conf, id ids.ExecutorID) string {
	hosts := Hosts(c)
	return hosts[int(id)%len(hosts)]
}

// await tells the handler when a child ends, and starts another in its place.
func (p *Processes) await(id ids.ExecutorID, c *child) {
	defer p.waits.Done()
	err := c.cmd.Wait()
	c.pipe.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.children, id)
	p.machine.give(c.held)
	if p.closed {
		return
	}
	if c.asked != nil {
		c.asked.Stop()
		p.handler.Gone(int32(id), cluster.Loss{Text: "it was released", Asked: true})
		p.fill() // others may have waited for its addresses
		return
	}
	loss := lossOf(err, c.cmd.ProcessState)
	p.handler.Gone(int32(id), loss)
	if time.Since(c.started) < soon {
		p.stillborn++
	} else {
		p.stillborn = 0
	}
	if p.stillborn >= mostStillborn {
		p.handler.Broken(fmt.Errorf("%d executor processes in a row ended within %v of their start, the last: %s", p.stillborn, soon, loss.Text))
		return
	}
	p.fill()
}

// lossOf says in words how a process ended. An exit of its own accord is the application's doing; a signal came from elsewhere.
func lossOf(err error, state *os.ProcessState) cluster.Loss {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		text := fmt.Sprintf("its process was killed by signal %d (%v)", status.Signal(), status.Signal())
		if status.Signal() == syscall.SIGKILL {
			text += "; the kernel does that when memory runs out: see kiln.executor.memory"
		}
		return cluster.Loss{Text: text}
	}
	if err == nil {
		return cluster.Loss{Text: "its process ended with exit code 0: the program, or a task's function, called os.Exit", ByApp: true}
	}
	return cluster.Loss{Text: fmt.Sprintf("its process ended with exit code %d", state.ExitCode()), ByApp: true}
}

// Release implements cluster.Manager.
func (p *Processes) Release(executors []int32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, id := range executors {
		if c := p.children[ids.ExecutorID(id)]; c != nil && c.asked == nil {
			p.wantLess(c.profile)
			c.leave()
		}
	}
}

// wantLess lowers the number wanted of a profile by one. The list came from the driver, which may show it to others.
func (p *Processes) wantLess(profile ids.ProfileID) {
	p.want = slices.Clone(p.want)
	for i := range p.want {
		if w := &p.want[i]; w.Profile == int32(profile) {
			w.Executors = max(0, w.Executors-1)
		}
	}
}

// leave tells a child to go. Its pipe stays open: were it closed, the child would take the driver for dead and sweep up behind it.
func (c *child) leave() {
	wait := leaveTime
	if err := c.words.Encode(farewell{Leave: true}); err != nil {
		wait = 0 // it ends already, or never will
	}
	c.asked = time.AfterFunc(wait, func() { _ = c.cmd.Process.Kill() })
}

// Close implements cluster.Manager. It returns when every child is gone.
func (p *Processes) Close() error {
	p.mu.Lock()
	p.closed = true
	for _, l := range p.lacks {
		l.timer.Stop()
	}
	for _, c := range p.children {
		// The driver has told them to stop already; what is left of them has nothing to save.
		_ = c.cmd.Process.Kill()
		c.pipe.Close()
	}
	p.mu.Unlock()
	p.waits.Wait()
	return nil
}
