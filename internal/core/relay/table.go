package relay

import "github.com/kilnproject/kiln/internal/core/ids"

const (
	// Readers is to how many executors an executor gives a block.
	Readers = 2
	// Few is up to how many executors the driver gives all blocks itself.
	Few = 2
	// Cheap is how many bytes the driver sends of a block in any case, to as many executors as that makes: small blocks are not worth
	// a detour. A larger block it gives to one.
	Cheap = 1 << 20
)

// Source is from whom an executor gets a block.
type Source struct {
	From ids.ExecutorID // an executor that asked for the block earlier, or ids.Driver
	// Shared says that others may be sent to the executor that asked. Where it is false the driver gives the block to all executors that
	// there are.
	Shared bool
}

// Table knows which executors there are, and for each block who was sent to whom. Its zero value is empty and ready.
type Table struct {
	here  map[ids.ExecutorID]struct{}
	lines map[ids.BlockID]*line
}

// Joined says that an executor is there, which serves blocks. An id is used once.
func (t *Table) Joined(e ids.ExecutorID) {
	if t.here == nil {
		t.here = map[ids.ExecutorID]struct{}{}
	}
	t.here[e] = struct{}{}
}

// Left says that an executor is gone: nobody is sent to it any more.
func (t *Table) Left(e ids.ExecutorID) { delete(t.here, e) }

// Forget forgets who was sent to whom for a block. It is for blocks that end, and for those that everybody drops or that change: those
// who ask then are the first.
func (t *Table) Forget(b ids.BlockID) { delete(t.lines, b) }

// Len is the number of blocks for which somebody was sent to somebody.
func (t *Table) Len() int { return len(t.lines) }

// Ask gives from whom an executor gets a block of so many bytes. An executor that is not there, or asks alone, gets it from the driver.
func (t *Table) Ask(b ids.BlockID, size int64, asker ids.ExecutorID) Source {
	own := max(1, Cheap/max(size, 1))
	if _, here := t.here[asker]; !here || int64(len(t.here)) <= max(Few, own) {
		return Source{From: ids.Driver}
	}
	l := t.lines[b]
	if l == nil {
		l = &line{at: map[ids.ExecutorID]int{}}
		if t.lines == nil {
			t.lines = map[ids.BlockID]*line{}
		}
		t.lines[b] = l
	}
	return Source{From: l.ask(asker, own, t.here), Shared: true}
}

// line is the executors that asked for one block, in the order in which they first did.
type line struct {
	holders []holder
	at      map[ids.ExecutorID]int // the place of each in holders
	open    int                    // no holder before it is ever named again
	given   int64                  // how often the driver was named
}

// holder has a block, or is about to have it.
type holder struct {
	executor ids.ExecutorID
	readers  int // how often it was named, at most Readers; Readers also when it could not give the block
	from     int // the holder that it was sent to, which is always one before it; theDriver
}

const theDriver = -1

// ask gives the next source of an executor, after those before it in the line.
func (l *line) ask(asker ids.ExecutorID, own int64, here map[ids.ExecutorID]struct{}) ids.ExecutorID {
	i, again := l.at[asker]
	if !again {
		i = len(l.holders)
		l.at[asker] = i
		l.holders = append(l.holders, holder{executor: asker})
	} else if from := l.holders[i].from; from != theDriver {
		l.holders[from].readers = Readers
	}
	from := theDriver
	if l.given >= own {
		from = l.firstOpen(i, here)
	}
	l.holders[i].from = from
	if from == theDriver {
		l.given++
		return ids.Driver
	}
	l.holders[from].readers++
	return l.holders[from].executor
}

// firstOpen gives the first holder before the given one that has room and is there, or the driver when there is none.
func (l *line) firstOpen(before int, here map[ids.ExecutorID]struct{}) int {
	for ; l.open < before; l.open++ {
		h := &l.holders[l.open]
		if _, ok := here[h.executor]; ok && h.readers < Readers {
			return l.open
		}
	}
	return theDriver
}
