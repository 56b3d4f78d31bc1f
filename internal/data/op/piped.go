package op

import (
	"bufio"
	"context"
	"io"
	"os/exec"
	"strings"
	"sync"
)

// pipeBytes is about how much goes to a command, or comes from it, at once.
const pipeBytes = 64 << 10

// piped is a command that runs. One goroutine writes to it and one reads what it says, so that neither waits for the other; the task's own
// goroutine hands rows to the one and takes rows from the other.
type piped struct {
	t    *Task
	next pushFunc
	name string
	cmd  *exec.Cmd

	in     chan []byte   // for its standard input
	free   chan []byte   // buffers that were written
	deaf   chan struct{} // closed when it reads no more
	isDeaf bool          // it was seen that deaf is closed
	fed    bool          // in is closed

	out    chan []string // lines that it said; closed at their end
	stdout io.ReadCloser
	quit   chan struct{} // closed when nobody takes lines any more
	above  error         // of next, while rows were handed over

	stderr tail
	waited bool
}

// Write hands bytes to the command, and passes on what it says meanwhile. It is called by the task's goroutine.
func (p *piped) Write(data []byte) (int, error) {
	var buf []byte
	select {
	case buf = <-p.free:
	default:
	}
	buf = append(buf[:0], data...)
	for said := p.out; ; {
		select {
		case p.in <- buf:
			return len(data), nil
		case lines, ok := <-said:
			if !ok {
				said = nil
				continue
			}
			if p.above = pushTo(p.next, lines); p.above != nil {
				return 0, p.above
			}
		case <-p.deaf:
			p.isDeaf = true
			return 0, ErrStop
		case <-p.t.Context.Done():
			return 0, context.Cause(p.t.Context)
		}
	}
}

// write brings bytes to the command's standard input.
func (p *piped) write(stdin io.WriteCloser) {
	defer stdin.Close()
	for buf := range p.in {
		if _, err := stdin.Write(buf); err != nil {
			close(p.deaf)
			for range p.in { // nothing more comes but what was on its way
			}
			return
		}
		select {
		case p.free <- buf:
		default:
		}
	}
}

// read brings lines from the command's standard output.
func (p *piped) read(r *bufio.Reader) {
	defer close(p.out)
	var lines []string
	bytes := 0
	for {
		line, err := r.ReadString('\n')
		if err == nil || line != "" {
			lines = append(lines, strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"))
			bytes += len(line)
		}
		if len(lines) > 0 && (err != nil || r.Buffered() == 0 || len(lines) == BatchRows || bytes >= pipeBytes) {
			select {
			case p.out <- lines:
			case <-p.quit:
				return
			}
			lines, bytes = nil, 0
		}
		if err != nil {
			return
		}
	}
}

// stop ends the command, if it runs, and the goroutines around it.
func (p *piped) stop() {
	close(p.quit)
	if !p.fed {
		close(p.in)
	}
	if p.waited {
		return
	}
	killGroup(p.cmd)
	_ = p.stdout.Close() // a descendant may hold the other end
	_ = p.cmd.Wait()     // it was ended: what it says of that is no news
}

// tail is a writer that keeps the end of what is written.
type tail struct {
	mu   sync.Mutex
	last []byte
}

const tailBytes = 4 << 10

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, p...)
	if over := len(t.last) - tailBytes; over > 0 {
		t.last = append(t.last[:0], t.last[over:]...)
	}
	return len(p), nil
}

// String gives what was kept.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.ToValidUTF8(string(t.last), "?")
}
