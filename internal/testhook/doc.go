// Package testhook is the door through which the public test kit reaches the executors of a session. The kit puts a [Cluster] into the
// context of kiln.Open; the session starts the executors that it asks for and hands them back in it. Nothing else uses it, and no
// function of package kiln is exported for tests.
//
// The package may import executor and cluster/local.
package testhook
