package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched/mapout"
	"github.com/kilnproject/kiln/internal/core/task"
	pb "github.com/kilnproject/kiln/internal/link/wire/controlpb"
)

func TestAListingComesBackAsItWent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		inputs := list(t, input, "inputs")
		data, err := EncodeListing(inputs)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := DecodeListing(data); err != nil || !reflect.DeepEqual(got, inputs) {
			t.Fatalf("%+v became %+v, %v", inputs, got, err)
		}
	})
}

// What readers are told, inline or by a listing, is what the scheduler's own table says.
func TestReadersSeeWhatTheTableHas(t *testing.T) {
	bytes := rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(0, 1000), rapid.Int64Range(task.ExactFrom-2, task.ExactFrom+2), rapid.Int64Range(0, 1<<40))
	rapid.Check(t, func(t *rapid.T) {
		maps, reduces := rapid.IntRange(0, 6).Draw(t, "maps"), rapid.IntRange(1, 5).Draw(t, "reduces")
		table := mapout.New().Open(3, maps, reduces)
		for m := range int32(maps) {
			for e := range ids.ExecutorID(3) {
				if rapid.Bool().Draw(t, "written") {
					table.Add(m, e, task.PackSizes(rapid.SliceOfN(bytes, reduces, reduces).Draw(t, "bytes")), uint64(m)+1)
				}
			}
		}
		down, err := throughDown(&Down{Stages: []*task.Stage{{Inputs: []task.Input{table.Input()}}}})
		if err != nil {
			t.Fatal(err)
		}
		data, err := EncodeListing([]task.Input{table.Input()})
		if err != nil {
			t.Fatal(err)
		}
		listed, err := DecodeListing(data)
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range []task.Input{down.Stages[0].Inputs[0], listed[0]} {
			compareInput(t, &in, table)
		}
	})
}

func compareInput(t *rapid.T, in *task.Input, table *mapout.Shuffle) {
	totals := make([]int64, table.Reduces())
	for m := range in.Outputs {
		out := &in.Outputs[m]
		var holders []ids.ExecutorID
		if out.Executor != ids.Driver {
			holders = append(holders, out.Executor)
		}
		for _, c := range out.Copies {
			holders = append(holders, c.Executor)
		}
		if want := table.Holders(int32(m)); !reflect.DeepEqual(holders, want) {
			t.Fatalf("output %d is on %v, and readers see %v", m, want, holders)
		}
		for r := range totals {
			totals[r] += out.Sizes.At(r)
		}
	}
	if len(in.Outputs) != table.Maps() || in.Reduces != table.Reduces() || !reflect.DeepEqual(totals, table.Totals()) {
		t.Fatalf("the table has %d outputs with %v bytes, and readers see %d with %v", table.Maps(), table.Totals(), len(in.Outputs), totals)
	}
}

func TestListingsThatCanNotBeAreRefused(t *testing.T) {
	place := []*pb.Place{pb.Place_builder{}.Build()}
	exact := func(m, r uint32, n int64) *pb.ExactSize {
		return pb.ExactSize_builder{Map: m, Reduce: r, Bytes: n}.Build()
	}
	at := func(m, p uint32) *pb.Also { return pb.Also_builder{Map: m, Place: p}.Build() }
	large := task.CodeOf(task.ExactFrom)
	for name, b := range map[string]pb.Input_builder{
		"place outside of the table":    {Outputs: []uint32{0}, Empty: []uint32{0}},
		"executor below the driver":     {Places: []*pb.Place{pb.Place_builder{Executor: -2}.Build()}},
		"too few sizes":                 {Reduces: 2, Places: place, Outputs: []uint32{0}, Sizes: []byte{1}},
		"too many sizes":                {Reduces: 2, Places: place, Outputs: []uint32{0}, Sizes: []byte{1, 2, 3}},
		"sizes of nobody":               {Reduces: 1, Sizes: []byte{1}},
		"neither sizes nor empty":       {Places: place, Outputs: []uint32{0}},
		"more empty ones than there be": {Reduces: 1, Places: place, Outputs: []uint32{0}, Empty: []uint32{0, 1}},
		"empty ones out of order":       {Reduces: 1, Places: place, Outputs: []uint32{0, 0, 0}, Empty: []uint32{1, 0}, Sizes: []byte{1}},
		"an empty one that is not":      {Reduces: 1, Places: place, Outputs: []uint32{0, 0}, Empty: []uint32{7}, Sizes: []byte{1}},
		"an exact size of no output":    {Reduces: 1, Places: place, Outputs: []uint32{0}, Sizes: []byte{large}, Exact: []*pb.ExactSize{exact(1, 0, task.ExactFrom)}},
		"an exact size of no partition": {Reduces: 1, Places: place, Outputs: []uint32{0}, Sizes: []byte{large}, Exact: []*pb.ExactSize{exact(0, 1, task.ExactFrom)}},
		"an exact size of nothing":      {Reduces: 1, Places: place, Outputs: []uint32{0}, Empty: []uint32{0}, Exact: []*pb.ExactSize{exact(0, 0, task.ExactFrom)}},
		"an exact size that is small":   {Reduces: 1, Places: place, Outputs: []uint32{0}, Sizes: []byte{1}, Exact: []*pb.ExactSize{exact(0, 0, 1)}},
		"a size with another's code":    {Reduces: 1, Places: place, Outputs: []uint32{0}, Sizes: []byte{1}, Exact: []*pb.ExactSize{exact(0, 0, task.ExactFrom)}},
		"an exact size twice":           {Reduces: 1, Places: place, Outputs: []uint32{0}, Sizes: []byte{large}, Exact: []*pb.ExactSize{exact(0, 0, task.ExactFrom), exact(0, 0, task.ExactFrom)}},
		"a copy of no output":           {Reduces: 1, Places: place, Outputs: []uint32{0}, Sizes: []byte{1}, Also: []*pb.Also{at(1, 0)}},
		"a copy at no place":            {Reduces: 1, Places: place, Outputs: []uint32{0}, Sizes: []byte{1}, Also: []*pb.Also{at(0, 1)}},
		"copies out of order":           {Reduces: 1, Places: place, Outputs: []uint32{0, 0}, Sizes: []byte{1, 1}, Also: []*pb.Also{at(1, 0), at(0, 0)}},
		"absurdly many partitions":      {Reduces: 1 << 30},
	} {
		in := b.Build()
		raw, err := proto.Marshal(pb.Inputs_builder{Inputs: []*pb.Input{in}}.Build())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := DecodeListing(compressed(t, raw)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s in a listing: %+v, %v", name, got, err)
		}
		m := pb.Down_builder{Stages: []*pb.Stage{pb.Stage_builder{Inputs: []*pb.Input{in}}.Build()}}.Build()
		if got, err := DecodeDown(m); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s in a stage: %+v, %v", name, got, err)
		}
	}
}

func compressed(t testing.TB, raw []byte) []byte {
	data, err := compress(raw)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// A few bytes that claim to be many make no room for them.
func TestAListingTakesNoMoreRoomThanItsBytesCanMean(t *testing.T) {
	bomb := compressed(t, make([]byte, 64<<20))
	claim := func(size uint64) []byte { // a frame that says so many bytes, and has none
		return binary.LittleEndian.AppendUint64([]byte{0x28, 0xb5, 0x2f, 0xfd, 0xe0}, size)
	}
	small := compressed(t, make([]byte, 1<<10))
	for name, data := range map[string][]byte{
		"a bomb": bomb, "a claim": claim(mostListing), "a claim beyond all": claim(math.MaxUint64), "nothing": nil, "no frame": []byte("no frame"), "half of it": small[:len(small)/2],
		"one and a half": append(bytes.Clone(small), small[:len(small)/2]...),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if got, err := DecodeListing(data); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 16<<20+uint64(mostRatio*len(data)) {
			t.Errorf("%s of %d bytes took %d", name, len(data), took)
		}
	}
}

func FuzzDecodeListing(f *testing.F) {
	for _, inputs := range [][]task.Input{nil, exampleDown.Stages[0].Inputs} {
		data, err := EncodeListing(inputs)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, false)
		raw, err := proto.Marshal(pb.Inputs_builder{Inputs: encodeInputs(inputs)}.Build())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw, true)
	}
	f.Fuzz(func(t *testing.T, data []byte, raw bool) {
		if raw { // so that the checks behind the compression are reached
			data = compressed(t, data)
		}
		inputs, err := DecodeListing(data)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		again, err := EncodeListing(inputs)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := DecodeListing(again); err != nil || !reflect.DeepEqual(got, inputs) {
			t.Fatalf("%+v became %+v, %v", inputs, got, err)
		}
	})
}

// BenchmarkListingOf1000Maps1000Reduces is what the driver does once for a stage attempt, and each executor once.
func BenchmarkListingOf1000Maps1000Reduces(b *testing.B) {
	for name, in := range map[string]task.Input{"even": evenInput(1000), "uneven": largeInput(1000), "even200": evenInput(200)} {
		data, err := EncodeListing([]task.Input{in})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name+"/encode", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := EncodeListing([]task.Input{in}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(data)), "bytes")
		})
		b.Run(name+"/decode", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := DecodeListing(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// evenInput has segments of about the same size, as hashing makes them.
func evenInput(n int) task.Input {
	chance := rand.New(rand.NewPCG(1, 2))
	return inputOf(n, func(int, int) int64 { return 10_000 + int64(chance.NormFloat64()*300) })
}

// largeInput has segments of many sizes.
func largeInput(n int) task.Input {
	return inputOf(n, func(m, r int) int64 { return int64(100 + (m*r)%5000) })
}

func inputOf(n int, size func(m, r int) int64) task.Input {
	in := task.Input{Reduces: n}
	for m := range n {
		sizes := make([]int64, n)
		for r := range sizes {
			sizes[r] = size(m, r)
		}
		in.Outputs = append(in.Outputs, task.MapOutput{Executor: ids.ExecutorID(m % 10), Addr: "unix:///tmp/x/" + string(rune('a'+m%10)), Sizes: task.PackSizes(sizes)})
	}
	return in
}
