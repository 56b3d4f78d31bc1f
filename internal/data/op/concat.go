package op

// Concat reads its inputs one after the other: the operator behind Union and Coalesce.
type Concat struct{}

// Run implements Combine.
func (o *Concat) Run(_ *Task, in []Input, out *Sink) error {
	for _, i := range in {
		if err := i.Run(out); err != nil {
			return err
		}
	}
	return nil
}

// Empty has no rows.
type Empty struct{}

// Read implements Source.
func (o *Empty) Read(*Task, int, []byte, *Sink) error { return nil }
