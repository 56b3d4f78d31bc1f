package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for what must come.
const patience = 2 * time.Minute

var binDir string

func TestMain(m *testing.M) {
	var err error
	if binDir, err = os.MkdirTemp("", "kiln-e2e-"); err != nil {
		panic(err)
	}
	code := m.Run()
	if err := os.RemoveAll(binDir); err != nil {
		panic(err)
	}
	os.Exit(code)
}

var (
	pipeline  = built("./testdata/pipeline")
	wordcount = built("../../examples/wordcount")
)

// built gives a program of this module, which is built when it is first asked for.
func built(pkg string) func(t *testing.T) string {
	once := sync.OnceValues(func() (string, error) {
		bin := filepath.Join(binDir, filepath.Base(pkg))
		out, err := exec.Command("go", "build", "-o", bin, pkg).CombinedOutput()
		if err != nil {
			err = fmt.Errorf("go build %s: %w\n%s", pkg, err, out)
		}
		return bin, err
	})
	return func(t *testing.T) string {
		t.Helper()
		bin, err := once()
		if err != nil {
			t.Fatal(err)
		}
		return bin
	}
}

// until polls for what must come.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !is(); {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v in vain for %s", patience, what)
		}
		time.Sleep(2 * time.Millisecond) // between two looks
	}
}

// process is a program under test.
type process struct {
	t         *testing.T
	cmd       *exec.Cmd
	dir       string // its temporary files
	gates     string
	out, errs bytes.Buffer
	done      chan struct{}
	everSeen  map[int]bool // executors
	ended     bool
}

// start runs a program with a directory of its own for temporary files, and with gates of which some are shut.
func start(t *testing.T, bin string, shut []string, args ...string) *process {
	t.Helper()
	p := &process{t: t, dir: shortDir(t), gates: t.TempDir(), done: make(chan struct{}), everSeen: map[int]bool{}}
	for _, g := range shut {
		p.shut(g)
	}
	p.cmd = exec.Command(bin, append([]string{"--kiln.local.dir=" + p.dir}, args...)...)
	p.cmd.Env = append(os.Environ(), "E2E_GATES="+p.gates, "TMPDIR="+p.dir)
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.errs
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.WaitDelay = patience
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // how it ended is in its state
		close(p.done)
	}()
	t.Cleanup(func() {
		if !p.ended {
			_ = p.cmd.Process.Kill()
			<-p.done
		}
	})
	return p
}

// shortDir is a temporary directory whose path leaves room for the names of sockets.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "e2e-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func (p *process) shut(gate string) {
	if err := os.WriteFile(filepath.Join(p.gates, "hold."+gate), nil, 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func (p *process) open(gate string) {
	if err := os.Remove(filepath.Join(p.gates, "hold."+gate)); err != nil {
		p.t.Error(err)
	}
}

// at gives the processes that have come to a gate.
func (p *process) at(gate string) (pids []int) {
	found, err := filepath.Glob(filepath.Join(p.gates, gate+".*"))
	if err != nil {
		p.t.Fatal(err)
	}
	for _, f := range found {
		if pid, err := strconv.Atoi(strings.TrimPrefix(filepath.Ext(f), ".")); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// reach waits until n processes have come to a gate, and gives them.
func (p *process) reach(gate string, n int) (pids []int) {
	p.t.Helper()
	until(p.t, fmt.Sprintf("%d processes at %q; it has printed %s", n, gate, "nothing more"), func() bool {
		pids = p.at(gate)
		return len(pids) >= n || p.gone()
	})
	if len(pids) < n {
		p.t.Fatalf("the program ended before %q:\n%s%s", gate, &p.out, &p.errs)
	}
	p.executors()
	return pids
}

func (p *process) gone() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// executors gives the children of the driver.
func (p *process) executors() (pids []int) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		p.t.Fatal(err)
	}
	for _, f := range stats {
		text, err := os.ReadFile(f)
		if err != nil {
			continue // it has ended
		}
		// The name of the program stands in brackets and may hold anything; state and parent follow.
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(f)))
		if len(fields) > 1 && fields[0] != "Z" && fields[1] == strconv.Itoa(p.cmd.Process.Pid) {
			pids = append(pids, pid)
			p.everSeen[pid] = true
		}
	}
	slices.Sort(pids)
	return pids
}

func (p *process) signal(pid int, s syscall.Signal) {
	if err := syscall.Kill(pid, s); err != nil && !errors.Is(err, syscall.ESRCH) {
		p.t.Error(err)
	}
}

func (p *process) interrupt() { p.signal(p.cmd.Process.Pid, syscall.SIGINT) }

// wait waits for the program's end and wants a code, and that nothing of it is left.
func (p *process) wait(code int) {
	p.t.Helper()
	until(p.t, "the end of the program", p.gone)
	p.ended = true
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		p.t.Errorf("exit code %d, want %d:\n%s%s", got, code, &p.out, &p.errs)
	}
	p.nothingLeft()
}

// nothingLeft wants no executor and no file. Executors of a driver that was killed need a moment.
func (p *process) nothingLeft() {
	p.t.Helper()
	for pid := range p.everSeen {
		until(p.t, fmt.Sprintf("the end of executor process %d", pid), func() bool { return dead(pid) })
	}
	until(p.t, "an empty directory for temporary files, which has "+strings.Join(p.files(), ", "), func() bool { return len(p.files()) == 0 })
}

func dead(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(text), ") Z ")
}

// files gives what is in the directory for temporary files.
func (p *process) files() (all []string) {
	err := filepath.WalkDir(p.dir, func(path string, _ fs.DirEntry, err error) error {
		if path != p.dir && err == nil {
			all = append(all, path)
		}
		return nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return all
}

// wantOutput wants what the program printed.
func (p *process) wantOutput(want string) {
	p.t.Helper()
	if got := p.out.String(); got != want {
		p.t.Errorf("printed\n%s\nwant\n%s\nand on standard error:\n%s", got, want, &p.errs)
	}
}

// wantErrors wants words in what the program complained of, and no Go stack of the engine.
func (p *process) wantErrors(words ...string) {
	p.t.Helper()
	for _, w := range words {
		if !strings.Contains(p.errs.String(), w) {
			p.t.Errorf("standard error lacks %q:\n%s", w, &p.errs)
		}
	}
	if strings.Contains(p.errs.String(), "goroutine ") {
		p.t.Errorf("standard error has a stack:\n%s", &p.errs)
	}
}

// input is a directory of text, and what the pipeline prints for it.
type input struct{ dir, want string }

// words makes files of random words, most of them rare, so that map outputs are large.
var words = sync.OnceValues(func() (input, error) {
	in := input{dir: filepath.Join(binDir, "words")}
	if err := os.Mkdir(in.dir, 0o700); err != nil {
		return in, err
	}
	chance := rand.New(rand.NewPCG(1, 2))
	counts := map[string]int{}
	for file := range 6 {
		var b bytes.Buffer
		for range 6000 {
			for range 10 {
				w := fmt.Sprintf("%x", chance.Uint64()>>(16+chance.IntN(48)))
				if chance.IntN(20) == 0 {
					w = "the"
				} else {
					counts[w]++
				}
				b.WriteString(w)
				b.WriteByte(' ')
			}
			b.WriteByte('\n')
		}
		if err := os.WriteFile(filepath.Join(in.dir, fmt.Sprintf("words-%d.txt", file)), b.Bytes(), 0o600); err != nil {
			return in, err
		}
	}
	in.want = fmt.Sprintln(len(counts), topFive(counts))
	return in, nil
})

type wordCount struct {
	Key   string
	Value int
}

func topFive(counts map[string]int) []wordCount {
	var all []wordCount
	for w, n := range counts {
		all = append(all, wordCount{w, n})
	}
	slices.SortFunc(all, func(a, b wordCount) int {
		if a.Value != b.Value {
			return b.Value - a.Value
		}
		return strings.Compare(a.Key, b.Key)
	})
	return all[:5]
}

func text(t *testing.T) input {
	t.Helper()
	in, err := words()
	if err != nil {
		t.Fatal(err)
	}
	return in
}
