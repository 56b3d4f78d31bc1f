package kiln

import (
	"fmt"
	"iter"
	"math"
	"sync"

	"github.com/kilnproject/kiln/internal/conf"
	"github.com/kilnproject/kiln/internal/data/op"
	"github.com/kilnproject/kiln/internal/data/source"
)

// MaxPartitions is the most partitions that an RDD may have.
const MaxPartitions = 1 << 20

// SourceOption changes how files are cut into partitions.
type SourceOption struct {
	apply func(*source.Options)
	err   error
}

// MinPartitions asks for at least n partitions, where the input can be cut so far.
func MinPartitions(n int) SourceOption {
	if n < 1 || n > MaxPartitions {
		return SourceOption{err: fmt.Errorf("MinPartitions(%d): the number must lie between 1 and %d", n, MaxPartitions)}
	}
	return SourceOption{apply: func(o *source.Options) { o.MinPartitions = n }}
}

// SplitSize asks for partitions of about so many bytes. The default is kiln.source.splitSize.
func SplitSize(bytes int64) SourceOption {
	if bytes < 1 {
		return SourceOption{err: fmt.Errorf("SplitSize(%d): the size must be positive", bytes)}
	}
	return SourceOption{apply: func(o *source.Options) { o.SplitSize = bytes }}
}

// TextFile reads the lines of text files, without their line ends. The path is a file, a directory (every file below it, but for names
// that begin with . or _), a glob, or a comma-separated list of these; .gz, .zst, .bz2, .s2 and .lz4 are decompressed.
// Partitions are in path order. The files are listed once, by the first job that needs them: a missing path is an error of that
// job, before any task starts.
func TextFile(s *Session, path string, opts ...SourceOption) RDD[string] {
	return RDD[string]{handle{s.files("TextFile", op.TypeOf[string](), op.Source(&op.TextLines{}), path, opts, source.Options{Form: source.Lines})}}
}

// WholeFiles reads files as one row each: path and content. Small files are packed together.
func WholeFiles(s *Session, path string, opts ...SourceOption) RDD[KV[string, []byte]] {
	return RDD[KV[string, []byte]]{handle{s.files("WholeFiles", op.TypeOf[KV[string, []byte]](), op.Source(&op.WholeFiles{}), path, opts, source.Options{Form: source.Whole})}}
}

// BinaryRecords reads records of recordLength bytes. The length of every file must be a multiple of it.
func BinaryRecords(s *Session, path string, recordLength int, opts ...SourceOption) RDD[[]byte] {
	if recordLength < 1 || recordLength > math.MaxInt32 {
		opts = append(opts, SourceOption{err: fmt.Errorf("a record length of %d makes no sense", recordLength)})
	}
	form := source.Options{Form: source.Records, RecordLength: recordLength}
	return RDD[[]byte]{handle{s.files("BinaryRecords", op.TypeOf[[]byte](), op.Source(&op.BinaryRecords{Length: recordLength}), path, opts, form)}}
}

// files makes the node of a source of files. Their listing is kept; a failed one is tried again by the next job.
func (s *Session) files(verb string, row rowType, o op.Source, path string, opts []SourceOption, options source.Options) *node {
	var mu sync.Mutex
	var listed step
	list := func() (step, error) {
		mu.Lock()
		defer mu.Unlock()
		if listed.splits != nil {
			return listed, nil
		}
		planned, err := source.Plan(s.ctx, path, options, s.slots)
		if err != nil {
			return step{}, err
		}
		all := step{splits: make([][]byte, len(planned)), sizes: make([]int64, len(planned))}
		for i := range planned {
			all.splits[i], all.sizes[i] = planned[i].Append(nil), planned[i].Size()
		}
		listed = all
		return all, nil
	}
	n := s.source(verb, row, o, func() (int, error) {
		all, err := list()
		return len(all.splits), err
	}, list)
	options.SplitSize = int64(conf.SplitSize.Of(s.conf))
	for _, opt := range opts {
		if opt.err != nil {
			n.refuse("%w", opt.err)
		}
		if opt.apply != nil {
			opt.apply(&options)
		}
	}
	return n
}

// Parallelize makes an RDD of items. They are encoded now: later changes of the slice do not show. The number of partitions is that of
// the session's slots (Session.DefaultParallelism) unless one is given.
func Parallelize[T any](s *Session, items []T, partitions ...int) RDD[T] {
	return RDD[T]{handle{s.parallelize(op.TypeOf[T](), items, len(items), partitions)}}
}

func (s *Session) parallelize(row rowType, items any, length int, partitions []int) *node {
	var splits [][]byte
	n := s.spread("Parallelize", row, op.Source(&op.Items{Rows: row}), partitions, &splits)
	count, _ := n.count()
	splits = make([][]byte, count)
	for p := range splits {
		from, to := op.Share(int64(length), p, count), op.Share(int64(length), p+1, count)
		var err error
		if splits[p], err = op.EncodeItems(items, int(from), int(to)); err != nil {
			n.refuse("item of partition %d: %w", p, err)
		}
	}
	return n
}

// spread makes the node of a source with a given number of partitions. Splits, if not nil, are read when it is laid out.
func (s *Session) spread(verb string, row rowType, o op.Source, partitions []int, splits *[][]byte) *node {
	count := 1
	if s != nil {
		count = s.DefaultParallelism()
	}
	if len(partitions) > 0 {
		count = partitions[0]
	}
	var list func() (step, error)
	if splits != nil {
		list = func() (step, error) { return step{splits: *splits}, nil }
	}
	n := s.source(verb, row, o, func() (int, error) { return count, nil }, list)
	if len(partitions) > 1 {
		n.refuse("one number of partitions is enough, not %d", len(partitions))
	}
	n.checkPartitions(count)
	return n
}

// checkPartitions refuses numbers that cannot be meant.
func (n *node) checkPartitions(count int) {
	if count < 1 || count > MaxPartitions {
		n.refuse("%d partitions: the number must lie between 1 and %d", count, MaxPartitions)
	}
}

// Range counts from from to to, which is left out, by step.
func Range(s *Session, from, to, step int64, partitions ...int) RDD[int64] {
	o := &op.Range{From: from, Step: step, Parts: 1}
	count := 1
	if len(partitions) > 0 {
		count = partitions[0]
	} else if s != nil {
		count = s.DefaultParallelism()
	}
	o.Parts = count
	o.Count = rangeCount(from, to, step)
	n := s.spread("Range", op.TypeOf[int64](), op.Source(o), partitions, nil)
	if step == 0 {
		n.refuse("a step of 0 never arrives")
	}
	if o.Count < 0 {
		n.refuse("from %d to %d by %d are more numbers than an int64 counts", from, to, step)
	}
	return RDD[int64]{handle{n}}
}

// rangeCount gives -1 where the count does not fit.
func rangeCount(from, to, step int64) int64 {
	var distance, stride uint64
	switch {
	case step > 0 && to > from:
		distance, stride = uint64(to)-uint64(from), uint64(step)
	case step < 0 && to < from:
		distance, stride = uint64(from)-uint64(to), -uint64(step)
	default:
		return 0
	}
	count := (distance-1)/stride + 1
	if count > math.MaxInt64 {
		return -1
	}
	return int64(count)
}

// Generate makes the rows of partition p from the sequence f(env, p), in the tasks. The sequence must give the same rows each time: a
// lost partition is made again. A nil sequence has no rows.
func Generate[E, T any](s *Session, partitions int, env E, f func(env E, partition int) iter.Seq[T]) RDD[T] {
	return RDD[T]{handle{s.spread("Generate", op.TypeOf[T](), op.Source(&op.Generate[E, T]{Env: env, F: f}), []int{partitions}, nil)}}
}

// Empty makes an RDD of one partition without rows.
func Empty[T any](s *Session) RDD[T] {
	return RDD[T]{handle{s.spread("Empty", op.TypeOf[T](), op.Source(&op.Empty{}), []int{1}, nil)}}
}
