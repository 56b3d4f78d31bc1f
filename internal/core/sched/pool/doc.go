// Package pool is the order in which task sets are given slots: first in, first out, or fair between pools and inside them.
//
// A [Tree] has [Definition]s of pools, and [Member]s: task sets, each in one pool. A member that waits for slots is in line
// ([Tree.Wait], [Tree.Rest]), and whoever has a free slot asks for the first in line ([Tree.First]), or for the next ones when the
// first cannot use that slot ([Tree.All]). The tree is told of each task that starts and ends:
//
//	tree, err := pool.New[*run](pool.Config{Policy: pool.Fair, Pools: definitions})
//	m, created, err := tree.Enter("etl", job, stage, r) // the stage attempt begins; created: nobody has defined the pool
//	tree.Wait(m)                                        // it has tasks that wait
//	for r := range tree.All() { ... }                   // a slot is free: who comes first?
//	tree.Started(m)                                     // its task has the slot; orders change with this
//	tree.Ended(m)                                       // and gives it back
//	tree.Rest(m)                                        // no task of it waits any more
//	tree.Leave(m)                                       // the stage attempt is over
//
// The rules are Spark's. With policy [FIFO] at the root there are no pools: the lower job is first, and in it the lower stage. With
// [Fair] a pool that runs less than its minimum share is before one that does not; of two such pools the one is first that has less
// of its share, and else the one with fewer tasks running for its weight. Names decide between equals. Inside a pool that is fair,
// the set with fewer tasks running is first. Two things differ from Spark. The order is the one of this moment: Spark sorts once for
// all free slots that it has, and gives all of them to the first set that can use them. And sets that are equal in a fair pool go
// by job and stage, where Spark compares the text of their names (stage 10 before stage 9).
//
// Each operation costs the logarithm of the pools and of one pool's members in line. The package knows nothing of tasks, slots and
// executors. It imports ids and the standard library only.
package pool
