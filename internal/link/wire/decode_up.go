package wire

import (
	"math"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
	pb "github.com/kilnproject/kiln/internal/link/wire/controlpb"
)

// DecodeUp checks a message and turns it into a plain value, which shares slices with it. The error wraps ErrMalformed.
func DecodeUp(m *pb.Up) (*Up, error) {
	var c checker
	u := &Up{Hello: c.hello(m.GetHello()), Heartbeat: c.heartbeat(m.GetHeartbeat()), Leaving: m.GetLeaving(), Failure: m.GetFailure()}
	if from := m.GetEnds(); len(from) > 0 {
		u.Ends = make([]task.End, len(from))
		for i, e := range from {
			c.end(&u.Ends[i], e)
		}
	}
	for _, x := range m.GetCalls() {
		u.Calls = append(u.Calls, c.call(x))
	}
	for _, x := range m.GetCopied() {
		u.Copied = append(u.Copied, task.Copied{
			Block: copied(&c, x), From: c.executor(x.GetExecutor()), Generation: c.id32("a generation", x.GetGeneration()),
			Digest: x.GetDigest(), Error: x.GetError(),
		})
	}
	if from := m.GetBlocks(); len(from) > 0 {
		u.Blocks = make([]BlockChange, len(from))
		for i, b := range from {
			rdd, partition := c.id32("an rdd id", b.GetRdd()), c.id32("a partition", b.GetPartition())
			u.Blocks[i] = BlockChange{
				ID: ids.RDD(ids.RDDID(rdd), int(partition)).OfGeneration(c.id32("a generation of cached partitions", b.GetGeneration())), Size: c.size("the size of a block", b.GetSize()),
				InMemory: b.GetInMemory(), OnDisk: b.GetOnDisk(), Level: c.level(b.GetLevel()),
			}
		}
	}
	if c.err != nil {
		return nil, c.err
	}
	return u, nil
}

func (c *checker) call(x *pb.TaskCall) task.Call {
	to := task.Call{
		Ref: taskRef(c, x.GetTask()), ID: c.taskID(x.GetTaskId()), Seq: c.id32("the number of a call", x.GetNumber()),
		Kind:    task.CallKind(c.between("the kind of a call", int64(x.GetKind()), int64(task.Meet), int64(task.Locate))),
		Message: some(x.GetMessage()),
	}
	if to.Kind == task.Locate {
		to.Block = ids.RDD(ids.RDDID(c.id32("an rdd id", x.GetRdd())), int(c.id32("a partition", x.GetPartition())))
	}
	return to
}

func (c *checker) hello(h *pb.Hello) *Hello {
	if h == nil {
		return nil
	}
	return &Hello{
		Identity:  Identity{Image: h.GetImage(), BuildID: h.GetGoBuildId(), GOOS: h.GetGoos(), GOARCH: h.GetGoarch()},
		Executor:  ids.ExecutorID(c.id32("an executor id", h.GetExecutor())),
		Secret:    some(h.GetSecret()),
		Host:      h.GetHost(),
		Slots:     int(c.between("the number of slots", int64(h.GetSlots()), 1, mostSlots)),
		Memory:    c.size("the executor's memory", h.GetMemory()),
		BlockAddr: string(h.GetBlockAddr()),
		PID:       int(c.between("a process id", h.GetPid(), 0, math.MaxInt32)),
		Profile:   ids.ProfileID(c.id32("a profile", h.GetProfile())),
		Resources: c.resources(h.GetResources()),
	}
}

func (c *checker) end(to *task.End, e *pb.End) {
	*to = task.End{
		Ref: taskRef(c, e), ID: c.taskID(e.GetTaskId()), Reason: c.reason(e),
		Sizes: c.sizesOf(e.GetSizes(), e.GetExact()), Result: some(e.GetResult()), Stored: e.GetStored(),
		ResultSize: c.size("the size of a result", e.GetResultSize()), Digest: e.GetDigest(),
	}
	if from := e.GetUpdates(); len(from) > 0 {
		to.Updates = make([]task.Update, len(from))
		for i, u := range from {
			to.Updates[i] = task.Update{
				Accumulator: ids.AccumulatorID(c.id32("an accumulator id", u.GetAccumulator())), Value: some(u.GetValue()),
			}
		}
	}
	c.metrics(&to.Metrics, e.GetMetrics())
}

// reason never gives a fate other than success without an error: whoever reads it may print the error's text.
func (c *checker) reason(e *pb.End) task.EndReason {
	fate := task.Fate(c.between("the fate of a task", int64(e.GetFate()), int64(task.Success), int64(task.CommitDenied)))
	to := task.EndReason{Fate: fate}
	switch err := e.GetError(); {
	case err != nil:
		to.Error = &task.Error{
			Text: err.GetText(), Type: err.GetType(), Site: err.GetSite(), Stack: err.GetStack(), Value: some(err.GetValue()),
			Final: err.GetFinal(), Panic: err.GetPanic(),
		}
	case fate != task.Success:
		to.Error = &task.Error{Text: fate.String()}
	}
	if fate != task.FetchFailed {
		return to
	}
	if !e.HasFetch() {
		c.refuse("a failed fetch does not say what could not be fetched")
	}
	f := e.GetFetch()
	to.Fetch = task.Fetch{
		Shuffle: ids.ShuffleID(c.id32("a shuffle id", f.GetShuffle())),
		Map:     int32(c.between("the map partition of a failed fetch", int64(f.GetMap()), -1, math.MaxInt32)),
		Reduce:  c.id32("a reduce partition", f.GetReduce()), Executor: c.executor(f.GetExecutor()),
	}
	return to
}

func (c *checker) metrics(to *task.Metrics, m *pb.Metrics) {
	*to = task.Metrics{
		Started:           c.duration("the start of a task", m.GetStartedNanos()),
		Run:               c.duration("the time in a task", m.GetRunNanos()),
		RowsIn:            c.size("rows in", m.GetRowsIn()),
		RowsOut:           c.size("rows out", m.GetRowsOut()),
		BytesRead:         c.size("bytes read", m.GetBytesRead()),
		ShuffleRead:       c.size("shuffle bytes read", m.GetShuffleRead()),
		ShuffleReadRemote: c.size("remote shuffle bytes read", m.GetShuffleReadRemote()),
		ShuffleWritten:    c.size("shuffle bytes written", m.GetShuffleWritten()),
		SpilledMemory:     c.size("memory spilled", m.GetSpilledMemory()),
		SpilledDisk:       c.size("bytes spilled", m.GetSpilledDisk()),
		PeakMemory:        c.size("peak memory", m.GetPeakMemory()),
		ResultSize:        c.size("the size of a result", m.GetResultSize()),
	}
}

func (c *checker) heartbeat(h *pb.Heartbeat) *Heartbeat {
	if h == nil {
		return nil
	}
	to := &Heartbeat{Memory: c.size("memory in use", h.GetMemory()), RowsIn: c.sizes("rows in", h.GetRowsIn()), BytesIn: c.sizes("bytes in", h.GetBytesIn())}
	for _, ref := range h.GetRunning() {
		to.Running = append(to.Running, taskRef(c, ref))
	}
	for _, told := range [][]int64{to.RowsIn, to.BytesIn} {
		if n := len(told); n != 0 && n != len(to.Running) {
			c.refuse("a heartbeat has rows or bytes for %d of %d tasks", n, len(to.Running))
		}
	}
	return to
}
