package wire

import (
	"bytes"
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
	pb "github.com/kilnproject/kiln/internal/link/wire/controlpb"
)

// gathered is what the driver answers to the tasks of a barrier stage that are on one executor: every second one of 64, each with 1 KB.
func gathered() *Down {
	messages := make([][]byte, 64)
	for i := range messages {
		messages[i] = bytes.Repeat([]byte{byte(i)}, 1<<10)
	}
	d := &Down{}
	for i := range 32 {
		d.Replies = append(d.Replies, task.Reply{Ref: ids.TaskRef{Partition: int32(2 * i)}, Seq: 1, Messages: messages})
	}
	return d
}

func TestMessagesTravelOnceToAnExecutor(t *testing.T) {
	d := gathered()
	alone := &Down{Replies: d.Replies[:1]}
	all, one := proto.Size(EncodeDown(d)), proto.Size(EncodeDown(alone))
	if all > one+32*20 || one < 64<<10 {
		t.Errorf("32 replies take %d bytes, and one %d", all, one)
	}
	if d.Weight() < one || d.Weight() > one+32*100 {
		t.Errorf("they weigh %d, and take %d", d.Weight(), all)
	}
	got, err := throughDown(d)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range got.Replies {
		if r.Ref != d.Replies[i].Ref || len(r.Messages) != 64 || !bytes.Equal(r.Messages[63], d.Replies[0].Messages[63]) || !share(r.Messages, got.Replies[0].Messages) {
			t.Fatalf("reply %d: %v, %d messages", i, r.Ref, len(r.Messages))
		}
	}
}

// Replies of several messages to the driver's link travel as one.
func TestRepliesThatAreJoinedShareTheirMessages(t *testing.T) {
	d := gathered()
	got, err := throughDown(&Down{Replies: d.Replies[:1]}, &Down{Replies: d.Replies[1:3]})
	if err != nil || len(got.Replies) != 3 || !share(got.Replies[0].Messages, got.Replies[2].Messages) {
		t.Errorf("%d replies, %v", len(got.Replies), err)
	}
}

func TestAReplyThatRepeatsNothingIsRefused(t *testing.T) {
	first := pb.TaskReply_builder{Task: &pb.TaskRef{}, AsBefore: true}.Build()
	own := pb.TaskReply_builder{Task: &pb.TaskRef{}, Messages: [][]byte{{1}}}.Build()
	both := pb.TaskReply_builder{Task: &pb.TaskRef{}, Messages: [][]byte{{2}}, AsBefore: true}.Build()
	for name, replies := range map[string][]*pb.TaskReply{"the first one": {first}, "one with its own": {own, both}} {
		if d, err := DecodeDown(pb.Down_builder{Replies: replies}.Build()); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
	}
}
