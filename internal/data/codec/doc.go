// Package codec turns rows into bytes and back.
//
// A [Codec] is compiled once per type, by reflection; from then on rows are encoded column by column in loops that know offsets
// and widths only, without reflection or allocation per row. The columns of a type are its leaves: numbers, strings, bytes,
// the lengths of slices. An [Encoder] wraps the columns of a batch into a self-checking, compressed block, a [Decoder] opens it;
// docs/format-block.md describes the bytes.
//
// Both ends of a connection run the same image, so the layout of a type needs no names or versions: a fingerprint in each block
// guards against mixing types up. Decoders treat every byte as foreign: nothing is allocated on the word of an unchecked length, and whatever is
// wrong is an error that wraps [ErrCorrupt].
//
// The package imports no other package of this module.
package codec
