package kiln_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/kilnproject/kiln"
)

// has gives the settings of executors with some addresses of a resource.
func has(name string, amount int, addresses string) []kiln.Option {
	return []kiln.Option{
		kiln.Set("kiln.executor.resource."+name+".amount", fmt.Sprint(amount)), kiln.Set("kiln.executor.resource."+name+".addresses", addresses),
	}
}

func TestMistakesAboutResourcesAreSaidBeforeAnythingStarts(t *testing.T) {
	babbles := filepath.Join(t.TempDir(), "babbles")
	if err := os.WriteFile(babbles, []byte("#!/bin/sh\necho GPU 0\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		set  []kiln.Option
		want []string
	}{
		"more slots than there are":  {[]kiln.Option{kiln.Set("kiln.task.cpus", "3")}, []string{"kiln.task.cpus=3 (code)", "the 2 slots that an executor of local[2] has"}},
		"no slots":                   {[]kiln.Option{kiln.Set("kiln.task.cpus", "0")}, []string{"kiln.task.cpus=0", "between 1"}},
		"no executor has it":         {[]kiln.Option{kiln.Set("kiln.task.resource.gpu.amount", "1")}, []string{"kiln.task.resource.gpu.amount=1", "executors have none", "kiln.executor.resource.gpu.amount"}},
		"more than executors have":   {append(has("gpu", 1, "0,1"), kiln.Set("kiln.task.resource.gpu.amount", "2")), []string{"kiln.task.resource.gpu.amount=2", "executors have 1"}},
		"one and a half":             {append(has("gpu", 2, "0,1"), kiln.Set("kiln.task.resource.gpu.amount", "1.5")), []string{"kiln.task.resource.gpu.amount=1.5", "whole number"}},
		"no addresses":               {[]kiln.Option{kiln.Set("kiln.executor.resource.gpu.amount", "1")}, []string{"kiln.executor.resource.gpu.amount=1", "set kiln.executor.resource.gpu.addresses or kiln.executor.resource.gpu.discoveryScript"}},
		"more than the machine has":  {has("gpu", 3, "0,1"), []string{"kiln.executor.resource.gpu.amount=3", "this machine has 2: 0, 1"}},
		"an address twice":           {has("gpu", 1, "0,1,0"), []string{"kiln.executor.resource.gpu.addresses=0,1,0", `address "0" comes twice`}},
		"an empty address":           {has("gpu", 1, "0,,1"), []string{"an address is empty"}},
		"both addresses and script":  {append(has("gpu", 1, "0"), kiln.Set("kiln.executor.resource.gpu.discoveryScript", "/bin/true")), []string{"discoveryScript=/bin/true", "leave one of them out"}},
		"no such script":             {[]kiln.Option{kiln.Set("kiln.executor.resource.gpu.discoveryScript", "/none/find")}, []string{"discoveryScript=/none/find", "no such file"}},
		"a script that says nothing": {[]kiln.Option{kiln.Set("kiln.executor.resource.gpu.discoveryScript", babbles)}, []string{"discoveryScript", `{"name": "gpu", "addresses": ["0", "1"]}`}},
		"what is no resource":        {has("cores", 1, "0"), []string{"kiln.executor.resource.cores.amount", "is what slots are called"}},
	} {
		s, err := kiln.Open(context.Background(), append([]kiln.Option{kiln.Master("local[2]")}, c.set...)...)
		if err == nil {
			t.Errorf("%s: no error", name)
			_ = s.Close()
			continue
		}
		if e := new(kiln.ConfigError); !errors.As(err, &e) {
			t.Errorf("%s: %T is no ConfigError", name, err)
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %q is missing in: %v", name, w, err)
			}
		}
	}
}

func TestProfilesThatCannotBeMetAreRefusedAtTheCallersLine(t *testing.T) {
	s := start(t, has("gpu", 1, "0")...)
	d := kiln.Range(s, 0, 10, 1)
	var m mark
	none := kiln.ResourceProfile{}
	for name, c := range map[string]struct {
		p     kiln.ResourceProfile
		words []string
	}{
		"more slots than there are":     {none.TaskSlots(3), []string{"a task takes 3 slots", "have 2"}},
		"fewer than no slots":           {none.TaskSlots(-1), []string{"a task takes -1 slots"}},
		"a resource of nobody":          {none.TaskResource("fpga", 1), []string{"a task takes 1 fpga", "none"}},
		"more than executors have":      {none.TaskResource("gpu", 2), []string{"a task takes 2 gpu", "have 1"}},
		"neither part nor whole":        {none.TaskResource("gpu", 1.5), []string{`1.5 of resource "gpu"`, "whole number"}},
		"not a number":                  {none.TaskResource("gpu", math.NaN()), []string{"NaN", "not more than 0"}},
		"the first mistake counts":      {none.TaskResource("gpu", -1).TaskResource("tpu", -2), []string{`-1 of resource "gpu"`}},
		"no name":                       {none.TaskResource("", 1), []string{`resource ""`, "empty"}},
		"an executor without gpu":       {none.ExecutorSlots(1).TaskResource("gpu", 1), []string{"a task takes 1 gpu", "have none"}},
		"no addresses":                  {none.ExecutorResource("gpu", 0), []string{`0 of resource "gpu"`}},
		"executors that local has not":  {none.ExecutorSlots(4), []string{"executors of 4 slots", "local[2]", "local-cluster", "kiln.dynamicAllocation.enabled=true"}},
		"fewer than no slots to have":   {none.ExecutorSlots(-4), []string{"an executor has -4 slots"}},
		"memory that local has not":     {none.ExecutorMemory(1 << 30), []string{"1g", "local-cluster"}},
		"a resource that local has not": {none.ExecutorResource("gpu", 2), []string{"2 gpu", "local-cluster"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := refusal(t, func() { m.here(); d.WithProfile(c.p) })
			wantWords(t, err, append(c.words, m.site(), "kiln.WithProfile")...)
		})
	}
	wantWords(t, refusal(t, func() { kiln.RDD[int64]{}.WithProfile(none) }), "zero value")
	if n, err := d.Count(t.Context()); n != 10 || err != nil { // what was refused has not stuck
		t.Errorf("%d, %v", n, err)
	}
}

func TestAProfileWithTheExecutorsOfTheSettingsIsNoOther(t *testing.T) {
	s := start(t, append(has("gpu", 1, "7"), kiln.Set("kiln.executor.memory", "64m"))...)
	same := kiln.ResourceProfile{}.ExecutorSlots(2).ExecutorMemory(64<<20).ExecutorResource("gpu", 1).TaskResource("gpu", 0.5)
	got, err := kiln.MapPartitions(kiln.Range(s, 0, 10, 1, 2), addresses).WithProfile(same).Collect(t.Context())
	if err != nil || !slices.Equal(got, []string{"[7]", "[7]"}) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestDifferentProfilesInOneStageFailTheJobUnlessTheyAreMerged(t *testing.T) {
	p, q := kiln.ResourceProfile{}.TaskSlots(2), kiln.ResourceProfile{}.TaskResource("gpu", 1)
	build := func(s *kiln.Session) kiln.RDD[string] {
		return kiln.MapPartitions(kiln.Range(s, 0, 10, 1, 2).WithProfile(p), addresses).WithProfile(q)
	}
	_, err := build(start(t, has("gpu", 1, "7")...)).Collect(t.Context())
	if !errors.Is(err, kiln.ErrProfileConflict) {
		t.Errorf("got %v", err)
	}
	wantWords(t, jobError(t, err), "Range at", "tasks of 2 slots", "MapPartitions at", "tasks of 1 gpu", "kiln.scheduler.resource.profileMergeConflicts=true")

	merging := append(has("gpu", 1, "7"), kiln.Set("kiln.scheduler.resource.profileMergeConflicts", "true"))
	if got, err := build(start(t, merging...)).Collect(t.Context()); err != nil || !slices.Equal(got, []string{"[7]", "[7]"}) {
		t.Errorf("merged: %v, %v", got, err)
	}
	// A shuffle between the two makes two stages, each with its own.
	apart := kiln.MapPartitions(kiln.Repartition(kiln.Range(start(t, has("gpu", 1, "7")...), 0, 10, 1, 2).WithProfile(p), 3), addresses).WithProfile(q)
	if got, err := apart.Collect(t.Context()); err != nil || len(got) != 3 {
		t.Errorf("apart: %v, %v", got, err)
	}
}

func TestAllJobsOfAnRDDHaveItsProfile(t *testing.T) {
	for name, then := range map[string]func(kiln.RDD[string]) kiln.RDD[string]{
		"its own":      func(d kiln.RDD[string]) kiln.RDD[string] { return d },
		"its cache":    kiln.RDD[string].Cache,
		"a checkpoint": kiln.RDD[string].LocalCheckpoint,
		"a sample":     func(d kiln.RDD[string]) kiln.RDD[string] { return kiln.SortBy(d, strings.ToUpper) },
	} {
		s := start(t, has("gpu", 1, "7")...)
		d := kiln.MapPartitions(kiln.Range(s, 0, 10, 1, 2), addresses).WithProfile(kiln.ResourceProfile{}.TaskResource("gpu", 1))
		if got, err := then(d).Collect(t.Context()); err != nil || !slices.Equal(got, []string{"[7]", "[7]"}) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// allHave gives, for each task, what all tasks of its barrier stage have.
func allHave(c *kiln.TaskContext, _ iter.Seq[int64]) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		all, err := c.AllGather(c.Resources()["gpu"][0])
		yield(strings.Join(all, ""), err)
	}
}

func TestTheTasksOfABarrierStageHaveTheirOwnResources(t *testing.T) {
	s := start(t, append(has("gpu", 3, "a,b,c"), kiln.Master("local[4]"))...)
	d := kiln.MapPartitions(kiln.Barrier(kiln.Range(s, 0, 9, 1, 3)), allHave).WithProfile(kiln.ResourceProfile{}.TaskResource("gpu", 1))
	got, err := d.Collect(t.Context())
	if err != nil || len(got) != 3 || got[0] != got[1] || got[1] != got[2] {
		t.Fatalf("%q, %v", got, err)
	}
	if each := strings.Split(got[0], ""); len(slices.Compact(slices.Sorted(slices.Values(each)))) != 3 {
		t.Errorf("the tasks have %s", got[0])
	}
}

func TestExplainShowsProfiles(t *testing.T) {
	s := start(t)
	d := kiln.Range(s, 0, 10, 1, 2).Cache().WithProfile(kiln.ResourceProfile{}.TaskSlots(2))
	if text := d.Explain(); !strings.Contains(text, "[MemoryOnly, tasks of 2 slots]") {
		t.Error(text)
	}
	if text := d.WithProfile(kiln.ResourceProfile{}).Explain(); strings.Contains(text, "tasks") {
		t.Errorf("taken back: %s", text)
	}
}

// sharing counts the tasks that are in a function at once, by what they share. It is a package's variable: executors are in this process.
var sharing = struct {
	sync.Mutex
	met      *sync.Cond
	in       map[string]int
	all      int
	most     map[string]int
	mostAll  int
	together int // tasks that wait for each other first
}{}

func share(together int) {
	sharing.met = sync.NewCond(&sharing)
	sharing.in, sharing.most, sharing.all, sharing.mostAll, sharing.together = map[string]int{}, map[string]int{}, 0, 0, together
}

// shared is in the function together with as many others as the test says there can be.
func shared(c *kiln.TaskContext, rows iter.Seq[int64]) iter.Seq2[int64, error] {
	return func(yield func(int64, error) bool) {
		at := fmt.Sprint(c.Slots(), c.Resources())
		sharing.Lock()
		sharing.in[at]++
		sharing.all++
		sharing.most[at], sharing.mostAll = max(sharing.most[at], sharing.in[at]), max(sharing.mostAll, sharing.all)
		sharing.met.Broadcast()
		for sharing.mostAll < sharing.together {
			sharing.met.Wait()
		}
		sharing.Unlock()
		for r := range rows {
			if !yield(r, nil) {
				break
			}
		}
		sharing.Lock()
		sharing.in[at]--
		sharing.all--
		sharing.Unlock()
	}
}

func TestAsManyTasksRunAtOnceAsTheirNeedsAllow(t *testing.T) {
	for name, c := range map[string]struct {
		set  []kiln.Option
		p    kiln.ResourceProfile
		want map[string]int // by what a task has: how many at once
		all  int
	}{
		"slots by a profile":  {nil, kiln.ResourceProfile{}.TaskSlots(3), map[string]int{"3 map[]": 2}, 2},
		"slots by a setting":  {[]kiln.Option{kiln.Set("kiln.task.cpus", "2")}, kiln.ResourceProfile{}, map[string]int{"2 map[]": 3}, 3},
		"parts of a resource": {has("gpu", 2, "a,b"), kiln.ResourceProfile{}.TaskResource("gpu", 0.5), map[string]int{"1 map[gpu:[a]]": 2, "1 map[gpu:[b]]": 2}, 4},
		"whole ones":          {has("gpu", 3, "a,b,c"), kiln.ResourceProfile{}.TaskResource("gpu", 1), map[string]int{"1 map[gpu:[a]]": 1, "1 map[gpu:[b]]": 1, "1 map[gpu:[c]]": 1}, 3},
		"several":             {has("gpu", 3, "a,b,c"), kiln.ResourceProfile{}.TaskResource("gpu", 2), map[string]int{"1 map[gpu:[a b]]": 1}, 1},
		"by settings": {
			append(has("gpu", 1, "a"), kiln.Set("kiln.task.resource.gpu.amount", "0.3")), kiln.ResourceProfile{},
			map[string]int{"1 map[gpu:[a]]": 3}, 3,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, append(c.set, kiln.Master("local[6]"))...)
			share(c.all)
			n, err := kiln.MapPartitions(kiln.Range(s, 0, 240, 1, 24), shared).WithProfile(c.p).Count(t.Context())
			if n != 240 || err != nil {
				t.Errorf("%d, %v", n, err)
			}
			if fmt.Sprint(sharing.most) != fmt.Sprint(c.want) || sharing.mostAll != c.all {
				t.Errorf("%v at once, and %d in all; want %v and %d", sharing.most, sharing.mostAll, c.want, c.all)
			}
		})
	}
}

func TestADiscoveryScriptSaysWhatTheMachineHas(t *testing.T) {
	finds := filepath.Join(t.TempDir(), "finds")
	if err := os.WriteFile(finds, []byte("#!/bin/sh\necho '{\"name\": \"gpu\", \"addresses\": [\"GPU-1\", \"GPU-2\"]}'\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	s := start(t, kiln.Set("kiln.executor.resource.gpu.discoveryScript", finds), kiln.Set("kiln.executor.resource.gpu.amount", "1"),
		kiln.Set("kiln.task.resource.gpu.amount", "1"))
	got, err := kiln.MapPartitions(kiln.Range(s, 0, 10, 1, 1), addresses).Collect(t.Context())
	if err != nil || !slices.Equal(got, []string{"[GPU-1]"}) {
		t.Errorf("%v, %v", got, err)
	}
}
