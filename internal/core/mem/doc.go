// Package mem is the account of one executor's managed memory: arithmetic over one limit that execution and storage share.
//
// Execution memory belongs to running tasks (aggregation tables, sort buffers, shuffle buffers); storage memory belongs to
// cached blocks. Storage may fill whatever execution leaves free. Execution may take that back, down to the part of the limit
// that is protected for storage; storage never takes from execution. Among N active tasks each one may hold at most 1/N of
// the memory that execution can have, and is promised 1/2N of it before it has to spill.
//
// The [Ledger] decides and never acts: it says how many bytes of cached blocks must go, and its caller evicts them. It holds no
// lock; the executor puts one around it. The package imports ids and the standard library only.
package mem
