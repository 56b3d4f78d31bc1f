package wire

import (
	"fmt"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/proto"

	"github.com/kilnproject/kiln/internal/core/task"
	pb "github.com/kilnproject/kiln/internal/link/wire/controlpb"
)

const (
	mostListing = 1 << 30 // bytes of a listing before compression
	mostRatio   = 1 << 16 // how many times as large as its compressed form a listing may say that it is

	listingWindow = 128 << 10 // how far back the compression looks
)

// compress makes one zstd frame, which says how long its content is. Sizes of map outputs are alike: the entropy coder leaves a third
// of them or less. A listing is encoded once for a stage attempt, so that the encoder is not kept.
func compress(raw []byte) ([]byte, error) {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithSingleSegment(true), zstd.WithWindowSize(listingWindow))
	if err != nil {
		return nil, fmt.Errorf("compressing where map outputs lie: %w", err)
	}
	return e.EncodeAll(raw, nil), nil
}

// decompress gives the content of a frame of so many bytes.
func decompress(data []byte, size uint64) ([]byte, error) {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(mostListing))
	if err != nil {
		return nil, err
	}
	defer d.Close()
	raw, err := d.DecodeAll(data, make([]byte, 0, size))
	if err == nil && uint64(len(raw)) != size {
		err = fmt.Errorf("%d bytes, and not %d as it says", len(raw), size)
	}
	return raw, err
}

// EncodeListing gives the inputs of a stage the bytes of the block ids.Inputs: one zstd frame, which says how long its content is.
func EncodeListing(inputs []task.Input) ([]byte, error) {
	raw, err := proto.Marshal(pb.Inputs_builder{Inputs: encodeInputs(inputs)}.Build())
	if err != nil {
		return nil, fmt.Errorf("encoding where map outputs lie: %w", err)
	}
	if len(raw) > mostListing {
		return nil, fmt.Errorf("where map outputs lie takes %d bytes, and %d are the most: use fewer partitions", len(raw), mostListing)
	}
	return compress(raw)
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
	raw, err := decompress(data, size)
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
