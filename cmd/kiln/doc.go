// Command kiln helps to write and run programs that use package kiln: kiln --help lists what it can do.
//
// It may import everything of this module. Each command is a file of its own.
package main
