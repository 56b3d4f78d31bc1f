package kiln

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/kilnproject/kiln/internal/conf"
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/profile"
	"github.com/kilnproject/kiln/internal/core/sched"
)

// shapes is the table of an elastic session of three executors with two slots, on a machine with two accelerators, and what it defined.
func shapes(t *testing.T) (*profileTable, *[]profile.Executor) {
	t.Helper()
	set := map[string]string{
		"kiln.master": "local-cluster[3,2,512m]", "kiln.dynamicAllocation.enabled": "true", "kiln.executor.resource.gpu.addresses": "0,1",
	}
	var given []conf.Given
	for k, v := range set {
		given = append(given, conf.Given{Key: k, Value: v})
	}
	c, err := conf.Parse(conf.Layers{Code: given})
	if err != nil {
		t.Fatal(err)
	}
	var defined []profile.Executor
	table := &profileTable{conf: c, define: func(p ids.ProfileID, e profile.Executor) {
		if defined = append(defined, e); int(p) != len(defined) {
			t.Errorf("profile %d is defined after %d", p, len(defined)-1)
		}
	}}
	m, err := conf.ParseMaster(conf.Master.Of(c))
	if err == nil {
		err = table.begin(t.Context(), m, profile.Executor{Slots: 2, Memory: 512 << 20}, 3)
	}
	if err != nil {
		t.Fatal(err)
	}
	return table, &defined
}

func TestProfilesThatAskForTheSameExecutorsShareThem(t *testing.T) {
	table, defined := shapes(t)
	none := ResourceProfile{}
	for i, c := range []struct {
		p    ResourceProfile
		want sched.StageSpec
	}{
		{none, sched.StageSpec{Slots: 1}},
		{none.TaskSlots(2), sched.StageSpec{Slots: 2}},
		{none.ExecutorSlots(2).ExecutorMemory(512 << 20), sched.StageSpec{Slots: 1}},
		{none.ExecutorSlots(4), sched.StageSpec{Slots: 1, Profile: 1}},
		{none.ExecutorSlots(4).TaskSlots(3), sched.StageSpec{Slots: 3, Profile: 1}},
		{none.ExecutorSlots(4).ExecutorMemory(512 << 20), sched.StageSpec{Slots: 1, Profile: 1}},
		{none.ExecutorResource("gpu", 2), sched.StageSpec{Slots: 1, Profile: 2}},
	} {
		var got sched.StageSpec
		if err := table.demand(&got, c.p.asks); err != nil || got.Slots != c.want.Slots || got.Profile != c.want.Profile {
			t.Errorf("%d: %v becomes %+v, %v", i, c.p, got, err)
		}
	}
	if want := "[4 slots, 512m 2 slots, 512m, 2 gpu]"; fmt.Sprint(*defined) != want {
		t.Errorf("the driver heard of %v, want %s", *defined, want)
	}
}

func TestWhatIsMergedMayBeImpossibleThoughItsPartsAreNot(t *testing.T) {
	table, _ := shapes(t)
	small, large := ResourceProfile{}.ExecutorSlots(1), ResourceProfile{}.TaskSlots(2)
	if err := errors.Join(table.refuse(small.asks), table.refuse(large.asks)); err != nil {
		t.Error(err)
	}
	err := table.demand(&sched.StageSpec{}, profile.Merge(small.asks, large.asks))
	if err == nil || !strings.Contains(err.Error(), "a task takes 2 slots, and its executors have 1") {
		t.Error(err)
	}
}

func TestShapesOfManyGoroutinesAreDefinedOnceAndInOrder(t *testing.T) {
	table, defined := shapes(t)
	var all sync.WaitGroup
	for i := range 64 {
		all.Go(func() {
			var s sched.StageSpec
			if err := table.demand(&s, ResourceProfile{}.ExecutorSlots(3+i%4).asks); err != nil || s.Profile == 0 {
				t.Errorf("%+v, %v", s, err)
			}
		})
	}
	all.Wait()
	if len(*defined) != 4 {
		t.Errorf("%d shapes", len(*defined))
	}
}

func TestShapesThatThisClusterCannotStartAreRefused(t *testing.T) {
	table, defined := shapes(t)
	none := ResourceProfile{}
	for want, p := range map[string]ResourceProfile{
		"executors with 3 gpu, and this machine has 2: 0, 1":                                       none.ExecutorResource("gpu", 3),
		"executors with 1 fpga, and nothing says which fpga there are: set kiln.executor.resource": none.ExecutorResource("fpga", 1),
		"executors with 1000 bytes of memory, which is less than 32m":                              none.ExecutorMemory(1000),
		"an executor has -1 bytes of memory":                                                       none.ExecutorMemory(-1),
		"a task takes 5 slots, and its executors have 4":                                           none.ExecutorSlots(4).TaskSlots(5),
	} {
		if err := table.refuse(p.asks); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", p, err, want)
		}
	}
	for i := range mostShapes - 1 {
		if _, err := table.shape(profile.Executor{Slots: 2, Memory: 1<<30 + int64(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if p, err := table.shape(profile.Executor{Slots: 2, Memory: 1 << 29}); p != 0 || err != nil {
		t.Errorf("the default shape is %d, %v", p, err)
	}
	if p, err := table.shape(profile.Executor{Slots: 9}); err == nil || !strings.Contains(err.Error(), "4096 shapes") {
		t.Errorf("one too many is %d, %v", p, err)
	}
	if len(*defined) != mostShapes-1 {
		t.Errorf("%d are defined", len(*defined))
	}
}
