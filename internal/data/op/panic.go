package op

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// Panicked is a panic of the user's code, with its stack.
type Panicked struct {
	Text  string // what was panicked with
	Site  string // the user's file:line; empty where no frame is the user's
	Stack string // from the panic down to the engine
	Err   error  // what was panicked with, when it was an error
}

// Error gives what was panicked with.
func (p *Panicked) Error() string { return "panic: " + p.Text }

// Unwrap gives the error that was panicked with, or nil.
func (p *Panicked) Unwrap() error { return p.Err }

// PanicError gives the error for what recover gave: the *Failure that kiln.Fail panicked with, or a *Panicked. It is called while the
// panic is being recovered from, so that the stack is still that of the panic.
func PanicError(p any) error {
	if f, ok := p.(*Failure); ok {
		return f
	}
	err, _ := p.(error)
	return &Panicked{Text: fmt.Sprint(p), Site: panicSite(), Stack: trimStack(string(debug.Stack())), Err: err}
}

// panicSite is the first frame below the panic that is neither the runtime's nor ours.
func panicSite() string {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	below := false
	for {
		f, more := frames.Next()
		switch {
		case f.Function == "runtime.gopanic" || f.Function == "runtime.sigpanic":
			below = true
		case below && !strings.HasPrefix(f.Function, "runtime.") && !strings.Contains(f.Function, "kilnproject/kiln/internal/"):
			return fmt.Sprintf("%s:%d", f.File, f.Line)
		}
		if !more {
			return ""
		}
	}
}

// trimStack leaves out the frames above the panic and those of the engine below the user's code.
func trimStack(stack string) string {
	if _, below, ok := strings.Cut(stack, "\npanic("); ok {
		if _, rest, ok := strings.Cut(below, "\n"); ok {
			if _, rest, ok = strings.Cut(rest, "\n"); ok {
				stack = rest
			}
		}
	}
	for _, engine := range []string{"\ngithub.com/kilnproject/kiln/internal/executor.", "\ngithub.com/kilnproject/kiln.onDriver("} {
		if i := strings.Index(stack, engine); i > 0 {
			stack = stack[:i]
		}
	}
	return stack
}
