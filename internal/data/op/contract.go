package op

import "errors"

// BatchRows is the most rows that a source or an operator hands on at once. A batch also aims at BatchBytes.
const (
	BatchRows  = 1024
	BatchBytes = 32 << 10
)

// ErrStop is what a Sink returns when it wants no more rows. It ends the pushing early and is not a failure.
var ErrStop = errors.New("no more rows wanted")

// A Source makes the rows of one partition: out takes rows of its row type.
type Source interface {
	Read(t *Task, partition int, split []byte, out *Sink) error
}

// A Transform stands between one input and one sink: Wire gives the sink for its input rows.
type Transform interface {
	Wire(t *Task, down *Sink) (up *Sink, err error)
}

// A Combine draws from its inputs itself, each as often as it likes, and pushes into out.
type Combine interface {
	Run(t *Task, in []Input, out *Sink) error
}

// An Output is the top of a body: it swallows the task's rows and says what came of them.
type Output interface {
	Open(t *Task) (sink *Sink, done Done, err error)
}

// Done ends an Output after its sink was ended. Finish gives what the task answers; Abort undoes what was written so far.
// Exactly one of the two is called.
type Done interface {
	Finish() (Answer, error)
	Abort()
}

// Answer is what a finished task tells the driver: a value, or the sizes of its map output.
type Answer struct {
	Value  []byte
	Sizes  []int64
	Digest uint64 // of a map output; 0 when not known
}

// Input is one input of a Combine, with the partitions that this task reads of it already chosen.
type Input interface {
	// Parts is the number of partitions that Run reads.
	Parts() int
	// Run pushes the rows of all parts into sink, one part after the other, and does not end it.
	Run(sink *Sink) error
	// RunPart does so for one of them.
	RunPart(i int, sink *Sink) error
}

// KV is a key with its value: the row type of every verb that works by key.
type KV[K, V any] struct {
	Key   K
	Value V
}

// Joined is a pair of values that met under one key.
type Joined[L, R any] struct {
	Left  L
	Right R
}

// CoGrouped is all values of two inputs under one key.
type CoGrouped[L, R any] struct {
	Left  []L
	Right []R
}

// CoGrouped3 is all values of three inputs under one key.
type CoGrouped3[A, B, C any] struct {
	First  []A
	Second []B
	Third  []C
}

// Maybe is a value that may be missing.
type Maybe[T any] struct {
	Value T
	Ok    bool
}

// batchOf gives the rows of T that make one batch.
func batchOf(rowBytes uintptr) int {
	if rowBytes == 0 {
		return BatchRows
	}
	return max(16, min(BatchRows, BatchBytes/int(rowBytes)))
}
