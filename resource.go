package kiln

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/kilnproject/kiln/internal/conf"
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/profile"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/sched/resource"
	"github.com/kilnproject/kiln/internal/host"
)

// profileTable knows what profiles mean in this session, and which shapes of executors there are. What stands before the lock is set once,
// before the first job.
type profileTable struct {
	conf    *conf.Conf
	base    profile.Profile  // what the settings say
	machine []resource.Offer // the resources of this machine, by name
	elastic bool             // executors of any shape can be started
	define  func(ids.ProfileID, profile.Executor)

	mu     sync.Mutex
	shapes []profile.Executor // by profile
}

// mostShapes is how many shapes the scheduler can tell apart.
const mostShapes = 1 << 12

// begin sets what executors of the settings have, and finds mistakes in what is said of resources. So many of them are started at once,
// when executors do not come and go.
func (t *profileTable) begin(ctx context.Context, m conf.MasterURL, executor profile.Executor, executors int) (err error) {
	t.elastic = m.Kind == conf.LocalCluster && conf.DynamicAllocation.Of(t.conf)
	if t.machine, err = machineResources(ctx, t.conf); err != nil {
		return err
	}
	if t.elastic {
		executors = 1 // others wait until there are addresses for them
	}
	for _, n := range conf.ExecutorResource.Of(t.conf) {
		if n.Value == 0 {
			continue
		}
		if err := profile.CheckName(n.Name); err != nil {
			return n.Refuse(fmt.Sprintf("names a resource %q, which %v", n.Name, err))
		}
		if why := t.lacks(n.Name, n.Value*executors); why != "" {
			return n.Refuse(fmt.Sprintf("asks for %d for each of %d executors, and %s", n.Value, executors, why))
		}
		executor = executor.WithCount(profile.Count{Name: n.Name, Amount: n.Value})
	}
	t.base = profile.Profile{Executor: executor, Task: profile.Task{Slots: conf.TaskSlots.Of(t.conf)}}
	if t.base.Task.Slots > executor.Slots {
		return &ConfigError{
			Key: conf.TaskSlots.String(), Value: fmt.Sprint(t.base.Task.Slots), Origin: conf.TaskSlots.Origin(t.conf),
			Why: fmt.Sprintf("is more than the %d slots that an executor of %s has", executor.Slots, conf.Master.Of(t.conf)),
		}
	}
	for _, n := range conf.TaskResource.Of(t.conf) {
		amount, err := profile.Amount(n.Value)
		if err != nil {
			return n.Refuse(err.Error())
		}
		t.base.Task = t.base.Task.WithNeed(resource.Need{Name: n.Name, Amount: amount})
		if err := t.base.Check(); err != nil {
			return n.Refuse(fmt.Sprintf("cannot be: %v (%s)", err, conf.ExecutorResource.Key(n.Name)))
		}
	}
	t.shapes = []profile.Executor{t.base.Executor}
	return nil
}

// machineResources gives what this machine has: what the settings list, or scripts find.
func machineResources(ctx context.Context, c *conf.Conf) (has []resource.Offer, err error) {
	for _, n := range conf.ResourceAddresses.Of(c) {
		var list []string
		for a := range strings.SplitSeq(n.Value, ",") {
			list = append(list, strings.TrimSpace(a))
		}
		if err := host.CheckAddresses(list); err != nil {
			return nil, n.Refuse("is no list of addresses: " + err.Error())
		}
		if s, both := conf.DiscoveryScript.Lookup(c, n.Name); both {
			return nil, s.Refuse("would find out what " + n.Given.Key + " says already: leave one of them out")
		}
		has = append(has, resource.Offer{Name: n.Name, Addresses: list})
	}
	for _, n := range conf.DiscoveryScript.Of(c) {
		list, err := host.Discover(ctx, n.Name, n.Value)
		if err != nil {
			return nil, errors.Join(n.Refuse("does not say which there are"), err)
		}
		has = append(has, resource.Offer{Name: n.Name, Addresses: list})
	}
	slices.SortFunc(has, func(a, b resource.Offer) int { return strings.Compare(a.Name, b.Name) })
	return has, nil
}

// lacks says why this machine has not so many addresses of a resource, or nothing.
func (t *profileTable) lacks(name string, amount int) string {
	at := slices.IndexFunc(t.machine, func(o resource.Offer) bool { return o.Name == name })
	switch {
	case at < 0:
		return fmt.Sprintf("nothing says which %s there are: set %s or %s", name, conf.ResourceAddresses.Key(name), conf.DiscoveryScript.Key(name))
	case len(t.machine[at].Addresses) < amount:
		return fmt.Sprintf("this machine has %d: %s", len(t.machine[at].Addresses), strings.Join(t.machine[at].Addresses, ", "))
	}
	return ""
}

// refuse says why a profile can not be met in this session, or nothing.
func (t *profileTable) refuse(p profile.Profile) error {
	whole := p.Over(t.base)
	if err := whole.Check(); err != nil {
		return err
	}
	if whole.Executor.Equal(t.base.Executor) {
		return nil
	}
	master := conf.Master.Of(t.conf)
	if m, err := conf.ParseMaster(master); err == nil && m.Kind != conf.LocalCluster {
		return fmt.Errorf("the profile asks for executors of %v, and %s has only its own, of %v: use local-cluster[executors,slots,memory] with %v=true, or ask for nothing but what tasks take",
			whole.Executor, master, t.base.Executor, conf.DynamicAllocation)
	}
	if !t.elastic {
		return fmt.Errorf("the profile asks for executors of %v, and those of %s have %v: set %v=true, so that others are started, or ask for nothing but what tasks take",
			whole.Executor, master, t.base.Executor, conf.DynamicAllocation)
	}
	if err := conf.EnoughMemory(conf.Bytes(whole.Executor.Memory)); err != nil {
		return fmt.Errorf("the profile asks for executors with %d bytes of memory, which %w", whole.Executor.Memory, err)
	}
	for _, c := range whole.Executor.Resources {
		if why := t.lacks(c.Name, c.Amount); why != "" {
			return fmt.Errorf("the profile asks for executors with %d %s, and %s", c.Amount, c.Name, why)
		}
	}
	return nil
}

// demand puts into a stage what a profile means for the scheduler.
func (t *profileTable) demand(spec *sched.StageSpec, p profile.Profile) error {
	if err := t.refuse(p); err != nil { // what was merged may be more than each of its parts
		return err
	}
	whole := p.Over(t.base)
	spec.Slots, spec.Resources = whole.Task.Slots, whole.Task.Resources
	var err error
	spec.Profile, err = t.shape(whole.Executor)
	return err
}

// shape gives the profile under which the scheduler knows a shape of executors.
func (t *profileTable) shape(e profile.Executor) (ids.ProfileID, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	at := slices.IndexFunc(t.shapes, e.Equal)
	if at >= 0 {
		return ids.ProfileID(at), nil
	}
	if len(t.shapes) >= mostShapes {
		return 0, fmt.Errorf("the application has asked for %d shapes of executors, which is the most there may be: ask for the same ones again", mostShapes)
	}
	at = len(t.shapes)
	t.shapes = append(t.shapes, e)
	t.define(ids.ProfileID(at), e) // under the lock: before any job of another goroutine that uses it
	return ids.ProfileID(at), nil
}
