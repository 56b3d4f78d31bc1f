package op

import (
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/data/codec"
)

// ShuffleRead reads one reduce partition of a shuffle.
type ShuffleRead struct {
	Rows    RowType `kiln:"op"`
	Shuffle ids.ShuffleID
}

// Read implements Source.
func (o *ShuffleRead) Read(t *Task, partition int, _ []byte, out *Sink) error {
	l, next, err := wire(o.Rows, out)
	if err != nil {
		return err
	}
	return readShuffle(t, o.Shuffle, partition, l, next)
}

func readShuffle(t *Task, shuffle ids.ShuffleID, partition int, l *layout, next pushFunc) error {
	d, rows := codec.NewDecoder(l.codec), rowBuffer{layout: l}
	return t.Host.ReadShuffle(t, shuffle, partition, func(data []byte) (err error) {
		for len(data) > 0 {
			if err := t.Err(); err != nil {
				return err
			}
			if data, err = rows.decode(d, data); err != nil {
				return err
			}
			t.Metrics.RowsIn += int64(rows.n)
			if err := l.inBatches(rows.base, rows.n, next); err != nil {
				return err
			}
		}
		return nil
	})
}
