// Package host says what the machine offers to this process: cores, memory, directories, its name, and how much it suffers.
//
// What is read is a snapshot; nothing is cached and nothing is changed. Text of the kernel is parsed by pure functions, files are
// read through an [io/fs.FS], so that tests give any machine. Where a machine has no such files (not Linux), answers are unknown
// and not errors. The package decides nothing: who asks knows what to do with the answer.
//
// It imports the standard library only.
package host
