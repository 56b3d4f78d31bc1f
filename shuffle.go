package kiln

import (
	"cmp"
	"context"
	"reflect"
	"sync"

	"github.com/kilnproject/kiln/internal/conf"
	"github.com/kilnproject/kiln/internal/core/plan"
	"github.com/kilnproject/kiln/internal/data/key"
	"github.com/kilnproject/kiln/internal/data/op"
)

// verbShuffle is what Explain calls the node that reads a shuffle.
const verbShuffle = "Shuffle"

// ShuffleOption changes how a verb that moves rows between partitions does it.
type ShuffleOption struct{ apply func(*exchange) }

// Partitions asks for n partitions. The default is kiln.default.parallelism where it is set, and else as many as the largest parent has.
func Partitions(n int) ShuffleOption {
	return ShuffleOption{func(x *exchange) { x.want = n; x.asked = true }}
}

// Descending turns the order of a sort around.
func Descending() ShuffleOption { return ShuffleOption{func(x *exchange) { x.descending = true }} }

// With asks for a partitioner: RDDs that share one are joined without another shuffle.
func With(p Partitioner) ShuffleOption {
	return ShuffleOption{func(x *exchange) { x.with = &p }}
}

// Partitioner says which partition a key belongs to. Make one with Hash or Ranges.
type Partitioner struct {
	n      int
	ranges *ranges
}

// Hash puts a key into one of n partitions by its hash, which is the same in every process and version.
func Hash(n int) Partitioner { return Partitioner{n: n} }

// Ranges puts keys into n partitions by order, so that every key of a partition is less than every key of the next. The bounds
// come from a sample of d, drawn by the first action that needs them.
func Ranges[K cmp.Ordered, V any](d RDD[KV[K, V]], n int) Partitioner {
	keys := narrow("Ranges", op.TypeOf[K](), op.Transform(&op.Keys[K, V]{}), d.n)
	return Partitioner{n: n, ranges: rangesOf[K](keys)}
}

// ranges is a sampled range partitioning; it samples once.
type ranges struct {
	row    rowType
	source *node
	sample func(ctx context.Context, partitions int) (any, error)

	mu     sync.Mutex
	bounds any
}

func rangesOf[K cmp.Ordered](keys *node) *ranges {
	return &ranges{row: keys.row, source: keys, sample: func(ctx context.Context, n int) (any, error) { return sampleBounds[K](ctx, keys, n) }}
}

func sampleBounds[K cmp.Ordered](ctx context.Context, keys *node, n int) ([]K, error) {
	if n <= 1 {
		return []K{}, nil
	}
	values, err := keys.sampled(ctx, op.Output(&op.Sample[K]{}), n)
	if err != nil {
		return nil, err
	}
	samples, err := samplesOf[K](values)
	if err != nil {
		return nil, err
	}
	b, err := op.Bounds(samples, n)
	if b == nil {
		b = []K{}
	}
	return b, err
}

func samplesOf[T any](values [][]byte) ([]op.Sampled[T], error) {
	samples := make([]op.Sampled[T], len(values))
	for i, v := range values {
		var err error
		if samples[i], err = op.DecodeSample[T](v); err != nil {
			return nil, err
		}
	}
	return samples, nil
}

// sampled runs the sampling job for n ranges.
func (n *node) sampled(ctx context.Context, o op.Output, ranges int) ([][]byte, error) {
	count, err := n.partitions()
	if err != nil {
		return nil, err
	}
	if s, ok := o.(interface{ Draw(partitions, ranges int) }); ok {
		s.Draw(count, ranges)
	}
	return n.gather(ctx, "Sample", o, nil)
}

func (r *ranges) get(ctx context.Context, n int) (any, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.bounds == nil {
		b, err := r.sample(ctx, n)
		if err != nil {
			return nil, err
		}
		r.bounds = b
	}
	return r.bounds, nil
}

// exchange is a verb's shuffle while it is built.
type exchange struct {
	verb       string
	parents    []*node
	want       int
	asked      bool
	descending bool
	with       *Partitioner
}

func (s *Session) exchange(verb string, o []ShuffleOption, parents ...*node) *exchange {
	x := &exchange{verb: verb, parents: parents}
	for _, opt := range o {
		if opt.apply != nil {
			opt.apply(x)
		}
	}
	return x
}

// newExchange reads the options of a verb; n is its node-to-be's parents.
func newExchange(verb string, o []ShuffleOption, parents ...*node) *exchange {
	return sessionOf(parents).exchange(verb, o, parents...)
}

// check refuses options at the verb's own node, whose rows are pairs unless nothing is laid out by key.
func (x *exchange) check(n *node) {
	if x.descending {
		n.refuse("Descending turns the order of a sort around: this verb has none, use SortBy, SortByKey or SortFunc")
	}
	x.checkPartitions(n)
	if x.with != nil {
		x.checkRanges(n, op.Reflect(n.row).Field(0).Type)
	}
}

// checkPartitions refuses options that say nothing of how many partitions there are to be, or too much.
func (x *exchange) checkPartitions(n *node) {
	if x.asked {
		n.checkPartitions(x.want)
	}
	switch {
	case x.with == nil:
	case x.asked:
		n.refuse("give Partitions or With, not both")
	default:
		n.checkPartitions(x.with.n)
	}
}

// checkRanges refuses ranges that are not of these keys.
func (x *exchange) checkRanges(n *node, keys reflect.Type) {
	r := x.with.ranges
	switch {
	case r == nil:
	case r.source.s != n.s:
		n.refuse("%w", errTwoSessions)
	case op.Reflect(r.row) != keys:
		n.refuse("the partitioner has ranges of %v, the keys are %v", op.Reflect(r.row), keys)
	}
}

// checkKey refuses pairs whose key is of a type that means something else in every process.
func (n *node) checkKey() {
	if _, err := key.Of(op.Reflect(n.row).Field(0).Type); err != nil {
		n.refuse("%w", err)
	}
}

// keying says how rows will lie after the shuffle. One value serves all sides of a join.
func (x *exchange) keying() *keying {
	if x.with != nil {
		n := x.with.n
		return &keying{partitions: func() (int, error) { return n, nil }, ranges: x.with.ranges}
	}
	if x.asked {
		n := x.want
		return &keying{partitions: func() (int, error) { return n, nil }}
	}
	parents := x.parents
	return &keying{partitions: func() (int, error) { return defaultPartitions(parents) }}
}

func defaultPartitions(parents []*node) (int, error) {
	if n := conf.DefaultParallelism.Of(parents[0].s.conf); n > 0 {
		return n, nil
	}
	most := 0
	for _, p := range parents {
		c, err := p.partitions()
		if err != nil {
			return 0, err
		}
		most = max(most, c)
	}
	return most, nil
}

// target is the keying that the verb's result has: that of a parent where none is asked for and one has it, as in Spark.
func (x *exchange) target() *keying {
	if x.with == nil && !x.asked {
		for _, p := range x.parents {
			if p.keyed != nil {
				return p.keyed
			}
		}
	}
	k := x.keying()
	for _, p := range x.parents {
		if k.same(p.keyed) {
			return p.keyed
		}
	}
	return k
}

// rangeRouted is an output operator that can send keys by range.
type rangeRouted interface {
	op.Output
	ByRange(bounds any) error
}

// shuffled makes the node that reads parent's rows from a new shuffle, laid out by keying.
func shuffled(row rowType, write op.Output, k *keying, parent *node) *node {
	n := parent.s.newNode(verbShuffle, row, parent)
	shuffle := n.s.nextShuffle()
	reading, writing := n.encodeOp(op.Source(&op.ShuffleRead{Rows: row, Shuffle: shuffle})), n.encodeOp(write)
	n.keyed = k
	n.count = k.partitions
	n.resolve = func(ctx context.Context, n *node) (step, error) {
		count, err := n.partitions()
		if err != nil {
			return step{}, err
		}
		w := writing
		if k.ranges != nil {
			bounds, err := k.ranges.get(ctx, count)
			if err != nil {
				return step{}, err
			}
			if err := write.(rangeRouted).ByRange(bounds); err != nil {
				return step{}, err
			}
			w = n.encodeOp(write)
		}
		return n.reads(parent, reading, &plan.Shuffle{ID: shuffle, Reduces: count, Write: w, Site: n.site}), nil
	}
	return n
}

// reads is the step of a node that reads one shuffle. The shuffle's files go when the session no longer needs its node.
func (n *node) reads(parent *node, reading []byte, s *plan.Shuffle) step {
	n.s.ownShuffle(n, s.ID)
	return step{op: reading, deps: []plan.Dependency{{Parent: parent.laid, Shuffle: s}}}
}

// byKey gives parent's pairs laid out by keying: as they are where they lie so already.
func byKey[K comparable](parent *node, k *keying) *node {
	if k.same(parent.keyed) {
		return parent
	}
	return shuffled(parent.row, op.Output(&op.PartitionWrite[K]{Rows: parent.row}), k, parent)
}

// PartitionBy lays pairs out by a partitioner. RDDs laid out alike are joined without a shuffle.
func PartitionBy[K comparable, V any](d RDD[KV[K, V]], p Partitioner) RDD[KV[K, V]] {
	x := newExchange("PartitionBy", []ShuffleOption{With(p)}, d.n)
	check := narrow("PartitionBy", op.TypeOf[KV[K, V]](), op.Combine(&op.Concat{}), d.n)
	x.check(check)
	check.checkKey()
	return RDD[KV[K, V]]{handle{byKey[K](d.n, x.target())}}
}

// Repartition moves rows evenly into n partitions, by a shuffle: those of each partition are dealt out in turn. Use Coalesce to get fewer
// without one.
func Repartition[T any](d RDD[T], n int) RDD[T] {
	x := newExchange("Repartition", []ShuffleOption{Partitions(n)}, d.n)
	x.check(narrow("Repartition", op.TypeOf[T](), op.Combine(&op.Concat{}), d.n))
	r := shuffled(op.TypeOf[T](), op.Output(&op.ScatterWrite{Rows: op.TypeOf[T]()}), x.keying(), d.n)
	r.keyed = nil
	return RDD[T]{handle{r}}
}
