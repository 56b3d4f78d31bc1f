package op

// CoGroup gives each key of two inputs with all its values of both.
type CoGroup[K comparable, V, W any] struct{}

// Run implements Combine.
func (o *CoGroup[K, V, W]) Run(t *Task, in []Input, out any) error {
	next, err := pusherOf[KV[K, CoGrouped[V, W]]](out)
	if err != nil {
		return err
	}
	g, err := newGroups[K](t, sideOf[K, V], sideOf[K, W])
	if err != nil {
		return err
	}
	end, err := groupsInto[K, CoGrouped[V, W]](g, next)
	if err != nil {
		return err
	}
	return g.run(end, feedOf[KV[K, V]](in[0]), feedOf[KV[K, W]](in[1]))
}

// CoGroup3 gives each key of three inputs with all its values of all.
type CoGroup3[K comparable, A, B, C any] struct{}

// Run implements Combine.
func (o *CoGroup3[K, A, B, C]) Run(t *Task, in []Input, out any) error {
	next, err := pusherOf[KV[K, CoGrouped3[A, B, C]]](out)
	if err != nil {
		return err
	}
	g, err := newGroups[K](t, sideOf[K, A], sideOf[K, B], sideOf[K, C])
	if err != nil {
		return err
	}
	end, err := groupsInto[K, CoGrouped3[A, B, C]](g, next)
	if err != nil {
		return err
	}
	return g.run(end, feedOf[KV[K, A]](in[0]), feedOf[KV[K, B]](in[1]), feedOf[KV[K, C]](in[2]))
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
