// Package wire gives the control messages between the driver and an executor their bytes.
//
// The messages are plain Go values, [Down] and [Up], made of the words of core/task. On their way between processes they are
// protobuf (control.proto, generated code in controlpb); docs/wire.md is the page about it. A decoder here believes nothing: an
// identifier, count or size that can not be gives an error that wraps [ErrMalformed], never a panic later on.
//
// The package moves no bytes: package transport does. It may import core/ids, core/task and protobuf.
package wire

//go:generate ./generate.sh
