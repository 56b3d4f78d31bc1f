// Package disk keeps the files of one store: written once from the front, invisible until they are committed, gone with the store.
//
// A [Dir] spreads its files over 64 sub-directories and makes all of that only when the first file is written. Its errors name
// the path and say what to change. [Options.Fault] puts failures between the store and the operating system, for tests of full
// and broken disks.
//
// It knows nothing of blocks, shuffles or formats. It imports the standard library only.
package disk
