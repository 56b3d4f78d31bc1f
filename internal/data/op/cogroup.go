package op

// CoGroup gives each key of two inputs with all its values of both.
type CoGroup[K comparable, V, W any] struct{}

// Run implements Combine.
func (o *CoGroup[K, V, W]) Run(t *Task, in []Input, out *Sink) error {
	next, err := out.taking(TypeOf[KV[K, CoGrouped[V, W]]]())
	if err != nil {
		return err
	}
	g, err := newGroups[K](t, TypeOf[KV[K, V]](), TypeOf[KV[K, W]]())
	if err != nil {
		return err
	}
	end, err := groupsInto(g, TypeOf[KV[K, CoGrouped[V, W]]](), next)
	if err != nil {
		return err
	}
	return g.run(end, feedOf(in[0], TypeOf[KV[K, V]]()), feedOf(in[1], TypeOf[KV[K, W]]()))
}

// CoGroup3 gives each key of three inputs with all its values of all.
type CoGroup3[K comparable, A, B, C any] struct{}

// Run implements Combine.
func (o *CoGroup3[K, A, B, C]) Run(t *Task, in []Input, out *Sink) error {
	next, err := out.taking(TypeOf[KV[K, CoGrouped3[A, B, C]]]())
	if err != nil {
		return err
	}
	g, err := newGroups[K](t, TypeOf[KV[K, A]](), TypeOf[KV[K, B]](), TypeOf[KV[K, C]]())
	if err != nil {
		return err
	}
	end, err := groupsInto(g, TypeOf[KV[K, CoGrouped3[A, B, C]]](), next)
	if err != nil {
		return err
	}
	return g.run(end, feedOf(in[0], TypeOf[KV[K, A]]()), feedOf(in[1], TypeOf[KV[K, B]]()), feedOf(in[2], TypeOf[KV[K, C]]()))
}

// run draws every side from its input and ends the grouping.
func (g *groups) run(end func() error, in ...feed) error {
	defer g.drop()
	for i, from := range in {
		if err := from(g.sides[i].push); err != nil {
			return err
		}
	}
	return end()
}
