package wire

import (
	"github.com/kilnproject/kiln/internal/core/task"
	pb "github.com/kilnproject/kiln/internal/link/wire/controlpb"
)

// All tasks of a barrier stage get the same messages at the same time. Those of one executor travel once: a reply that shares the
// messages of the one before it says only that.

// encodeReply encodes a reply that follows another one; before is nil for the first one of a message.
func encodeReply(r, before *task.Reply) *pb.TaskReply {
	b := pb.TaskReply_builder{Task: encodeTask(r.Ref), Number: r.Seq, Refused: text(r.Refused)}
	if b.AsBefore = before != nil && share(r.Messages, before.Messages); !b.AsBefore {
		b.Messages = r.Messages
	}
	for _, at := range r.Places {
		b.Places = append(b.Places, pb.Place_builder{Executor: int32(at.Executor), Addr: []byte(at.Addr)}.Build())
	}
	return b.Build()
}

// share says that two lists are the same in memory.
func share(a, b [][]byte) bool { return len(a) > 0 && len(a) == len(b) && &a[0] == &b[0] }

// replies decodes replies, which share what was sent once.
func (c *checker) replies(all []*pb.TaskReply) []task.Reply {
	var list []task.Reply
	for i, r := range all {
		reply := task.Reply{
			Ref: taskRef(c, r.GetTask()), Seq: c.id32("the number of a reply", r.GetNumber()), Refused: r.GetRefused(), Messages: r.GetMessages(),
		}
		for _, at := range r.GetPlaces() {
			reply.Places = append(reply.Places, task.Location{Executor: c.executor(at.GetExecutor()), Addr: string(at.GetAddr())})
		}
		switch {
		case !r.GetAsBefore():
		case i == 0 || len(reply.Messages) > 0:
			c.refuse("a reply has the messages of the one before it, and there is none, or it has its own")
		default:
			reply.Messages = list[i-1].Messages
		}
		list = append(list, reply)
	}
	return list
}

// weight is about how many bytes a reply takes that follows another one.
func weight(r, before *task.Reply) int {
	n := 64 + len(r.Refused)
	for _, at := range r.Places {
		n += 16 + len(at.Addr)
	}
	if before != nil && share(r.Messages, before.Messages) {
		return n
	}
	for _, m := range r.Messages {
		n += 8 + len(m)
	}
	return n
}
