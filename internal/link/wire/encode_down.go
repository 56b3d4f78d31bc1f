package wire

import (
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
	pb "github.com/kilnproject/kiln/internal/link/wire/controlpb"
)

// EncodeDown makes one message of a batch of at least one, which may travel as one (see JoinDown). The
// message shares byte slices with the batch.
func EncodeDown(batch ...*Down) *pb.Down {
	var launches, kills, stages int
	for _, d := range batch {
		launches += len(d.Launches)
		kills += len(d.Kills)
		stages += len(d.Stages)
	}
	b := pb.Down_builder{
		Welcome:  encodeWelcome(batch[0].Welcome),
		Launches: make([]*pb.Launch, 0, launches),
		Kills:    make([]*pb.Kill, 0, kills),
		Stages:   make([]*pb.Stage, 0, stages),
		Stop:     batch[len(batch)-1].Stop,
	}
	room := make([]pb.Launch, launches)
	var before *task.Reply
	for _, d := range batch {
		for _, s := range d.Stages {
			b.Stages = append(b.Stages, encodeStage(s))
		}
		for i := range d.Launches {
			to := &room[len(b.Launches)]
			encodeLaunch(to, &d.Launches[i])
			b.Launches = append(b.Launches, to)
		}
		for _, k := range d.Kills {
			b.Kills = append(b.Kills, pb.Kill_builder{Task: encodeTask(k.Ref), Reason: text(k.Reason), Recall: k.Recall}.Build())
		}
		for i := range d.Replies {
			b.Replies = append(b.Replies, encodeReply(&d.Replies[i], before))
			before = &d.Replies[i]
		}
		for _, f := range d.Forget {
			b.Forget = append(b.Forget, pb.StageRef_builder{Stage: int32(f.Stage), StageAttempt: int32(f.Attempt)}.Build())
		}
		for _, x := range d.Copies {
			b.Copies = append(b.Copies, pb.Copy_builder{
				Kind: pb.BlockKind(x.Block.Kind), Id: narrow(int(x.Block.A)), Partition: x.Block.B, Executor: int32(x.From.Executor),
				Addr: []byte(x.From.Addr), Reduces: narrow(x.Reduces), Generation: x.Generation, Digest: x.Digest, Level: int32(x.Level),
			}.Build())
		}
		for _, x := range d.Drop {
			b.Drop = append(b.Drop, pb.Drop_builder{Kind: pb.BlockKind(x.Kind), Id: x.ID}.Build())
		}
	}
	return b.Build()
}

func encodeWelcome(w *Welcome) *pb.Welcome {
	if w == nil {
		return nil
	}
	return pb.Welcome_builder{
		Executor: int32(w.Executor), AppId: text(w.AppID), Conf: encodeSettings(w.Conf), HeartbeatNanos: int64(w.Heartbeat),
		Refused: text(w.Refused),
	}.Build()
}

func encodeStage(s *task.Stage) *pb.Stage {
	b := pb.Stage_builder{
		Stage: int32(s.Ref.Stage), StageAttempt: int32(s.Ref.Attempt), Job: int32(s.Job), Body: s.Body,
		Shuffle: int32(s.Shuffle), IsMap: s.IsMap, Reduces: narrow(s.Reduces), Props: encodeSettings(s.Props),
		Slots: narrow(s.Slots), Generation: s.Generation, Listed: s.Listed,
	}
	for _, h := range s.Hosts {
		b.Hosts = append(b.Hosts, text(h))
	}
	for _, k := range s.Cached {
		b.Cached = append(b.Cached, pb.Cached_builder{Rdd: int32(k.RDD), Generation: k.Generation, Somewhere: k.Somewhere}.Build())
	}
	b.Inputs = encodeInputs(s.Inputs)
	return b.Build()
}

func encodeLaunch(to *pb.Launch, l *task.Launch) {
	to.SetStage(int32(l.Ref.Stage))
	to.SetStageAttempt(int32(l.Ref.Attempt))
	to.SetPartition(l.Ref.Partition)
	to.SetTaskAttempt(int32(l.Ref.Try))
	to.SetTaskId(int64(l.ID))
	if l.Split != nil {
		to.SetSplit(l.Split)
	}
	if len(l.Resources) > 0 {
		to.SetResources(encodeResources(l.Resources))
	}
}

func encodeResources(all []task.Resource) []*pb.Resource {
	to := make([]*pb.Resource, len(all))
	for i, r := range all {
		addresses := make([]string, len(r.Addresses))
		for a := range addresses {
			addresses[a] = text(r.Addresses[a])
		}
		to[i] = pb.Resource_builder{Name: text(r.Name), Addresses: addresses}.Build()
	}
	return to
}

func encodeTask(t ids.TaskRef) *pb.TaskRef {
	return pb.TaskRef_builder{
		Stage: int32(t.Stage), StageAttempt: int32(t.Attempt), Partition: t.Partition, TaskAttempt: int32(t.Try),
	}.Build()
}

// encodeSettings sorts, so that equal messages have equal bytes.
func encodeSettings(m map[string]string) []*pb.Setting {
	all := make([]*pb.Setting, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		all = append(all, pb.Setting_builder{Key: []byte(key), Value: []byte(m[key])}.Build())
	}
	return all
}

// text makes sure of UTF-8, which protobuf insists on, in what people read: an error's text may hold a user's raw bytes.
func text(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// narrow keeps a count that no peer would accept from turning into one that it would.
func narrow(n int) int32 { return int32(max(math.MinInt32, min(n, math.MaxInt32))) }
