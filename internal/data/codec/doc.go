// Package codec turns rows into bytes and back.
//
// A [Codec] is compiled once per type, by reflection; from then on rows are encoded column by column in loops that know offsets
// and widths only, without reflection or allocation per row. The columns of a type are its leaves: numbers, strings, bytes,
// the lengths of slices. An [Encoder] wraps the columns of a batch into a self-checking, compressed block, a [Decoder] opens it;
// docs/format-block.md describes the bytes.
//
// Unexported fields travel; the tag `kiln:"-"` leaves a field behind. Nil and empty slices and maps stay what they are. Two pointers
// to one value arrive as pointers to two, and a value that contains itself is an error. How a type is encoded is decided in this
// order: it is a [Traveller]; a codec was given to [Register]; it has the methods of encoding.BinaryMarshaler and BinaryUnmarshaler
// (time.Time has columns of its own that keep the same); it has unexported fields and TextMarshaler's and TextUnmarshaler's methods;
// else by its kind. A struct whose methods may come from an embedded field travels by its fields if it can.
//
// Both ends of a connection run the same image, so the layout of a type needs no names or versions: a fingerprint in each block
// guards against mixing types up. Decoders treat every byte as foreign: room is made only for what the bytes left can hold, recursion
// is bounded, and whatever is wrong is an error that wraps [ErrCorrupt]; only a user's own unmarshaler has errors of its own.
//
// The package imports no other package of this module.
package codec
