// Package alloc decides how many executors an application wants, and which ones it can do without: dynamic allocation.
//
// An [Allocator] is a value. [Allocator.Compute] is given a picture of what waits, what runs and which executors there are, and gives
// what is wanted now, together with the Allocator of the next time:
//
//	view, now -> Compute -> targets by profile -> the cluster manager grants executors
//	                     -> executors that may go -> they are released, or drained first
//
// The target follows the load. While tasks wait, it grows by 1, 2, 4, 8 executors, never above what the tasks can use; when they have
// become fewer it falls at once to what they can use. An executor goes when nothing has run on it for a while, and later, or never,
// when it holds what others may ask for.
//
// The package imports ids and the standard library only. A caller that could not have what Compute asked for goes on with the old
// Allocator, which will ask again.
package alloc
