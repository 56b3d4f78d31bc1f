package wire

import (
	"errors"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

// ErrMalformed is in every error about bytes or values that no correct peer sends.
var ErrMalformed = errors.New("malformed control message")

// Down is one batch from the driver to an executor. The executor takes the fields in the order in which they stand, and each
// field's entries in their order. Who has sent a Down must not change it any more; who receives one must not change it either,
// because in local mode both hold the same.
type Down struct {
	Welcome  *Welcome       // the answer to Hello, before anything else
	Stages   []*task.Stage  // each goes to an executor before its first launch there
	Launches []task.Launch  // task attempts to run
	Kills    []task.Kill    // task attempts to stop
	Replies  []task.Reply   // to calls of task attempts
	Forget   []ids.StageRef // stage attempts of which no more launches come
	Copies   []task.Copy    // blocks to take copies of
	Drop     []Drop         // blocks to delete, also those that are being copied
	Stop     bool           // end the executor; nothing follows
}

// Up is one batch from an executor to the driver. Order and ownership are those of Down.
type Up struct {
	Hello     *Hello        // the first message on a link has one, no other
	Blocks    []BlockChange // what changed in the executor's cache of RDD partitions
	Calls     []task.Call   // of running task attempts, which wait for their replies
	Ends      []task.End    // one for each launch, in the end
	Copied    []task.Copied // one for each copy that was ordered, in the end
	Leaving   string        // why the executor will have to go, when its machine says so; it goes on until it is stopped
	Heartbeat *Heartbeat    // from time to time
	Failure   string        // why the executor is about to leave, when that is its own fault
}

// Hello introduces an executor.
type Hello struct {
	Identity  Identity       // the program that it runs
	Executor  ids.ExecutorID // who the cluster manager told it that it is
	Secret    []byte         // what the driver gave it to prove that; compared in constant time
	Host      string         // as other executors' locality means it
	Slots     int            // task attempts that it runs at once; at least 1
	Memory    int64          // bytes for execution and storage
	BlockAddr string         // where its block server listens
	PID       int            // 0 when it shares the driver's process
	Profile   ids.ProfileID  // that it was started for
	Resources []task.Resource
}

// Identity says which program a process runs. Driver and executors must run the same.
type Identity struct {
	Image        string // which executable: its hash, or which file of the driver's machine it is
	BuildID      string // Go build id
	GOOS, GOARCH string
}

// Welcome takes an executor in, or refuses it.
type Welcome struct {
	Executor  ids.ExecutorID
	AppID     string
	Conf      map[string]string // the application's settings, without secrets
	Heartbeat time.Duration     // how often the driver wants to hear from it
	Refused   string            // why it may not take part; the other fields say nothing then
}

// Heartbeat tells how the running tasks get on.
type Heartbeat struct {
	Running []ids.TaskRef
	RowsIn  []int64 // rows that each of Running has read so far; nil when not told
	BytesIn []int64 // bytes of files and shuffles, likewise
	Memory  int64   // bytes in use of the executor's memory
}

// BlockChange tells where a cached RDD partition is now. Neither in memory nor on disk means that it is gone.
type BlockChange struct {
	ID       ids.BlockID // of kind ids.RDDBlock
	Size     int64       // bytes, in memory and on disk together
	InMemory bool
	OnDisk   bool
	Level    task.Level // how it is kept, or was
}

// Drop orders an executor to delete all blocks of one RDD, shuffle or broadcast, or one stored task result.
type Drop struct {
	Kind ids.BlockKind
	ID   int64 // an ids.RDDID, ids.ShuffleID, ids.BroadcastID or ids.TaskID, as Kind says
}
