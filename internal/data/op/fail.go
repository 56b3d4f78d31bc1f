package op

// Failure is what kiln.Fail and kiln.Must panic with: the user's own error, which fails the task without a stack.
type Failure struct {
	Err  error
	Site string
}

// Error gives the user's error.
func (f *Failure) Error() string { return f.Err.Error() }

// Unwrap gives the user's error.
func (f *Failure) Unwrap() error { return f.Err }
