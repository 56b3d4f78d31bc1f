// Package resource counts what an executor has beside its slots: accelerators, licences, whatever has a name and addresses.
//
// A [Stock] is what one executor has. A task asks for whole addresses, which it then has for itself, or for a part of one, which it
// shares. Parts are counted in integers ([Unit] is a whole), so that what is taken and given back is never off by a rounding.
//
// The package imports task and the standard library only.
package resource
