package wire

import (
	"math"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
	pb "github.com/kilnproject/kiln/internal/link/wire/controlpb"
)

func encodeInputs(from []task.Input) []*pb.Input {
	if len(from) == 0 {
		return nil
	}
	to := make([]*pb.Input, len(from))
	for i := range from {
		to[i] = encodeInput(&from[i])
	}
	return to
}

// encodeInput names each place once: thousands of map outputs lie on a few executors.
func encodeInput(in *task.Input) *pb.Input {
	b := pb.Input_builder{
		Shuffle: int32(in.Shuffle), Reduces: narrow(in.Reduces),
		Outputs: make([]uint32, len(in.Outputs)), Sizes: make([]byte, 0, bytesOfSizes(in)),
	}
	known := map[task.Location]uint32{}
	place := func(l task.Location) uint32 {
		at, ok := known[l]
		if !ok {
			at = uint32(len(b.Places))
			known[l] = at
			b.Places = append(b.Places, pb.Place_builder{Executor: int32(l.Executor), Addr: []byte(l.Addr)}.Build())
		}
		return at
	}
	for m := range in.Outputs {
		out := &in.Outputs[m]
		b.Outputs[m] = place(task.Location{Executor: out.Executor, Addr: out.Addr})
		if len(out.Sizes.Codes) == 0 {
			b.Empty = append(b.Empty, uint32(m))
		}
		b.Sizes = append(b.Sizes, out.Sizes.Codes...)
		b.Exact = encodeExact(b.Exact, uint32(m), out.Sizes.Exact)
		for _, c := range out.Copies {
			b.Also = append(b.Also, pb.Also_builder{Map: uint32(m), Place: place(c)}.Build())
		}
	}
	return b.Build()
}

func encodeExact(to []*pb.ExactSize, m uint32, all []task.ExactSize) []*pb.ExactSize {
	for _, e := range all {
		to = append(to, pb.ExactSize_builder{Map: m, Reduce: uint32(e.Reduce), Bytes: e.Bytes}.Build())
	}
	return to
}

func bytesOfSizes(in *task.Input) (n int) {
	for m := range in.Outputs {
		n += len(in.Outputs[m].Sizes.Codes)
	}
	return n
}

// WeightOfInputs is about how many bytes inputs take in a message.
func WeightOfInputs(all []task.Input) (n int) {
	for i := range all {
		in := &all[i]
		n += 32 + 2*len(in.Outputs) + bytesOfSizes(in)
		for m := range in.Outputs {
			n += 6*len(in.Outputs[m].Copies) + 16*len(in.Outputs[m].Sizes.Exact)
		}
	}
	return n
}

func (c *checker) inputs(from []*pb.Input) []task.Input {
	if len(from) == 0 {
		return nil
	}
	to := make([]task.Input, len(from))
	for i, in := range from {
		to[i] = c.input(in)
	}
	return to
}

// input shares the sizes with the message: one slice for all map outputs.
func (c *checker) input(in *pb.Input) task.Input {
	to := task.Input{Shuffle: ids.ShuffleID(c.id32("a shuffle id", in.GetShuffle())), Reduces: c.reduces(in.GetReduces())}
	places := make([]task.Location, len(in.GetPlaces()))
	for i, p := range in.GetPlaces() {
		places[i] = task.Location{Executor: c.executor(p.GetExecutor()), Addr: string(p.GetAddr())}
	}
	place := func(at uint32) task.Location {
		if int64(at) < int64(len(places)) {
			return places[at]
		}
		c.refuse("a map output is at place %d of %d", at, len(places))
		return task.Location{Executor: ids.Driver}
	}
	to.Outputs = make([]task.MapOutput, len(in.GetOutputs()))
	for m, at := range in.GetOutputs() {
		l := place(at)
		to.Outputs[m].Executor, to.Outputs[m].Addr = l.Executor, l.Addr
	}
	c.codes(&to, in.GetEmpty(), in.GetSizes())
	c.exact(&to, in.GetExact())
	last := uint32(0)
	for _, x := range in.GetAlso() {
		out := c.outputOf(&to, "a copy", last, x.GetMap())
		if out == nil {
			break
		}
		last = x.GetMap()
		out.Copies = append(out.Copies, place(x.GetPlace()))
	}
	return to
}

// codes gives each map output its part of the sizes.
func (c *checker) codes(to *task.Input, empty []uint32, sizes []byte) {
	full := int64(len(to.Outputs) - len(empty))
	if full < 0 || full*int64(to.Reduces) != int64(len(sizes)) || full > 0 && to.Reduces == 0 {
		c.refuse("%d map outputs, %d of them empty, have %d sizes for %d reduce partitions each", len(to.Outputs), len(empty), len(sizes), to.Reduces)
		return
	}
	for m := range to.Outputs {
		if len(empty) > 0 && empty[0] == uint32(m) {
			empty = empty[1:]
			continue
		}
		if len(sizes) == 0 {
			break
		}
		to.Outputs[m].Sizes.Codes, sizes = sizes[:to.Reduces:to.Reduces], sizes[to.Reduces:]
	}
	if len(empty) > 0 {
		c.refuse("map output %d of %d is empty, which makes no sense there", empty[0], len(to.Outputs))
	}
}

// exact gives map outputs the exact sizes of what is large.
func (c *checker) exact(to *task.Input, all []*pb.ExactSize) {
	last := uint32(0)
	for len(all) > 0 {
		out := c.outputOf(to, "an exact size", last, all[0].GetMap())
		if out == nil {
			return
		}
		last = all[0].GetMap()
		n := 1
		for n < len(all) && all[n].GetMap() == last {
			n++
		}
		out.Sizes = c.sizesOf(out.Sizes.Codes, all[:n])
		all = all[n:]
	}
}

// sizesOf takes the sizes of one map output. The codes are kept, not copied.
func (c *checker) sizesOf(codes []byte, all []*pb.ExactSize) task.Sizes {
	s := task.Sizes{Codes: some(codes)}
	c.between("the number of sizes of a map output", int64(len(codes)), 0, mostReduces)
	if len(all) > 0 {
		s.Exact = make([]task.ExactSize, len(all))
	}
	for i, x := range all {
		s.Exact[i] = task.ExactSize{Reduce: int32(min(x.GetReduce(), math.MaxInt32)), Bytes: x.GetBytes()}
	}
	if err := s.Check(len(codes)); err != nil {
		c.refuse("a map output has %v", err)
	}
	return s
}

// outputOf gives a map output that something is about, or nil when there is none, or it comes before the last one.
func (c *checker) outputOf(in *task.Input, what string, last, at uint32) *task.MapOutput {
	if at < last || int64(at) >= int64(len(in.Outputs)) || at > math.MaxInt32 {
		c.refuse("%s is of map output %d of %d, behind %d", what, at, len(in.Outputs), last)
		return nil
	}
	return &in.Outputs[at]
}
