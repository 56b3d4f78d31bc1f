package wire

import (
	"math"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
	pb "github.com/kilnproject/kiln/internal/link/wire/controlpb"
)

// DecodeDown checks a message and turns it into a plain value, which shares slices with it. The error wraps ErrMalformed.
func DecodeDown(m *pb.Down) (*Down, error) {
	var c checker
	d := &Down{Welcome: c.welcome(m.GetWelcome()), Stop: m.GetStop()}
	if from := m.GetStages(); len(from) > 0 {
		d.Stages = make([]*task.Stage, len(from))
		for i, s := range from {
			d.Stages[i] = c.stage(s)
		}
	}
	if from := m.GetLaunches(); len(from) > 0 {
		d.Launches = make([]task.Launch, len(from))
		for i, l := range from {
			d.Launches[i] = task.Launch{
				Ref: taskRef(&c, l), ID: c.taskID(l.GetTaskId()), Split: some(l.GetSplit()), Resources: c.resources(l.GetResources()),
			}
		}
	}
	for _, k := range m.GetKills() {
		d.Kills = append(d.Kills, task.Kill{Ref: taskRef(&c, k.GetTask()), Reason: k.GetReason(), Recall: k.GetRecall()})
	}
	d.Replies = c.replies(m.GetReplies())
	for _, f := range m.GetForget() {
		d.Forget = append(d.Forget, c.stageRef(f.GetStage(), f.GetStageAttempt()))
	}
	for _, x := range m.GetCopies() {
		d.Copies = append(d.Copies, task.Copy{
			Block: copied(&c, x), From: task.Location{Executor: c.executor(x.GetExecutor()), Addr: string(x.GetAddr())},
			Reduces:    int(c.between("the number of reduce partitions", int64(x.GetReduces()), 0, mostReduces)),
			Generation: c.id32("a generation", x.GetGeneration()), Digest: x.GetDigest(), Level: c.level(x.GetLevel()),
		})
	}
	for _, x := range m.GetDrop() {
		d.Drop = append(d.Drop, c.drop(x))
	}
	if c.err != nil {
		return nil, c.err
	}
	return d, nil
}

func (c *checker) welcome(w *pb.Welcome) *Welcome {
	if w == nil {
		return nil
	}
	return &Welcome{
		Executor: c.executor(w.GetExecutor()), AppID: w.GetAppId(), Conf: c.settings(w.GetConf()),
		Heartbeat: c.duration("the heartbeat interval", w.GetHeartbeatNanos()), Refused: w.GetRefused(),
	}
}

func (c *checker) stage(s *pb.Stage) *task.Stage {
	to := &task.Stage{
		Ref: c.stageRef(s.GetStage(), s.GetStageAttempt()), Job: ids.JobID(c.id32("a job id", s.GetJob())), Body: some(s.GetBody()),
		Shuffle: ids.ShuffleID(c.id32("a shuffle id", s.GetShuffle())), IsMap: s.GetIsMap(), Reduces: c.reduces(s.GetReduces()),
		Props: c.settings(s.GetProps()), Hosts: s.GetHosts(),
		Slots: int(c.between("the slots of a task", int64(s.GetSlots()), 0, mostSlots)), Generation: c.id32("a generation of map outputs", s.GetGeneration()),
		Inputs: c.inputs(s.GetInputs()), Listed: s.GetListed(),
	}
	for _, k := range s.GetCached() {
		to.Cached = append(to.Cached, task.Cached{
			RDD: ids.RDDID(c.id32("an RDD id", k.GetRdd())), Generation: c.id32("a generation of cached partitions", k.GetGeneration()), Somewhere: k.GetSomewhere(),
		})
	}
	if to.Listed && len(to.Inputs) > 0 {
		c.refuse("a stage has inputs and says that they are elsewhere")
	}
	return to
}

func (c *checker) reduces(n int32) int {
	return int(c.between("a number of reduce partitions", int64(n), 0, mostReduces))
}

func (c *checker) taskID(n int64) ids.TaskID { return ids.TaskID(c.size("a task id", n)) }

func (c *checker) drop(x *pb.Drop) Drop {
	highest := int64(math.MaxInt32)
	switch x.GetKind() {
	case pb.BlockKind_BLOCK_KIND_RDD, pb.BlockKind_BLOCK_KIND_SHUFFLE, pb.BlockKind_BLOCK_KIND_BROADCAST:
	case pb.BlockKind_BLOCK_KIND_RESULT:
		highest = math.MaxInt64
	default:
		c.refuse("blocks of the unknown kind %d are to be dropped", x.GetKind())
	}
	return Drop{Kind: ids.BlockKind(x.GetKind()), ID: c.between("the id of what is to be dropped", x.GetId(), 0, highest)}
}

// some makes nil of what is empty: protobuf does not tell one from the other.
func some(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}
