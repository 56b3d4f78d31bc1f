package kiln

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/plan"
	"github.com/kilnproject/kiln/internal/core/profile"
	"github.com/kilnproject/kiln/internal/data/codec"
	"github.com/kilnproject/kiln/internal/data/funcs"
	"github.com/kilnproject/kiln/internal/data/op"
)

// node is what an RDD handle points to: one step of the lineage, before its sources are listed and its keys sampled. The generic
// verbs make nodes; everything below them is free of type parameters.
//
// A node is laid out once, by the first job that needs it: see layout.
type node struct {
	s       *Session
	id      ids.RDDID
	verb    string
	site    string
	row     rowType
	parents []*node
	barrier bool    // the stage that reads it is a barrier stage
	keyed   *keying // how rows lie over partitions by key, when it is known

	// count gives the number of partitions. It may list a source and runs no job.
	count func() (int, error)
	// resolve gives the rest. Its parents are laid out; it may run a sampling job.
	resolve func(ctx context.Context, n *node) (step, error)

	mu      sync.Mutex // guards what follows
	name    string
	counted int
	base    *plan.RDD // the node's own step
	laid    *plan.RDD // what children point at; guarded by the session's lineage lock once it is published
	laying  chan struct{}
	keep    *keeping
	check   *checkpointing
	profile profile.Profile // what its tasks need; the session's lineage lock guards it in base
}

// step is what a node adds to the plan.
type step struct {
	op     []byte
	splits [][]byte
	sizes  []int64 // bytes of files that each partition reads; nil when nobody knows
	deps   []plan.Dependency
}

// keying says that equal keys lie in one partition, chosen in one way: two RDDs with the same keying can be joined without a shuffle.
type keying struct {
	partitions func() (int, error)
	ranges     *ranges // nil for hash partitioning
}

// same reports whether rows of a and b with one key are in partitions of one number.
func (a *keying) same(b *keying) bool {
	if a == b {
		return a != nil
	}
	if a == nil || b == nil || a.ranges != b.ranges || a.ranges != nil {
		return false
	}
	n, err := a.partitions()
	m, err2 := b.partitions()
	return err == nil && err2 == nil && n == m
}

// newNode makes a node at the caller's site. It refuses rows that cannot be encoded.
func (s *Session) newNode(verb string, row rowType, parents ...*node) *node {
	site := userSite()
	for _, p := range parents {
		if p == nil {
			panic(&BuildError{Verb: verb, Site: site, Cause: errZeroRDD})
		}
		if p.s != s {
			panic(&BuildError{Verb: verb, Site: site, Cause: errTwoSessions})
		}
	}
	if s == nil {
		panic(&BuildError{Verb: verb, Site: site, Cause: errNoSession})
	}
	if _, err := codec.Of(op.Reflect(row)); err != nil {
		panic(&BuildError{Verb: verb, Site: site, Cause: err})
	}
	return &node{s: s, id: s.nextRDD(), verb: verb, site: site, row: row, parents: parents}
}

// rowType is the type of the node's rows; the node may be missing, which the action then refuses.
func (n *node) rowType() rowType {
	if n == nil {
		return nil
	}
	return n.row
}

// encodeOp encodes an operator where it is built, and refuses what cannot travel.
func (n *node) encodeOp(o any) []byte {
	b, err := funcs.AppendOp(nil, o)
	if err != nil {
		panic(&BuildError{Verb: n.verb, Site: n.site, Cause: ofTheOnly(err)})
	}
	return b
}

// ofTheOnly leaves out where in the operator a function is when the verb takes one only: what we call it says nothing to users.
func ofTheOnly(err error) error {
	var capture *funcs.CaptureError
	if errors.As(err, &capture) && (capture.Field == "F" || capture.Field == "Call") {
		capture.Field = ""
	}
	return err
}

// refuse panics with a BuildError at the node's site.
func (n *node) refuse(format string, args ...any) {
	panic(&BuildError{Verb: n.verb, Site: n.site, Cause: fmt.Errorf(format, args...)})
}

// narrow makes a node whose partitions each need the same one of every parent.
func narrow(verb string, row rowType, o any, parents ...*node) *node {
	n := sessionOf(parents).newNode(verb, row, parents...)
	encoded := n.encodeOp(o)
	n.count = parents[0].partitions
	n.resolve = func(context.Context, *node) (step, error) {
		s := step{op: encoded}
		for _, p := range parents {
			s.deps = append(s.deps, plan.Dependency{Parent: p.laid})
		}
		return s, nil
	}
	return n
}

// keepsKeys says that the node leaves the keys of its parent, and so their partitions, as they are.
func (n *node) keepsKeys() *node {
	n.keyed = n.parents[0].keyed
	return n
}

func sessionOf(nodes []*node) *Session {
	if len(nodes) == 0 || nodes[0] == nil {
		return nil
	}
	return nodes[0].s
}

// source makes a node without parents. Splits, unless nil, gives a step with what each partition reads.
func (s *Session) source(verb string, row rowType, o any, count func() (int, error), splits func() (step, error)) *node {
	n := s.newNode(verb, row)
	encoded := n.encodeOp(o)
	n.count = count
	n.resolve = func(context.Context, *node) (step, error) {
		if splits == nil {
			return step{op: encoded}, nil
		}
		st, err := splits()
		st.op = encoded
		return st, err
	}
	return n
}

func (n *node) partitions() (int, error) {
	n.mu.Lock()
	if n.counted > 0 {
		defer n.mu.Unlock()
		return n.counted, nil
	}
	n.mu.Unlock()
	c, err := n.count()
	if err == nil && c > 0 {
		n.mu.Lock()
		n.counted = c
		n.mu.Unlock()
	}
	return c, err
}

// layOut brings the node and all that it needs into the plan, once. Sampling jobs run here, under the action's context.
func (n *node) layOut(ctx context.Context) (*plan.RDD, error) {
	if ctx.Err() != nil {
		return nil, over(ctx)
	}
	for {
		n.mu.Lock()
		if n.laid != nil {
			defer n.mu.Unlock()
			return n.laid, nil
		}
		if n.laying == nil {
			n.laying = make(chan struct{})
			n.mu.Unlock()
			return n.layOutNow(ctx)
		}
		wait := n.laying
		n.mu.Unlock()
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, over(ctx)
		}
	}
}

func (n *node) layOutNow(ctx context.Context) (r *plan.RDD, err error) {
	defer func() {
		n.mu.Lock()
		close(n.laying)
		n.laying = nil
		n.mu.Unlock()
	}()
	for _, p := range n.parents {
		if _, err := p.layOut(ctx); err != nil {
			return nil, err
		}
	}
	count, err := n.partitions()
	if err != nil {
		return nil, n.located(err)
	}
	st, err := n.resolve(ctx, n)
	if err != nil {
		return nil, n.located(err)
	}
	base := &plan.RDD{ID: n.id, Verb: n.verb, Site: n.site, Partitions: count, Op: st.op, Splits: st.splits, Sizes: st.sizes, Deps: st.deps, Barrier: n.barrier}
	n.mu.Lock()
	base.Profile = n.profile
	n.mu.Unlock()
	if n.check != nil {
		if base, err = n.check.write(ctx, n, base); err != nil {
			return nil, n.located(err)
		}
		n.forgetParents()
	}
	n.mu.Lock()
	base.Name, base.Profile = n.name, n.profile
	n.base, n.laid = base, &plan.RDD{}
	n.mu.Unlock()
	n.relay()
	return n.laid, nil
}

// forgetParents cuts the lineage behind a checkpoint: what only led here may be collected, and its shuffles dropped.
func (n *node) forgetParents() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.parents, n.resolve, n.count = nil, nil, nil
}

// relay writes the node's place in the plan anew: its own step, with its cache on top when it has one. Children point at that
// place, so they too see a cache that is switched on or off later, as the next job is cut.
func (n *node) relay() {
	n.s.lineage.Lock()
	defer n.s.lineage.Unlock()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.base != nil {
		*n.laid = n.keep.over(n.base)
	}
}

// located says at which verb something went wrong that is not a task's error.
func (n *node) located(err error) error { return locate(n.verb, n.site, err) }

// made refuses the zero RDD, at the user's line.
func (n *node) made(verb string) {
	if n == nil {
		panic(&BuildError{Verb: verb, Site: userSite(), Cause: errZeroRDD})
	}
}

func (n *node) setName(name string) {
	n.made("Named")
	n.mu.Lock()
	n.name = name
	if n.base != nil {
		n.base.Name = name
	}
	n.mu.Unlock()
	n.relay()
}

// explain draws the lineage as far as it is known without running a job.
func (n *node) explain() string {
	n.made("Explain")
	return n.sketch(map[*node]*plan.RDD{}).Explain()
}

func (n *node) sketch(seen map[*node]*plan.RDD) *plan.RDD {
	if r, ok := seen[n]; ok {
		return r
	}
	count, _ := n.partitions()
	n.mu.Lock()
	r := &plan.RDD{ID: n.id, Verb: n.verb, Name: n.name, Site: n.site, Partitions: count, Note: n.keep.note()}
	if n.check != nil {
		r.Note = joinNotes(r.Note, n.check.note())
	}
	if !n.profile.IsZero() {
		r.Note = joinNotes(r.Note, n.profile.String())
	}
	n.mu.Unlock()
	seen[n] = r
	for _, p := range n.parents {
		d := plan.Dependency{Parent: p.sketch(seen)}
		if n.wide() {
			d.Shuffle = &plan.Shuffle{}
		}
		r.Deps = append(r.Deps, d)
	}
	return r
}

// wide reports whether the node reads its parents through a shuffle.
func (n *node) wide() bool { return n.verb == verbShuffle }
