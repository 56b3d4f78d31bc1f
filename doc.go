// Package kiln runs typed Go programs over many cores and many machines.
//
// A program describes its data as RDDs: partitioned collections that are not there yet. Package functions such as [TextFile], [Map],
// [ReduceByKey] and [Join] build; whatever takes a context runs. [Main] is the whole life of a program: the same static binary runs on a
// laptop with go run, and as driver and executors on a cluster that survives losing any of its machines.
//
//	func main() { kiln.Main(run) }
//
//	func run(ctx context.Context, s *kiln.Session) error {
//		words := kiln.FlatMap(kiln.TextFile(s, s.Args()[0]), strings.Fields)
//		ones := kiln.Map(words, func(w string) kiln.KV[string, int64] { return kiln.Pair(w, int64(1)) })
//		counts := kiln.ReduceByKey(ones, func(a, b int64) int64 { return a + b })
//		top, err := counts.Top(ctx, 20, byCount)
//		...
//	}
//
// Three rules are enough to begin with. Package functions that give an RDD only build, whatever takes a context runs a job, and
// cancelling the context cancels it. Functions are static: top-level ones, method expressions, or literals that capture nothing; state
// goes through an explicit environment, as in [MapWith]. A function that captures, or a type that cannot be encoded, is refused
// when the RDD is built, by a panic with a [*BuildError] at the caller's line. Functions return values: [Must] and [Fail] fail the
// task with the user's own error.
//
// Everything behind this package is internal. It may import all of it; nothing but kilntest and commands may import it.
package kiln
