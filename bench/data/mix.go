package data

// golden is 2^64 divided by the golden ratio: the usual step between the states of a splitmix64 generator.
const golden = 0x9E3779B97F4A7C15

// Mix is the finalizer of splitmix64: a bijection of 64-bit values whose output looks random.
func Mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}

// below maps a random h to [0, n), n below 2^32, without a division.
func below(h uint64, n int64) int64 { return int64((h >> 32) * uint64(n) >> 32) }

// Rows makes the rows of the pair workloads and the edges of the graph, as arithmetic on an index. It is a value and safe to copy; make it
// once with [Input.Rows] and keep it, since what it holds is computed from the scale.
type Rows struct {
	seed                   uint64
	keys, joined, vertices int64
}

// Rows is the maker of this input's rows.
func (in Input) Rows() Rows {
	return Rows{seed: in.Seed, keys: in.Keys(), joined: in.Joined(), vertices: in.Vertices()}
}

// random is the i-th value of the stream numbered stream.
func random(seed, stream, i uint64) uint64 {
	return Mix((seed<<8|stream)*golden + Mix(i))
}

// Streams of chance, one for each thing that is drawn.
const (
	streamPair = iota + 1
	streamLeft
	streamRight
	streamSource
	streamTarget
	streamRecord
	streamPoint
)

// Pair is row i of reduceByKey and groupByKey: a key in [0, Keys) and i as its value.
func (r Rows) Pair(i int64) (key, value int64) {
	return below(random(r.seed, streamPair, uint64(i)), r.keys), i
}

// Left is row i of the left side of the join: a key in [0, Joined) and i as its value.
func (r Rows) Left(i int64) (key, value int64) {
	return below(random(r.seed, streamLeft, uint64(i)), r.joined), i
}

// Right is row i of the right side of the join.
func (r Rows) Right(i int64) (key, value int64) {
	return below(random(r.seed, streamRight, uint64(i)), r.joined), i
}

// scatter is a prime: multiplied by it, the popular low numbers land all over [0, n).
const scatter = 982_451_653

// Edge is edge i of the graph. The n-th most popular target has in-degree proportional to n^(-2/3), which is a power law with exponent
// 2.5, and sources follow n^(-1/2), exponent 3; popular vertices are scattered over the ids.
func (r Rows) Edge(i int64) (source, target int64) {
	n := r.vertices
	u := random(r.seed, streamSource, uint64(i)) >> 32
	source = int64(u*u>>32*uint64(n)>>32) * scatter % n
	u = random(r.seed, streamTarget, uint64(i)) >> 32
	target = int64((u*u>>32)*u>>32*uint64(n)>>32) * scatter % n
	return source, target
}

// Scan is what the cached scan maps every row with; not linear, so that no compiler can fold the loop.
func Scan(x int64) int64 { return x ^ x>>3 }

// Kept is what the filter in the chain of fused operators keeps: every row, which no compiler knows and every branch predictor does.
func Kept(x int64) bool { return x >= 0 }
