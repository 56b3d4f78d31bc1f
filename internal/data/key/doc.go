// Package key says when keys are equal, which hash they have, and how they are ordered, for types known only at run time.
//
// Keys are comparable types without interfaces or pointers. Equality is Go's, except that NaN equals NaN; -0 equals 0 in both.
// Order is that of cmp.Compare: NaN comes first. Hashes are XXH3 (64 bits, seed 0) of a canonical form, the same in every process
// and version: they decide which partition a key belongs to, and checkpoints outlive a build.
//
// The package may import codec.
package key
