// Package relay decides who gives a block to whom, where the driver has one block for all executors: a piece of a broadcast, or a list
// of map outputs.
//
// The driver gives a block to one executor, which gives it to two others, these to two others each, and so on: a tree for each block, in the
// order in which executors ask for it. Whoever asks is at once one that others are sent to, also while the block is still on its way to it.
// Executors ask for the pieces of a broadcast in different orders, so that each of them stands high in some trees and low in others,
// and all send about as much as they receive. The driver sends a block once, however many executors there are.
//
// A [Table] is told who comes and goes, and answers who gives a block to an executor. One that asks again says thereby that it did not
// get the block from whom it was sent to, and is sent to another one. Nobody is sent to an executor that asked after it, so nobody
// waits for itself, by whatever detours.
//
// The package imports ids and the standard library only. It knows no addresses and no bytes, and holds no lock: the driver does.
package relay
