package wire

import (
	"github.com/kilnproject/kiln/internal/core/task"
	pb "github.com/kilnproject/kiln/internal/link/wire/controlpb"
)

// EncodeUp makes one message of a batch of at least one, which may travel as one (see JoinUp). Of several
// heartbeats, and of several reasons to leave, it keeps the last. The message shares byte slices with the batch.
func EncodeUp(batch ...*Up) *pb.Up {
	var ends, blocks int
	for _, u := range batch {
		ends += len(u.Ends)
		blocks += len(u.Blocks)
	}
	b := pb.Up_builder{
		Hello:   encodeHello(batch[0].Hello),
		Ends:    make([]*pb.End, 0, ends),
		Blocks:  make([]*pb.BlockChange, 0, blocks),
		Failure: text(batch[len(batch)-1].Failure),
	}
	room, metrics := make([]pb.End, ends), make([]pb.Metrics, ends)
	for _, u := range batch {
		for i := range u.Ends {
			at := len(b.Ends)
			encodeEnd(&room[at], &metrics[at], &u.Ends[i])
			b.Ends = append(b.Ends, &room[at])
		}
		for i := range u.Calls {
			b.Calls = append(b.Calls, encodeCall(&u.Calls[i]))
		}
		for _, x := range u.Copied {
			b.Copied = append(b.Copied, pb.Copied_builder{
				Kind: pb.BlockKind(x.Block.Kind), Id: narrow(int(x.Block.A)), Partition: x.Block.B, Executor: int32(x.From),
				Generation: x.Generation, Digest: x.Digest, Error: text(x.Error),
			}.Build())
		}
		if u.Leaving != "" {
			b.Leaving = text(u.Leaving)
		}
		if u.Heartbeat != nil {
			b.Heartbeat = encodeHeartbeat(u.Heartbeat)
		}
		for _, c := range u.Blocks {
			b.Blocks = append(b.Blocks, encodeBlock(c))
		}
	}
	return b.Build()
}

func encodeHello(h *Hello) *pb.Hello {
	if h == nil {
		return nil
	}
	return pb.Hello_builder{
		Image: text(h.Identity.Image), GoBuildId: text(h.Identity.BuildID), Goos: text(h.Identity.GOOS), Goarch: text(h.Identity.GOARCH),
		Executor: int32(h.Executor), Secret: h.Secret, Host: text(h.Host), Slots: narrow(h.Slots), Memory: h.Memory,
		BlockAddr: []byte(h.BlockAddr), Pid: int64(h.PID),
		Profile: int32(h.Profile), Resources: encodeResources(h.Resources),
	}.Build()
}

func encodeEnd(to *pb.End, metrics *pb.Metrics, e *task.End) {
	to.SetStage(int32(e.Ref.Stage))
	to.SetStageAttempt(int32(e.Ref.Attempt))
	to.SetPartition(e.Ref.Partition)
	to.SetTaskAttempt(int32(e.Ref.Try))
	to.SetTaskId(int64(e.ID))
	to.SetFate(pb.Fate(e.Reason.Fate))
	if len(e.Sizes.Codes) > 0 {
		to.SetSizes(e.Sizes.Codes)
	}
	if len(e.Sizes.Exact) > 0 {
		to.SetExact(encodeExact(nil, 0, e.Sizes.Exact))
	}
	if e.Result != nil {
		to.SetResult(e.Result)
	}
	to.SetStored(e.Stored)
	to.SetResultSize(e.ResultSize)
	to.SetDigest(e.Digest)
	if err := e.Reason.Error; err != nil {
		to.SetError(pb.Error_builder{
			Text: text(err.Text), Type: text(err.Type), Site: text(err.Site), Stack: text(err.Stack), Value: err.Value,
			Final: err.Final, Panic: err.Panic,
		}.Build())
	}
	if e.Reason.Fate == task.FetchFailed {
		f := e.Reason.Fetch
		to.SetFetch(pb.Fetch_builder{Shuffle: int32(f.Shuffle), Map: f.Map, Reduce: f.Reduce, Executor: int32(f.Executor)}.Build())
	}
	if len(e.Updates) > 0 {
		all := make([]*pb.Update, len(e.Updates))
		for i, u := range e.Updates {
			all[i] = pb.Update_builder{Accumulator: int32(u.Accumulator), Value: u.Value}.Build()
		}
		to.SetUpdates(all)
	}
	encodeMetrics(metrics, &e.Metrics)
	to.SetMetrics(metrics)
}

func encodeCall(x *task.Call) *pb.TaskCall {
	return pb.TaskCall_builder{
		Task: encodeTask(x.Ref), TaskId: int64(x.ID), Number: x.Seq, Kind: pb.CallKind(x.Kind), Message: x.Message,
		Rdd: narrow(int(x.Block.A)), Partition: x.Block.B,
	}.Build()
}

func encodeMetrics(to *pb.Metrics, m *task.Metrics) {
	to.SetStartedNanos(int64(m.Started))
	to.SetRunNanos(int64(m.Run))
	to.SetRowsIn(m.RowsIn)
	to.SetRowsOut(m.RowsOut)
	to.SetBytesRead(m.BytesRead)
	to.SetShuffleRead(m.ShuffleRead)
	to.SetShuffleReadRemote(m.ShuffleReadRemote)
	to.SetShuffleWritten(m.ShuffleWritten)
	to.SetSpilledMemory(m.SpilledMemory)
	to.SetSpilledDisk(m.SpilledDisk)
	to.SetPeakMemory(m.PeakMemory)
	to.SetResultSize(m.ResultSize)
}

func encodeHeartbeat(h *Heartbeat) *pb.Heartbeat {
	b := pb.Heartbeat_builder{RowsIn: h.RowsIn, BytesIn: h.BytesIn, Memory: h.Memory}
	for _, ref := range h.Running {
		b.Running = append(b.Running, encodeTask(ref))
	}
	return b.Build()
}

func encodeBlock(c BlockChange) *pb.BlockChange {
	return pb.BlockChange_builder{
		Rdd: narrow(int(c.ID.A)), Partition: c.ID.B, Size: c.Size, InMemory: c.InMemory, OnDisk: c.OnDisk, Generation: c.ID.C, Level: int32(c.Level),
	}.Build()
}
