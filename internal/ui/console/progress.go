package console

import (
	"io"
	"strings"
	"sync"
	"time"

	"github.com/kilnproject/kiln/internal/core/sched"
)

// refresh is the time between two looks at the scheduler.
const refresh = 200 * time.Millisecond

// Config is what a Progress needs.
type Config struct {
	Out   io.Writer          // the terminal; written to by one goroutine at a time
	View  func() *sched.View // gives the present state; called while jobs are under way, never after Stop
	Width func() int         // columns of the terminal, asked before each drawing, since windows change
}

// Progress keeps the line up to date while jobs are under way. Its methods may be called from any goroutine; those of a nil Progress
// do nothing, which is the Progress of a program without a terminal.
type Progress struct {
	cfg  Config
	wake chan struct{} // one token: jobs are under way again
	quit chan struct{}
	done chan struct{} // the loop has ended
	stop sync.Once

	mu     sync.Mutex
	jobs   int    // under way
	ended  int    // jobs that ended so far, by which a look knows that it is out of date
	asleep bool   // the loop waits for wake
	drawn  string // what stands on the terminal
}

// Start begins to show progress. Stop it.
func Start(cfg Config) *Progress {
	p := &Progress{
		cfg: cfg, asleep: true,
		wake: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{}),
	}
	go p.loop()
	return p
}

// JobBegan says that one more job is under way. It takes no time worth mentioning, so that it may stand before the shortest job.
func (p *Progress) JobBegan() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.jobs++
	if p.asleep {
		p.asleep = false
		p.wake <- struct{}{} // there is room: the token of the last time was taken before the loop fell asleep
	}
}

// JobEnded says that one job less is under way, and clears the line: who waited for the job is about to print its result. Other jobs
// draw it again.
func (p *Progress) JobEnded() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.jobs--
	p.ended++
	p.draw("")
}

// Note writes a line that stays, above the one that is drawn over. A nil Progress writes it to nobody: whoever has none writes by himself.
func (p *Progress) Note(text string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.draw("")
	_, _ = io.WriteString(p.cfg.Out, text+"\n")
}

// Stop clears the line for good. It waits until the goroutine has ended. Calls after the first, and jobs that end later, do nothing.
func (p *Progress) Stop() {
	if p == nil {
		return
	}
	p.stop.Do(func() {
		close(p.quit)
		<-p.done
		p.mu.Lock()
		defer p.mu.Unlock()
		p.draw("")
		p.asleep = false // nobody takes a token any more
	})
}

// loop looks at the scheduler from time to time, and sleeps as long as there is no job.
func (p *Progress) loop() {
	defer close(p.done)
	for {
		select {
		case <-p.wake:
		case <-p.quit:
			return
		}
		if !p.follow() {
			return
		}
	}
}

// follow draws until there is no job any more. It reports false when the Progress is to end.
func (p *Progress) follow() bool {
	var w watch
	w.begin(time.Now())
	tick := time.NewTicker(refresh)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-p.quit:
			return false
		}
		if !p.look(&w) {
			return true
		}
	}
}

// look draws what there is to see now. It reports false when there is no job: then the loop is asleep.
func (p *Progress) look(w *watch) bool {
	p.mu.Lock()
	ended := p.ended
	p.asleep = p.jobs == 0
	asleep := p.asleep
	p.mu.Unlock()
	if asleep {
		return false
	}
	text := ""
	if stages := w.visible(p.cfg.View(), time.Now()); len(stages) > 0 {
		text = Line(stages, p.cfg.Width())
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended == ended { // else the view may show a job whose program prints already
		p.draw(text)
	}
	return true
}

// draw replaces what stands on the terminal. The cursor returns to the start of the line, so that other output covers the line instead
// of following it. What goes wrong with a terminal is nobody's to repair. The caller holds the lock.
func (p *Progress) draw(text string) {
	if text == p.drawn {
		return
	}
	rest := strings.Repeat(" ", max(0, len(p.drawn)-len(text)))
	_, _ = io.WriteString(p.cfg.Out, "\r"+text+rest+"\r")
	p.drawn = text
}
