package kiln

import (
	"context"
	"slices"
	"strings"
)

// properties is what a context says about the jobs that run under it. A properties value is never changed.
type properties struct {
	group, description, pool string
	tags                     []string
}

type propertiesKey struct{}

func propertiesOf(ctx context.Context) properties {
	p, _ := ctx.Value(propertiesKey{}).(properties)
	return p
}

// task gives the properties as tasks see them, by TaskContext.Property.
func (p properties) task() map[string]string {
	m := map[string]string{}
	for k, v := range map[string]string{
		"kiln.job.group": p.group, "kiln.job.description": p.description,
		"kiln.scheduler.pool": p.pool, "kiln.job.tags": strings.Join(p.tags, ","),
	} {
		if v != "" {
			m[k] = v
		}
	}
	return m
}

// WithJobGroup puts the jobs that run under the context into a group, which Session.CancelJobGroup cancels as one. The
// description names them for people.
func WithJobGroup(ctx context.Context, id, description string) context.Context {
	p := propertiesOf(ctx)
	p.group, p.description = id, description
	return context.WithValue(ctx, propertiesKey{}, p)
}

// WithPool puts the jobs that run under the context into a scheduling pool.
func WithPool(ctx context.Context, pool string) context.Context {
	p := propertiesOf(ctx)
	p.pool = pool
	return context.WithValue(ctx, propertiesKey{}, p)
}

// WithTag adds a tag to the jobs that run under the context; Session.CancelTag cancels all that have it. Tags add up.
func WithTag(ctx context.Context, tag string) context.Context {
	p := propertiesOf(ctx)
	if !slices.Contains(p.tags, tag) {
		p.tags = append(slices.Clone(p.tags), tag)
	}
	return context.WithValue(ctx, propertiesKey{}, p)
}
