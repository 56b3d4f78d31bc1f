package wire

import (
	"encoding/hex"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
	pb "github.com/kilnproject/kiln/internal/link/wire/controlpb"
)

var rewrite = flag.Bool("rewrite", false, "write testdata anew")

var exampleMessages = [][]byte{[]byte("a"), []byte("b")}

// exampleDown and exampleUp have something in every field.
var exampleDown = &Down{
	Welcome: &Welcome{Executor: 2, AppID: "app-1", Conf: map[string]string{"kiln.b": "2", "kiln.a": "1"}, Heartbeat: 10 * time.Second},
	Stages: []*task.Stage{{
		Ref: ids.StageRef{Stage: 3, Attempt: 1}, Job: 4, Body: []byte("body"), Shuffle: 5, IsMap: true, Reduces: 2, Generation: 6,
		Inputs: []task.Input{{Shuffle: 4, Reduces: 3, Outputs: []task.MapOutput{
			{Executor: 0, Addr: "unix:///a", Sizes: task.PackSizes([]int64{0, 300, task.ExactFrom})}, {Executor: ids.Driver},
			{Executor: 0, Addr: "unix:///a", Sizes: task.PackSizes([]int64{7, 0, 0}), Copies: []task.Location{{Executor: 1, Addr: "unix:///b"}}},
		}}},
		Props: map[string]string{"group": "g"}, Hosts: []string{"h0", "h1"},
		Slots: 2, Cached: []task.Cached{{RDD: 8, Generation: 2, Somewhere: true}, {RDD: 9}},
	}},
	Launches: []task.Launch{{Ref: ids.TaskRef{StageRef: ids.StageRef{Stage: 3, Attempt: 1}, Partition: 9, Try: 2}, ID: 77, Split: []byte("split"), Resources: []task.Resource{{Name: "gpu", Addresses: []string{"0", "1"}}}}},
	Kills:    []task.Kill{{Ref: ids.TaskRef{StageRef: ids.StageRef{Stage: 2}, Partition: 1}, Reason: "another attempt succeeded"}},
	Replies: []task.Reply{
		{Ref: ids.TaskRef{Partition: 3}, Seq: 1, Refused: "no", Messages: exampleMessages, Places: []task.Location{{Executor: 4, Addr: "unix:///d"}}}, {Ref: ids.TaskRef{Partition: 4}, Messages: exampleMessages},
	},
	Forget: []ids.StageRef{{Stage: 1, Attempt: 0}},
	Drop:   []Drop{{Kind: ids.ShuffleBlock, ID: 4}},
	Copies: []task.Copy{{Block: ids.Output(4, 2, 0), From: task.Location{Executor: 1, Addr: "unix:///b"}, Reduces: 3, Generation: 6, Digest: 1 << 62}, {Block: ids.RDD(8, 3), Generation: 1, Level: 7}},
	Stop:   true,
}

var exampleUp = &Up{
	Hello: &Hello{
		Identity: Identity{Image: "ab12", BuildID: "b", GOOS: "linux", GOARCH: "amd64"}, Executor: 2, Secret: []byte("s"), Host: "h",
		Slots: 4, Memory: 1 << 30, BlockAddr: "unix:///c", PID: 4321, Profile: 7,
		Resources: []task.Resource{{Name: "fpga", Addresses: []string{"a"}}, {Name: "gpu", Addresses: []string{"0", "1", "2"}}},
	},
	Calls: []task.Call{{Ref: ids.TaskRef{Partition: 3}, ID: 79, Seq: 1, Kind: task.Gather, Message: []byte("m")}, {Kind: task.Locate, Block: ids.RDD(8, 3)}},
	Ends: []task.End{
		{
			Ref: ids.TaskRef{StageRef: ids.StageRef{Stage: 3}, Partition: 9}, ID: 77, Reason: task.EndReason{Fate: task.Success},
			Sizes: task.PackSizes([]int64{1, 0, 1 << 30}), Digest: 1 << 63, Result: []byte("r"), Stored: true, ResultSize: 1,
			Updates: []task.Update{{Accumulator: 6, Value: []byte("u")}},
			Metrics: task.Metrics{Started: 1, Run: 2, RowsIn: 3, RowsOut: 4, BytesRead: 5, ShuffleRead: 6, ShuffleReadRemote: 7,
				ShuffleWritten: 8, SpilledMemory: 9, SpilledDisk: 10, PeakMemory: 11, ResultSize: 12},
		},
		{ID: 78, Reason: task.EndReason{
			Fate: task.FetchFailed, Fetch: task.Fetch{Shuffle: 4, Map: -1, Reduce: 2, Executor: 1},
			Error: &task.Error{Text: "t", Type: "*T", Site: "main.go:1", Stack: "s", Value: []byte("v"), Final: true, Panic: true},
		}},
	},
	Copied:    []task.Copied{{Block: ids.Output(4, 2, 0), From: 1, Generation: 6, Digest: 1 << 62, Error: "e"}},
	Leaving:   "SIGTERM",
	Heartbeat: &Heartbeat{Running: []ids.TaskRef{{Partition: 1}}, RowsIn: []int64{1000}, BytesIn: []int64{70}, Memory: 5},
	Blocks:    []BlockChange{{ID: ids.RDD(8, 3).OfGeneration(1), Size: 100, InMemory: true, OnDisk: true, Level: 7}},
	Failure:   "out of luck",
}

// The bytes are those of docs/wire.md's schema: a change here is a change of the protocol.
func TestBytesAreAsTheyWere(t *testing.T) {
	for name, m := range map[string]proto.Message{"down": EncodeDown(exampleDown), "up": EncodeUp(exampleUp)} {
		bytes, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		path := "testdata/" + name + ".hex"
		if *rewrite {
			if err := os.WriteFile(path, []byte(hex.EncodeToString(bytes)+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(bytes); got != strings.TrimSpace(string(want)) {
			t.Errorf("%s is\n%s\nand was\n%s", name, got, want)
		}
	}
}

// A message of a version that knows more fields is still read.
func TestUnknownFieldsAreIgnored(t *testing.T) {
	bytes, err := proto.Marshal(EncodeDown(launchOf(3)))
	if err != nil {
		t.Fatal(err)
	}
	bytes = append(bytes, 0xfa, 0x3f, 3, 'n', 'e', 'w') // field 1023: three bytes
	var m pb.Down
	if err := proto.Unmarshal(bytes, &m); err != nil {
		t.Fatal(err)
	}
	if got, err := DecodeDown(&m); err != nil || !reflect.DeepEqual(got, launchOf(3)) {
		t.Fatalf("got %+v, %v", got, err)
	}
}

func launchOf(partition int32) *Down {
	return &Down{Launches: []task.Launch{{Ref: ids.TaskRef{Partition: partition}, ID: 5}}}
}

func FuzzDecode(f *testing.F) {
	for _, m := range []proto.Message{EncodeDown(exampleDown), EncodeUp(exampleUp), EncodeDown(launchOf(1))} {
		bytes, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(bytes)
	}
	f.Fuzz(func(t *testing.T, bytes []byte) {
		var down pb.Down
		if proto.Unmarshal(bytes, &down) == nil {
			if d, err := DecodeDown(&down); err == nil {
				if again, err := throughDown(d); err != nil || !reflect.DeepEqual(again, d) {
					t.Fatalf("%+v became %+v, %v", d, again, err)
				}
			}
		}
		var up pb.Up
		if proto.Unmarshal(bytes, &up) == nil {
			if u, err := DecodeUp(&up); err == nil {
				if again, err := throughUp(u); err != nil || !reflect.DeepEqual(again, u) {
					t.Fatalf("%+v became %+v, %v", u, again, err)
				}
			}
		}
	})
}

// BenchmarkStageOf1000Maps1000Reduces is the largest message of a usual job.
func BenchmarkStageOf1000Maps1000Reduces(b *testing.B) {
	d := &Down{Stages: []*task.Stage{{Inputs: []task.Input{largeInput(1000)}}}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := throughDown(d); err != nil {
			b.Fatal(err)
		}
	}
	bytes, _ := proto.Marshal(EncodeDown(d))
	b.ReportMetric(float64(len(bytes)), "bytes")
}
