package wire

import (
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/proto"

	"github.com/kilnproject/kiln/internal/core/task"
	pb "github.com/kilnproject/kiln/internal/link/wire/controlpb"
)

const (
	mostListing = 1 << 30 // bytes of a listing before compression
	mostRatio   = 1 << 16 // how many times as large as its compressed form a listing may say that it is
)

// Neighbours in a list of sizes are alike: the entropy coder alone makes a third or less of them.
var listingEncoders = sync.Pool{New: func() any {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false), zstd.WithSingleSegment(true))
	if err != nil {
		panic(err) // the options are constant
	}
	return e
}}

var listingDecoders = sync.Pool{New: func() any {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(mostListing))
	if err != nil {
		panic(err)
	}
	return d
}}

// EncodeListing gives the inputs of a stage the bytes of the block ids.Inputs: one zstd frame, which says how long its content is.
func EncodeListing(inputs []task.Input) ([]byte, error) {
	raw, err := proto.Marshal(pb.Inputs_builder{Inputs: encodeInputs(inputs)}.Build())
	if err != nil {
		return nil, fmt.Errorf("encoding where map outputs lie: %w", err)
	}
	if len(raw) > mostListing {
		return nil, fmt.Errorf("where map outputs lie takes %d bytes, and %d are the most: use fewer partitions", len(raw), mostListing)
	}
	e := listingEncoders.Get().(*zstd.Encoder)
	defer listingEncoders.Put(e)
	return e.EncodeAll(raw, nil), nil
}

// DecodeListing reads what EncodeListing wrote, and checks it as DecodeDown does. The error wraps ErrMalformed.
func DecodeListing(data []byte) ([]task.Input, error) {
	var head zstd.Header
	if err := head.Decode(data); err != nil {
		return nil, fmt.Errorf("%w: a listing of map outputs: %w", ErrMalformed, err)
	}
	size := head.FrameContentSize
	if !head.HasFCS || size > mostListing || size > mostRatio*uint64(len(data)) {
		return nil, fmt.Errorf("%w: a listing of map outputs has %d bytes and says that it is %d long", ErrMalformed, len(data), size)
	}
	d := listingDecoders.Get().(*zstd.Decoder)
	raw, err := d.DecodeAll(data, make([]byte, 0, size))
	listingDecoders.Put(d)
	if err == nil && uint64(len(raw)) != size {
		err = fmt.Errorf("%d bytes, and not %d as it says", len(raw), size)
	}
	var m pb.Inputs
	if err == nil {
		err = proto.Unmarshal(raw, &m)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: a listing of map outputs: %w", ErrMalformed, err)
	}
	var c checker
	inputs := c.inputs(m.GetInputs())
	return inputs, c.err
}
