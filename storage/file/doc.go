// Package file is the storage of this machine's file systems: plain paths, and paths that begin with "file://".
//
// An output grows in a hidden directory beside its place, "_temporary.NAME.ID", and is renamed into place when the job commits: a
// reader sees all of it or nothing. All processes of the application must see the same files under the same paths.
//
// Importing the package registers it. It imports package storage and the standard library only.
package file
