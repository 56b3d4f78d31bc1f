package op

import (
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/data/codec"
)

// ShuffleRead reads one reduce partition of a shuffle.
type ShuffleRead[T any] struct{ Shuffle ids.ShuffleID }

// Read implements Source.
func (o *ShuffleRead[T]) Read(t *Task, partition int, _ []byte, out any) error {
	next, err := sinkOf[T](out)
	if err != nil {
		return err
	}
	c, err := codec.For[T]()
	if err != nil {
		return err
	}
	d := codec.NewDecoder(c)
	var rows []T
	return t.Host.ReadShuffle(t, o.Shuffle, partition, func(data []byte) (err error) {
		for len(data) > 0 {
			if err := t.Err(); err != nil {
				return err
			}
			if rows, data, err = codec.NextRows(d, data, rows[:0]); err != nil {
				return err
			}
			t.Metrics.RowsIn += int64(len(rows))
			if err := pushAll(next, rows); err != nil {
				return err
			}
		}
		return nil
	})
}
