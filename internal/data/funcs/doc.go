// Package funcs refers to functions and operators inside the program's own image.
//
// Driver and executors run the same executable, so a function never travels as code: it travels as the place in the image where
// its value lies, with its name and type beside it as a check ([Ref]). An operator, a struct of functions and of values that can
// be encoded, travels as the place of its type descriptor followed by its fields ([AppendOp], [DecodeOp]). Whatever is not part
// of the image cannot travel: a function literal that captures variables, a method value, a literal inside a generic function.
// Those are refused when the reference is made, with a [CaptureError] that says what to write instead.
//
// A reference chooses code to run. Decoding therefore trusts nothing but the image itself: an offset must lie, aligned, in bytes
// that the linker wrote and that nobody writes after start-up; what is found there must agree with what the reference claims,
// by entry point and name for a function, by size, hash, kind and name for a type; only then is a value built. This keeps
// damaged bytes from crashing the process. It does not make a stranger's bytes safe, who may name any function, or a type whose
// methods the linker dropped: the channel must be authenticated, and both ends must have compared their [Identity].
//
// The package knows three things that the language does not promise: how a function value, an interface value and the head of a
// type descriptor lie in memory. They stand in layout.go, are verified whenever the image is first read, and [SelfTest] proves
// the whole way before a session relies on it. It works for Linux on amd64 and arm64 with the gc toolchain; elsewhere every
// reference is refused with one sentence.
//
// The package may import internal/data/codec and the standard library.
package funcs
