// Package storagetest is the suite that every [storage.FS] must pass: one call in a test of the package that implements it.
//
// It imports package storage and the standard library only.
package storagetest
