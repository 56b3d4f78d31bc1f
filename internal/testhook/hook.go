package testhook

import (
	"context"

	"github.com/kilnproject/kiln/cluster/local"
	"github.com/kilnproject/kiln/internal/executor"
)

// Cluster is what the kit asks of a session in local mode, and what it is given.
type Cluster struct {
	Executors int                    // executors inside this process, each with the slots that the master names
	Tune      func(*executor.Config) // changes the configuration of each executor before it starts; may be nil

	// What the session gives back before kiln.Open returns: the executors, and how many the driver has heard of.
	Threads    *local.Threads
	Registered func() int
}

type key struct{}

// With gives a context under which kiln.Open starts c.
func With(ctx context.Context, c *Cluster) context.Context { return context.WithValue(ctx, key{}, c) }

// From gives the cluster that the context asks for, or nil.
func From(ctx context.Context) *Cluster {
	c, _ := ctx.Value(key{}).(*Cluster)
	return c
}
