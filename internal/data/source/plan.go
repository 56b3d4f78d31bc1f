package source

import (
	"context"
	"fmt"
	"slices"

	"github.com/kilnproject/kiln/storage"
)

// Form is what the rows of a source are.
type Form uint8

// The forms.
const (
	Lines   Form = iota // lines of text, decompressed
	Whole               // one row for each file, its bytes as stored
	Records             // pieces of RecordLength bytes, as stored
)

// Options says how to cut the input. The zero value reads lines in splits of DefaultSplitSize.
type Options struct {
	Form          Form
	MinPartitions int   // at least so many splits, where the bytes suffice
	SplitSize     int64 // bytes that one split aims at; 0 means DefaultSplitSize
	RecordLength  int   // of Records, in bytes
}

const (
	// DefaultSplitSize is what one split aims at.
	DefaultSplitSize = 32 << 20
	// splitsPerSlot gives each slot a second helping, so that the slower ones do not hold up the stage.
	splitsPerSlot = 2
	// worthSplitting is the least that a split aims at for the sake of slots: below it a task costs more than its bytes.
	worthSplitting = 4 << 10
	// openCost is how many bytes could be read in the time that it takes to open a file.
	openCost = 16 << 10
	// maxSplits is more than a driver should schedule; at the default size it is 128 TiB.
	maxSplits = 4 << 20
)

// Plan lists the paths, a comma-separated list of patterns as in storage.List, and cuts them into splits for an application with
// so many slots. Splits and the pieces in them are in the order of their paths, and there is at least one split. Errors name
// the path.
func Plan(ctx context.Context, paths string, o Options, slots int) ([]Split, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	files, err := storage.List(ctx, paths)
	if err != nil {
		return nil, err
	}
	if o.Form == Records {
		if err := wholeRecords(files, o.RecordLength); err != nil {
			return nil, err
		}
	}
	goal := o.goal(files, slots)
	if n := totalSize(files) / goal; n > maxSplits {
		return nil, &storage.Error{
			Op: "read", Path: paths, Err: fmt.Errorf("%d bytes in splits of %d would be %d partitions, more than %d", totalSize(files), goal, n, maxSplits),
			Hint: "ask for larger splits or fewer partitions",
		}
	}
	c := cutter{Options: o, goal: goal}
	for _, f := range files {
		c.add(f)
	}
	c.close()
	if len(c.splits) == 0 {
		c.splits = []Split{{}}
	}
	return c.splits, nil
}

func (o Options) check() error {
	switch {
	case o.MinPartitions < 0:
		return fmt.Errorf("the least number of partitions is %d, which is negative", o.MinPartitions)
	case o.SplitSize < 0:
		return fmt.Errorf("the split size is %d bytes, which is negative", o.SplitSize)
	case o.Form == Records && o.RecordLength < 1:
		return fmt.Errorf("the record length is %d bytes: it must be at least 1", o.RecordLength)
	}
	return nil
}

// wholeRecords refuses files that end within a record.
func wholeRecords(files []storage.File, length int) error {
	for _, f := range files {
		if rest := f.Size % int64(length); rest != 0 {
			return &storage.Error{
				Op: "read", Path: f.Path,
				Err:  fmt.Errorf("its %d bytes are no multiple of the record length %d: %d bytes would be left over", f.Size, length, rest),
				Hint: "check the record length, and whether the file is complete",
			}
		}
	}
	return nil
}

func totalSize(files []storage.File) (total int64) {
	for _, f := range files {
		total += f.Size
	}
	return total
}

// goal gives the bytes that one split should have: few enough that the bytes make all the splits that are wanted.
func (o Options) goal(files []storage.File, slots int) int64 {
	total := totalSize(files)
	goal := o.SplitSize
	if goal == 0 {
		goal = DefaultSplitSize
	}
	if slots > 0 {
		goal = min(goal, max(total/int64(splitsPerSlot*slots), worthSplitting))
	}
	if o.MinPartitions > 0 {
		goal = min(goal, total/int64(o.MinPartitions))
	}
	if o.Form == Records {
		goal -= goal % int64(o.RecordLength)
		goal = max(goal, int64(o.RecordLength))
	}
	return max(goal, 1)
}

// cutter makes splits from files in path order: a file larger than the goal is cut evenly, smaller ones share a split.
type cutter struct {
	Options
	goal   int64
	splits []Split
	open   []Piece
	cost   int64 // of what is open
}

func (c *cutter) add(f storage.File) {
	switch {
	case f.Size == 0 && c.Form != Whole:
		return // no rows
	case c.Form == Lines && decompressor(f.Path) != nil:
		// It cannot be cut, and says little of how much is in it.
		c.close()
		c.take(Piece{Path: f.Path, Length: f.Size, Whole: true})
		c.close()
	case c.Form == Whole || f.Size <= c.goal:
		c.take(Piece{Path: f.Path, Length: f.Size, Whole: true})
	default:
		c.cut(f)
	}
}

// cut takes a file in equal pieces, so that none is a small rest.
func (c *cutter) cut(f storage.File) {
	unit := int64(1)
	if c.Form == Records {
		unit = int64(c.RecordLength)
	}
	units := f.Size / unit
	pieces := (f.Size + c.goal - 1) / c.goal
	for i, from := int64(1), int64(0); i <= pieces; i++ {
		to := share(units, i, pieces) * unit
		if to > from {
			c.take(Piece{Path: f.Path, Offset: from, Length: to - from})
			from = to
		}
	}
}

// share gives n*i/of without overflow.
func share(n, i, of int64) int64 { return n/of*i + n%of*i/of }

// take puts a piece into the open split, or a new one when it would grow beyond the goal.
func (c *cutter) take(p Piece) {
	cost := p.Length
	if len(c.open) > 0 {
		cost += min(openCost, c.goal/16)
		if c.cost+cost > c.goal {
			c.close()
			cost = p.Length
		}
	}
	c.open = append(c.open, p)
	c.cost += cost
}

func (c *cutter) close() {
	if len(c.open) > 0 {
		c.splits = append(c.splits, Split{Pieces: slices.Clone(c.open)})
	}
	c.open, c.cost = c.open[:0], 0
}
