// Package mapout knows where the map outputs of each shuffle are and how large.
//
// Sizes are kept in a byte each: zero and one exactly, else the logarithm to base 1.1, as Spark does, so that a reader's estimate is
// at most ten percent off and a thousand by a thousand take a megabyte. It imports ids, task and the standard library only.
package mapout
