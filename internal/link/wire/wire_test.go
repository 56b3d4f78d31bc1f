package wire

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
	pb "github.com/kilnproject/kiln/internal/link/wire/controlpb"
)

// Generators of what correct peers send. What protobuf does not tell from absent is generated as absent.
var (
	id32   = rapid.Int32Min(0)
	size   = rapid.Int64Min(0)
	words  = rapid.StringN(0, 12, -1)
	blob   = rapid.Custom(func(t *rapid.T) []byte { return some(rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "blob")) })
	config = rapid.Custom(func(t *rapid.T) map[string]string {
		raw := rapid.Custom(func(t *rapid.T) string { return string(blob.Draw(t, "raw")) })
		m := rapid.MapOfN(raw, raw, 0, 3).Draw(t, "settings")
		if len(m) == 0 {
			return nil
		}
		return m
	})
	stageRef = rapid.Custom(func(t *rapid.T) ids.StageRef {
		return ids.StageRef{Stage: ids.StageID(id32.Draw(t, "stage")), Attempt: ids.StageAttempt(id32.Draw(t, "attempt"))}
	})
	taskRefs = rapid.Custom(func(t *rapid.T) ids.TaskRef {
		return ids.TaskRef{StageRef: stageRef.Draw(t, "of"), Partition: id32.Draw(t, "partition"), Try: ids.TaskAttempt(id32.Draw(t, "try"))}
	})
)

// list draws at most three, and nil for none.
func list[T any](t *rapid.T, g *rapid.Generator[T], what string) []T {
	all := rapid.SliceOfN(g, 0, 3).Draw(t, what)
	if len(all) == 0 {
		return nil
	}
	return all
}

func sizesOf(t *rapid.T, n int) []int64 {
	if n == 0 || rapid.Bool().Draw(t, "without sizes") {
		return nil
	}
	return rapid.SliceOfN(size, n, n).Draw(t, "sizes")
}

var location = rapid.Custom(func(t *rapid.T) task.Location {
	return task.Location{Executor: ids.ExecutorID(rapid.Int32Min(-1).Draw(t, "executor")), Addr: rapid.SampledFrom([]string{"", "a", "c"}).Draw(t, "addr")}
})

var input = rapid.Custom(func(t *rapid.T) task.Input {
	in := task.Input{Shuffle: ids.ShuffleID(id32.Draw(t, "shuffle")), Reduces: rapid.IntRange(0, 4).Draw(t, "reduces"), Outputs: []task.MapOutput{}}
	for range rapid.IntRange(0, 4).Draw(t, "maps") {
		in.Outputs = append(in.Outputs, task.MapOutput{
			Executor: ids.ExecutorID(rapid.Int32Min(-1).Draw(t, "executor")), Addr: rapid.SampledFrom([]string{"", "a", "b\xff"}).Draw(t, "addr"),
			Sizes: task.PackSizes(sizesOf(t, in.Reduces)), Copies: list(t, location, "copies"),
		})
	}
	return in
})

func drawStage(t *rapid.T) *task.Stage {
	inputs := list(t, input, "inputs")
	return &task.Stage{
		Ref: stageRef.Draw(t, "ref"), Job: ids.JobID(id32.Draw(t, "job")), Body: blob.Draw(t, "body"), Inputs: inputs, Listed: len(inputs) == 0 && rapid.Bool().Draw(t, "listed"),
		Shuffle: ids.ShuffleID(id32.Draw(t, "shuffle")), IsMap: rapid.Bool().Draw(t, "map"), Reduces: rapid.IntRange(0, mostReduces).Draw(t, "reduces"),
		Props: config.Draw(t, "props"), Hosts: list(t, words, "hosts"),
		Slots: rapid.IntRange(0, mostSlots).Draw(t, "slots"), Generation: id32.Draw(t, "generation"),
		Cached: list(t, rapid.Custom(func(t *rapid.T) task.Cached {
			return task.Cached{RDD: ids.RDDID(id32.Draw(t, "rdd")), Generation: id32.Draw(t, "generation"), Somewhere: rapid.Bool().Draw(t, "somewhere")}
		}), "cached"),
	}
}

func drawResources(t *rapid.T) []task.Resource {
	addresses := rapid.SliceOfN(rapid.SampledFrom([]string{"0", "GPU-1", ""}), 1, 3)
	names := rapid.SliceOfNDistinct(rapid.StringN(1, 8, 20), 0, 3, rapid.ID).Draw(t, "resources")
	var all []task.Resource
	for _, name := range names {
		all = append(all, task.Resource{Name: name, Addresses: addresses.Draw(t, "addresses")})
	}
	return all
}

func drawDown(t *rapid.T) *Down {
	d := &Down{
		Stages: list(t, rapid.Custom(drawStage), "stages"),
		Launches: list(t, rapid.Custom(func(t *rapid.T) task.Launch {
			return task.Launch{Ref: taskRefs.Draw(t, "ref"), ID: ids.TaskID(size.Draw(t, "id")), Split: blob.Draw(t, "split"), Resources: drawResources(t)}
		}), "launches"),
		Kills: list(t, rapid.Custom(func(t *rapid.T) task.Kill {
			return task.Kill{Ref: taskRefs.Draw(t, "ref"), Reason: words.Draw(t, "reason"), Recall: rapid.Bool().Draw(t, "recall")}
		}), "kills"),
		Replies: list(t, rapid.Custom(func(t *rapid.T) task.Reply {
			return task.Reply{
				Ref: taskRefs.Draw(t, "ref"), Seq: id32.Draw(t, "number"), Refused: words.Draw(t, "refused"),
				Messages: list(t, rapid.SliceOfN(rapid.Byte(), 1, 4), "messages"),
				Places:   list(t, location, "places"),
			}
		}), "replies"),
		Forget: list(t, stageRef, "forget"),
		Drop: list(t, rapid.Custom(func(t *rapid.T) Drop {
			return Drop{Kind: ids.BlockKind(rapid.IntRange(1, 4).Draw(t, "kind")), ID: int64(id32.Draw(t, "id"))}
		}), "drop"),
		Copies: list(t, rapid.Custom(func(t *rapid.T) task.Copy {
			return task.Copy{
				Block: drawCopied(t), From: task.Location{Executor: ids.ExecutorID(id32.Draw(t, "from")), Addr: words.Draw(t, "addr")},
				Reduces: rapid.IntRange(0, mostReduces).Draw(t, "reduces"), Generation: id32.Draw(t, "generation"), Digest: rapid.Uint64().Draw(t, "digest"),
				Level: drawLevel(t),
			}
		}), "copies"),
		Stop: rapid.Bool().Draw(t, "stop"),
	}
	for i := 1; i < len(d.Replies); i++ {
		if rapid.Bool().Draw(t, "shared") {
			d.Replies[i].Messages = d.Replies[i-1].Messages
		}
	}
	if rapid.Bool().Draw(t, "welcome") {
		d.Welcome = &Welcome{
			Executor: ids.ExecutorID(id32.Draw(t, "executor")), AppID: words.Draw(t, "app"), Conf: config.Draw(t, "conf"),
			Heartbeat: time.Duration(size.Draw(t, "beat")), Refused: words.Draw(t, "refused"),
		}
	}
	return d
}

// drawCopied draws a block that executors may copy.
func drawCopied(t *rapid.T) ids.BlockID {
	of, partition := id32.Draw(t, "of"), int(id32.Draw(t, "partition"))
	if rapid.Bool().Draw(t, "cached") {
		return ids.RDD(ids.RDDID(of), partition)
	}
	return ids.Output(ids.ShuffleID(of), partition, 0)
}

func drawLevel(t *rapid.T) task.Level { return task.Level(rapid.Byte().Draw(t, "level")) }

func drawReason(t *rapid.T) task.EndReason {
	r := task.EndReason{Fate: task.Fate(rapid.IntRange(1, 6).Draw(t, "fate"))}
	if r.Fate != task.Success {
		r.Error = &task.Error{
			Text: words.Draw(t, "text"), Type: words.Draw(t, "type"), Site: words.Draw(t, "site"), Stack: words.Draw(t, "stack"),
			Value: blob.Draw(t, "value"), Final: rapid.Bool().Draw(t, "final"), Panic: rapid.Bool().Draw(t, "panic"),
		}
	}
	if r.Fate == task.FetchFailed {
		r.Fetch = task.Fetch{
			Shuffle: ids.ShuffleID(id32.Draw(t, "shuffle")), Map: rapid.Int32Min(-1).Draw(t, "map"), Reduce: id32.Draw(t, "reduce"),
			Executor: ids.ExecutorID(rapid.Int32Min(-1).Draw(t, "executor")),
		}
	}
	return r
}

func drawEnd(t *rapid.T) task.End {
	n := func(what string) int64 { return size.Draw(t, what) }
	return task.End{
		Ref: taskRefs.Draw(t, "ref"), ID: ids.TaskID(n("id")), Reason: drawReason(t), Sizes: task.PackSizes(sizesOf(t, 3)), Digest: rapid.Uint64().Draw(t, "digest"), Result: blob.Draw(t, "result"),
		Stored: rapid.Bool().Draw(t, "stored"), ResultSize: n("result size"),
		Updates: list(t, rapid.Custom(func(t *rapid.T) task.Update {
			return task.Update{Accumulator: ids.AccumulatorID(id32.Draw(t, "accumulator")), Value: blob.Draw(t, "value")}
		}), "updates"),
		Metrics: task.Metrics{
			Started: time.Duration(n("started")), Run: time.Duration(n("run")), RowsIn: n("rows in"), RowsOut: n("rows out"),
			BytesRead: n("read"), ShuffleRead: n("shuffle read"), ShuffleReadRemote: n("remote"), ShuffleWritten: n("written"),
			SpilledMemory: n("spilled memory"), SpilledDisk: n("spilled"), PeakMemory: n("peak"), ResultSize: n("result"),
		},
	}
}

func drawUp(t *rapid.T) *Up {
	u := &Up{
		Calls: list(t, rapid.Custom(func(t *rapid.T) task.Call {
			call := task.Call{
				Ref: taskRefs.Draw(t, "ref"), ID: ids.TaskID(size.Draw(t, "id")), Seq: id32.Draw(t, "number"),
				Kind: task.CallKind(rapid.IntRange(1, 4).Draw(t, "kind")), Message: blob.Draw(t, "message"),
			}
			if call.Kind == task.Locate {
				call.Block = ids.RDD(ids.RDDID(id32.Draw(t, "rdd")), int(id32.Draw(t, "partition")))
			}
			return call
		}), "calls"),
		Ends: list(t, rapid.Custom(drawEnd), "ends"), Failure: words.Draw(t, "failure"),
		Copied: list(t, rapid.Custom(func(t *rapid.T) task.Copied {
			return task.Copied{
				Block: drawCopied(t), From: ids.ExecutorID(id32.Draw(t, "from")), Generation: id32.Draw(t, "generation"), Digest: rapid.Uint64().Draw(t, "digest"),
				Error: words.Draw(t, "error"),
			}
		}), "copied"),
		Leaving: words.Draw(t, "leaving"),
		Blocks: list(t, rapid.Custom(func(t *rapid.T) BlockChange {
			return BlockChange{
				ID: ids.RDD(ids.RDDID(id32.Draw(t, "rdd")), int(id32.Draw(t, "partition"))).OfGeneration(id32.Draw(t, "generation")), Size: size.Draw(t, "size"),
				InMemory: rapid.Bool().Draw(t, "in memory"), OnDisk: rapid.Bool().Draw(t, "on disk"), Level: drawLevel(t),
			}
		}), "blocks"),
	}
	if rapid.Bool().Draw(t, "hello") {
		u.Hello = &Hello{
			Identity: Identity{Image: words.Draw(t, "image"), BuildID: words.Draw(t, "build"), GOOS: words.Draw(t, "os"), GOARCH: words.Draw(t, "arch")},
			Executor: ids.ExecutorID(id32.Draw(t, "executor")), Secret: blob.Draw(t, "secret"), Host: words.Draw(t, "host"),
			Slots: rapid.IntRange(1, mostSlots).Draw(t, "slots"), Memory: size.Draw(t, "memory"), BlockAddr: string(blob.Draw(t, "addr")),
			PID: int(id32.Draw(t, "pid")),
		}
	}
	if rapid.Bool().Draw(t, "heartbeat") {
		u.Heartbeat = &Heartbeat{Running: list(t, taskRefs, "running"), Memory: size.Draw(t, "memory")}
		u.Heartbeat.RowsIn = sizesOf(t, len(u.Heartbeat.Running))
		u.Heartbeat.BytesIn = sizesOf(t, len(u.Heartbeat.Running))
	}
	return u
}

// throughDown and throughUp send a batch through its bytes.
func throughDown(batch ...*Down) (*Down, error) {
	bytes, err := proto.Marshal(EncodeDown(batch...))
	if err != nil {
		return nil, err
	}
	var m pb.Down
	if err := proto.Unmarshal(bytes, &m); err != nil {
		return nil, err
	}
	return DecodeDown(&m)
}

func throughUp(batch ...*Up) (*Up, error) {
	bytes, err := proto.Marshal(EncodeUp(batch...))
	if err != nil {
		return nil, err
	}
	var m pb.Up
	if err := proto.Unmarshal(bytes, &m); err != nil {
		return nil, err
	}
	return DecodeUp(&m)
}

func TestWhatIsSentIsReceived(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, u := drawDown(t), drawUp(t)
		if got, err := throughDown(d); err != nil || !reflect.DeepEqual(got, d) {
			t.Fatalf("sent %+v, got %+v, %v", d, got, err)
		}
		if got, err := throughUp(u); err != nil || !reflect.DeepEqual(got, u) {
			t.Fatalf("sent %+v, got %+v, %v", u, got, err)
		}
	})
}

// A receiver takes a message field by field. However messages are joined, orders of one kind keep their order, and no stage, launch,
// kill or copy changes places with what deletes.
func TestJoinedMessagesGiveDependentOrdersInTheSameOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		batch := rapid.SliceOfN(rapid.Custom(drawDown), 1, 5).Draw(t, "batch")
		limit := rapid.SampledFrom([]int{1, 1000, 1 << 20}).Draw(t, "limit")
		var apart, together []order
		for _, d := range batch {
			apart = append(apart, orders(d)...)
		}
		for rest := batch; len(rest) > 0; {
			n := JoinDown(rest, limit)
			got, err := throughDown(rest[:n]...)
			if err != nil {
				t.Fatal(err)
			}
			together = append(together, orders(got)...)
			rest = rest[n:]
		}
		for _, kinds := range []string{"welcome", "stage forget", "stage drop", "launch forget", "launch drop", "kill forget", "kill drop", "copy drop", "stop"} {
			if a, b := only(apart, kinds), only(together, kinds); !reflect.DeepEqual(a, b) {
				t.Fatalf("%v: apart %v, together %v", kinds, a, b)
			}
		}
	})
}

type order struct {
	kind string
	what any
}

// orders lists what a message says, as its receiver takes it.
func orders(d *Down) (all []order) {
	if d.Welcome != nil {
		all = append(all, order{"welcome", *d.Welcome})
	}
	for _, s := range d.Stages {
		all = append(all, order{"stage", *s})
	}
	for _, l := range d.Launches {
		all = append(all, order{"launch", l})
	}
	for _, k := range d.Kills {
		all = append(all, order{"kill", k})
	}
	for _, r := range d.Replies {
		all = append(all, order{"reply", r})
	}
	for _, f := range d.Forget {
		all = append(all, order{"forget", f})
	}
	for _, x := range d.Copies {
		all = append(all, order{"copy", x})
	}
	for _, x := range d.Drop {
		all = append(all, order{"drop", x})
	}
	if d.Stop {
		all = append(all, order{"stop", nil})
	}
	return all
}

func only(all []order, kinds string) (some []order) {
	for _, o := range all {
		if strings.Contains(kinds, o.kind) {
			some = append(some, o)
		}
	}
	return some
}

func TestJoinedUpsKeepAllEndsAndTheLastHeartbeat(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		batch := rapid.SliceOfN(rapid.Custom(drawUp), 1, 5).Draw(t, "batch")
		var ends, gotEnds []task.End
		var beat, gotBeat *Heartbeat
		for _, u := range batch {
			ends = append(ends, u.Ends...)
			if u.Heartbeat != nil {
				beat = u.Heartbeat
			}
		}
		for rest := batch; len(rest) > 0; {
			n := JoinUp(rest, 1000)
			got, err := throughUp(rest[:n]...)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got.Hello, rest[0].Hello) || got.Failure != rest[n-1].Failure {
				t.Fatalf("hello %v, failure %q of %+v", got.Hello, got.Failure, rest[:n])
			}
			gotEnds = append(gotEnds, got.Ends...)
			if got.Heartbeat != nil {
				gotBeat = got.Heartbeat
			}
			rest = rest[n:]
		}
		if !reflect.DeepEqual(ends, gotEnds) || !reflect.DeepEqual(beat, gotBeat) {
			t.Fatalf("sent %v and %v, got %v and %v", ends, beat, gotEnds, gotBeat)
		}
	})
}

func TestJoiningStopsAtTheLimit(t *testing.T) {
	big := &Down{Launches: []task.Launch{{Split: make([]byte, 1000)}}}
	if n := JoinDown([]*Down{big, big, big, big}, 2500); n != 2 {
		t.Errorf("%d messages of about 1100 bytes were joined up to 2500", n)
	}
	if n := JoinDown([]*Down{big, big}, 1); n != 1 {
		t.Errorf("%d messages were joined, where each alone is too large", n)
	}
}

func TestACopyDoesNotOvertakeTheDropOfWhatItIsOf(t *testing.T) {
	drop, copies := &Down{Drop: []Drop{{Kind: ids.RDDBlock, ID: 1}}}, &Down{Copies: []task.Copy{{Block: ids.RDD(1, 2)}}}
	if n := JoinDown([]*Down{drop, copies}, 1000); n != 1 {
		t.Error("a drop and a copy of what is made anew travel as one")
	}
	if n := JoinDown([]*Down{copies, drop}, 1000); n != 2 {
		t.Error("a copy and a drop that stops it do not travel as one")
	}
}

func TestTextNeedNotBeUTF8(t *testing.T) {
	u := &Up{Failure: "bad \xff byte", Ends: []task.End{{Reason: task.EndReason{Fate: task.Failed, Error: &task.Error{Text: "\xc3("}}}}}
	got, err := throughUp(u)
	if err != nil || got.Failure != "bad \uFFFD byte" || got.Ends[0].Reason.Error.Text != "\uFFFD(" {
		t.Fatalf("got %+v, %v", got, err)
	}
}

func TestAFateOtherThanSuccessAlwaysHasAnError(t *testing.T) {
	got, err := throughUp(&Up{Ends: []task.End{{Reason: task.EndReason{Fate: task.Lost}}}})
	if err != nil || got.Ends[0].Reason.Error.Error() != "lost" {
		t.Fatalf("got %+v, %v", got, err)
	}
}

func TestImpossibleValuesAreRefused(t *testing.T) {
	down := map[string]*Down{
		"negative stage":          {Launches: []task.Launch{{Ref: ids.TaskRef{StageRef: ids.StageRef{Stage: -1}}}}},
		"negative attempt":        {Forget: []ids.StageRef{{Attempt: -1}}},
		"negative partition":      {Kills: []task.Kill{{Ref: ids.TaskRef{Partition: -1}}}},
		"negative task id":        {Launches: []task.Launch{{ID: -1}}},
		"negative reduces":        {Stages: []*task.Stage{{Reduces: -1}}},
		"absurd reduces":          {Stages: []*task.Stage{{Reduces: 1 << 40}}},
		"negative slots":          {Stages: []*task.Stage{{Slots: -1}}},
		"copy below driver":       {Stages: []*task.Stage{{Inputs: []task.Input{{Outputs: []task.MapOutput{{Copies: []task.Location{{Executor: -2}}}}}}}}},
		"inputs twice":            {Stages: []*task.Stage{{Listed: true, Inputs: []task.Input{{Reduces: 1}}}}},
		"negative generation":     {Stages: []*task.Stage{{Generation: -1}}},
		"executor below driver":   {Stages: []*task.Stage{{Inputs: []task.Input{{Outputs: []task.MapOutput{{Executor: -2}}}}}}},
		"unknown kind":            {Drop: []Drop{{Kind: 9}}},
		"no kind":                 {Drop: []Drop{{}}},
		"copy of a broadcast":     {Copies: []task.Copy{{Block: ids.Broadcast(1, 2)}}},
		"huge rdd id":             {Drop: []Drop{{Kind: ids.RDDBlock, ID: 1 << 40}}},
		"negative reply":          {Replies: []task.Reply{{Seq: -1}}},
		"negative interval":       {Welcome: &Welcome{Heartbeat: -1}},
		"no address":              {Launches: []task.Launch{{Resources: []task.Resource{{Name: "gpu"}}}}},
		"negative cached RDD":     {Stages: []*task.Stage{{Cached: []task.Cached{{RDD: -1}}}}},
		"cached before the first": {Stages: []*task.Stage{{Cached: []task.Cached{{Generation: -1}}}}},
		"cached nowhere":          {Replies: []task.Reply{{Places: []task.Location{{Executor: -2}}}}},
	}
	for name, d := range down {
		if got, err := throughDown(d); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	up := map[string]*Up{
		"no slots":             {Hello: &Hello{}},
		"absurd slots":         {Hello: &Hello{Slots: 1 << 33}},
		"negative memory":      {Hello: &Hello{Slots: 1, Memory: -1}},
		"the driver's own id":  {Hello: &Hello{Slots: 1, Executor: ids.Driver}},
		"negative profile":     {Hello: &Hello{Slots: 1, Profile: -1}},
		"nameless resource":    {Hello: &Hello{Slots: 1, Resources: []task.Resource{{Addresses: []string{"0"}}}}},
		"resource twice":       {Hello: &Hello{Slots: 1, Resources: slices.Repeat([]task.Resource{{Name: "gpu", Addresses: []string{"0"}}}, 2)}},
		"too many resources":   {Hello: &Hello{Slots: 1, Resources: make([]task.Resource, mostResources+1)}},
		"too many addresses":   {Hello: &Hello{Slots: 1, Resources: []task.Resource{{Name: "gpu", Addresses: make([]string, mostAddresses+1)}}}},
		"no fate":              {Ends: []task.End{{}}},
		"unknown fate":         {Ends: []task.End{{Reason: task.EndReason{Fate: 77}}}},
		"false exact size":     {Ends: []task.End{{Reason: task.EndReason{Fate: task.Success}, Sizes: task.Sizes{Codes: []byte{1}, Exact: []task.ExactSize{{Bytes: task.ExactFrom}}}}}},
		"negative metric":      {Ends: []task.End{{Reason: task.EndReason{Fate: task.Success}, Metrics: task.Metrics{RowsIn: -1}}}},
		"negative time":        {Ends: []task.End{{Reason: task.EndReason{Fate: task.Success}, Metrics: task.Metrics{Run: -1}}}},
		"negative result size": {Ends: []task.End{{Reason: task.EndReason{Fate: task.Success}, ResultSize: -1}}},
		"fetch of map -2":      {Ends: []task.End{{Reason: task.EndReason{Fate: task.FetchFailed, Fetch: task.Fetch{Map: -2}}}}},
		"unknown call":         {Calls: []task.Call{{Kind: 77}}},
		"negative call":        {Calls: []task.Call{{Kind: task.Meet, Seq: -1}}},
		"negative partition":   {Calls: []task.Call{{Kind: task.Locate, Block: ids.RDD(1, -1)}}},
		"negative block":       {Blocks: []BlockChange{{ID: ids.RDD(-1, 0)}}},
		"negative generation":  {Blocks: []BlockChange{{ID: ids.RDD(1, 0).OfGeneration(-1)}}},
		"rows of other tasks":  {Heartbeat: &Heartbeat{RowsIn: []int64{1}}},
		"bytes of other tasks": {Heartbeat: &Heartbeat{Running: make([]ids.TaskRef, 2), BytesIn: []int64{1}}},
	}
	for name, u := range up {
		if got, err := throughUp(u); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if _, err := DecodeUp(pb.Up_builder{Ends: []*pb.End{pb.End_builder{Fate: pb.Fate_FATE_FETCH_FAILED}.Build()}}.Build()); !errors.Is(err, ErrMalformed) {
		t.Errorf("a failed fetch of nothing: %v", err)
	}
	twice := []*pb.Setting{pb.Setting_builder{Key: []byte("k")}.Build(), pb.Setting_builder{Key: []byte("k")}.Build()}
	if _, err := DecodeDown(pb.Down_builder{Welcome: pb.Welcome_builder{Conf: twice}.Build()}.Build()); !errors.Is(err, ErrMalformed) {
		t.Errorf("a setting that comes twice: %v", err)
	}
}
