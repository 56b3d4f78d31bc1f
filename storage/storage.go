package storage

import (
	"context"
	"io"
)

// File is one file as it was when it was listed.
type File struct {
	// Path opens the file from any process of the application: it is absolute, with the scheme unless it is a file of this machine.
	Path string
	// Size is in bytes.
	Size int64
}

// FS is a place that holds files under slash-separated paths.
//
// All methods may be called from several goroutines and processes at once. They return when ctx ends, with its cause, if they
// would otherwise wait. Every error of an FS and of what it returns names the path; errors.Is finds [io/fs.ErrNotExist],
// [io/fs.ErrPermission], [io/fs.ErrExist] and [ErrNoFiles] in it where they apply.
type FS interface {
	// List gives the files that one pattern names, sorted by path.
	//
	// A pattern that is the path of a file gives that file. The path of a directory gives every file below it, at any depth,
	// but for those whose name, or the name of a directory on the way down, begins with "." or "_". In a pattern "*" stands for
	// any run of characters but "/", "?" for one of them, "[a-z]" for one of a range ("[^a-z]": not of it), and "\" takes its
	// meaning from the next character; each may stand in any part of the path. What a "*" or "?" matches is treated as a
	// path of its own, and a hidden name is matched only by a part that itself begins with "." or "_". A pattern that is also
	// the name of an existing file or directory means that one.
	//
	// It is an error if the pattern names nothing (ErrNotExist), if there is no file in all that it names (ErrNoFiles), and if a
	// file or directory that it needs may not be read (ErrPermission): a job hears of it before its first task.
	List(ctx context.Context, pattern string) ([]File, error)

	// Open reads a file from offset on. It gives io.EOF at the end of the file, at once if offset lies at or behind it.
	//
	// The caller expects to read about expect bytes (less than zero: all there is) and may read fewer or more: an
	// implementation asks a server for no more than that in one request, and goes on by itself when the caller does.
	// The reader belongs to one goroutine; the caller closes it.
	Open(ctx context.Context, path string, offset, expect int64) (io.ReadCloser, error)

	// Create begins to write the directory dir, which must not exist unless overwrite is true (ErrExist); a file is never
	// replaced by a directory. Nothing is visible at dir, and with overwrite what was there stays readable, until Commit.
	Create(ctx context.Context, dir string, overwrite bool) (Output, error)

	// Attempt begins one attempt to write a share of an output, in any process: token is what Output.Token gave. The name
	// tells the attempts of one output apart and is made of letters, digits, "-", "_" and "."; no two attempts share it.
	Attempt(ctx context.Context, token, name string) (Attempt, error)
}

// Output is a directory while one job writes it. It is held by the driver; its methods are called by one goroutine.
//
// Of Commit and Abort one is called, once, after the last Attempt.Commit that counts has returned. An attempt that still writes
// then fails, and leaves nothing.
type Output interface {
	// Token lets other processes join with FS.Attempt. It is short printable text.
	Token() string

	// Commit makes the files of the attempts visible that these receipts stand for, of no other attempt, and then a file
	// "_SUCCESS" of no bytes. A reader sees all of the directory or none of it, where the storage can do so. Two attempts that
	// made the same part are an error, which leaves nothing. When Commit fails it has also aborted.
	Commit(ctx context.Context, receipts []string) error

	// Abort removes every trace of the output, also the directories that Create made, but nothing that others put there. It
	// works when the context of Create has ended.
	Abort(ctx context.Context) error
}

// Attempt is what one task attempt writes. It belongs to one goroutine. Of Commit and Abort one is called, once, when every part
// is closed.
type Attempt interface {
	// Part makes a file of the output. The name is a plain file name that begins with neither "." nor "_" and is unique in the
	// attempt. What is written is visible nowhere; an error of Write or Close makes Commit fail. Nothing is buffered: write
	// large pieces.
	Part(name string) (io.WriteCloser, error)

	// Commit makes the parts durable, still invisible, and gives the receipt with which Output.Commit can publish them. Of
	// several attempts at the same share all may commit: the driver decides whose receipt it uses. Receipts are printable text.
	Commit() (receipt string, err error)

	// Abort removes what the attempt wrote.
	Abort() error
}

// Success is the file that marks a committed directory.
const Success = "_SUCCESS"

// Hidden tells whether listings leave the name out: it begins with "." or "_".
func Hidden(name string) bool { return name != "" && (name[0] == '.' || name[0] == '_') }
