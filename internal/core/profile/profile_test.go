package profile

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kilnproject/kiln/internal/core/sched/resource"
)

var names = []string{"fpga", "gpu", "licence"}

func drawProfile(t *rapid.T) (p Profile) {
	few := rapid.IntRange(0, 5)
	p.Executor.Slots, p.Executor.Memory, p.Task.Slots = few.Draw(t, "slots"), int64(few.Draw(t, "memory"))<<30, few.Draw(t, "task slots")
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 3, rapid.ID).Draw(t, "has") {
		p.Executor = p.Executor.WithCount(Count{name, rapid.IntRange(1, 4).Draw(t, "has")})
	}
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 3, rapid.ID).Draw(t, "takes") {
		amount, err := Amount(rapid.SampledFrom([]float64{1e-6, 0.1, 0.25, 1. / 3, 0.5, 0.6, 1, 2, 3}).Draw(t, "takes"))
		if err != nil {
			t.Fatal(err)
		}
		p.Task = p.Task.WithNeed(resource.Need{Name: name, Amount: amount})
	}
	return p
}

// base is what an application's settings may say.
var base = Profile{Executor: Executor{Slots: 2, Memory: 1 << 30, Resources: []Count{{"gpu", 1}}}, Task: Task{Slots: 1}}

func TestAnExecutorRunsAsManyTasksAsTheStockGivesTheirNeeds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawProfile(t).Over(base)
		var offers []resource.Offer
		for _, c := range p.Executor.Resources {
			offers = append(offers, resource.Offer{Name: c.Name, Addresses: slices.Repeat([]string{"x"}, c.Amount)})
		}
		// The dumb way: give to one task after the other until one does not fit.
		stock, slots, n := resource.NewStock(offers), p.Executor.Slots, 0
		for slots >= p.Task.Slots && stock.Fits(p.Task.Resources) {
			stock.Take(p.Task.Resources)
			slots -= p.Task.Slots
			n++
		}
		if got := p.Task.PerExecutor(p.Executor); got != n {
			t.Fatalf("%v: counted %d, fit %d", p, got, n)
		}
		if err := p.Check(); (err == nil) != (n > 0) {
			t.Fatalf("%v: %d tasks fit, and it is refused: %v", p, n, err)
		}
	})
}

func TestMergeGivesTheMostOfEachThing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, q, r := drawProfile(t), drawProfile(t), drawProfile(t)
		before := fmt.Sprint(p, q)
		m := Merge(p, q)
		for _, name := range names {
			if m.Executor.count(name) != max(p.Executor.count(name), q.Executor.count(name)) || m.Task.need(name) != max(p.Task.need(name), q.Task.need(name)) {
				t.Fatalf("%v and %v give %v", p, q, m)
			}
		}
		if m.Executor.Slots != max(p.Executor.Slots, q.Executor.Slots) || m.Executor.Memory != max(p.Executor.Memory, q.Executor.Memory) ||
			m.Task.Slots != max(p.Task.Slots, q.Task.Slots) {
			t.Fatalf("%v and %v give %v", p, q, m)
		}
		if !m.Equal(Merge(q, p)) || !Merge(m, p).Equal(m) || !Merge(m, r).Equal(Merge(p, Merge(q, r))) {
			t.Fatalf("the order of %v, %v and %v matters", p, q, r)
		}
		if fmt.Sprint(p, q) != before {
			t.Fatal("a profile has changed")
		}
	})
}

func TestOverFillsInWhatWasNotSaid(t *testing.T) {
	gpu := func(n int64) []resource.Need { return []resource.Need{{Name: "gpu", Amount: n}} }
	all := base
	all.Task.Resources = gpu(resource.Unit)
	for _, c := range []struct {
		name    string
		p, want Profile
	}{
		{"nothing is the settings, with what tasks take", Profile{}, all},
		{"only tasks: the executors of the settings", Profile{Task: Task{Slots: 2}}, Profile{base.Executor, Task{Slots: 2}}},
		{"only a resource of tasks", Profile{Task: Task{Resources: gpu(1)}}, Profile{base.Executor, Task{1, gpu(1)}}},
		{"an executor has no resources but those named", Profile{Executor: Executor{Memory: 9}}, Profile{Executor{Slots: 2, Memory: 9}, Task{Slots: 1}}},
		{
			"an executor with resources",
			Profile{Executor: Executor{Slots: 3, Resources: []Count{{"fpga", 2}}}},
			Profile{Executor{3, 1 << 30, []Count{{"fpga", 2}}}, Task{Slots: 1}},
		},
	} {
		if got := c.p.Over(all); !got.Equal(c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestCheckSaysWhatIsImpossible(t *testing.T) {
	need := func(name string, amount int64) Task {
		return Task{Slots: 1, Resources: []resource.Need{{Name: name, Amount: amount}}}
	}
	two := Executor{Slots: 2, Resources: []Count{{"gpu", 1}}}
	for want, p := range map[string]Profile{
		"a task takes 3 slots, and its executors have 2":    {two, Task{Slots: 3}},
		"a task takes -1 slots":                             {two, Task{Slots: -1}},
		"a task takes 2 gpu, and its executors have 1":      {two, need("gpu", 2*resource.Unit)},
		"a task takes 0.5 tpu, and its executors have none": {two, need("tpu", resource.Unit/2)},
		"an executor has -2 slots":                          {Executor{Slots: -2}, Task{Slots: 1}},
		"an executor has 70000 slots":                       {Executor{Slots: 70000}, Task{Slots: 1}},
		"an executor has -5 bytes of memory":                {Executor{Slots: 1, Memory: -5}, Task{Slots: 1}},
		`an executor has 0 of resource "gpu"`:               {Executor{Slots: 1, Resources: []Count{{"gpu", 0}}}, Task{Slots: 1}},
		`whose name is what slots are called`:               {Executor{Slots: 1, Resources: []Count{{"cores", 1}}}, Task{Slots: 1}},
		`whose name is empty`:                               {two, need("", 1)},
		`whose name has other characters`:                   {two, need("a b", 1)},
		`whose name is longer than 100 bytes`:               {two, need(strings.Repeat("a", 101), 1)},
	} {
		if err := p.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", p, err, want)
		}
	}
	if err := (Profile{Executor{Slots: 2, Resources: []Count{{"yarn.io/gpu", 1}}}, need("yarn.io/gpu", resource.Unit/2)}).Check(); err != nil {
		t.Error(err)
	}
}

func TestAmountTakesPartsAndWholeNumbers(t *testing.T) {
	for of, want := range map[float64]int64{1e-6: 1, 0.5: resource.Unit / 2, 1. / 3: resource.Unit / 3, 1: resource.Unit, 4: 4 * resource.Unit} {
		if got, err := Amount(of); got != want || err != nil {
			t.Errorf("%g: %d, %v", of, got, err)
		}
	}
	for _, of := range []float64{0, -1, 1.5, 2.0000001, 1e-7, math.NaN(), math.Inf(1), math.Inf(-1), 1e18} {
		if got, err := Amount(of); err == nil {
			t.Errorf("%g: %d", of, got)
		}
	}
}

func TestAProfileReadsAsASentence(t *testing.T) {
	p := Profile{Executor{Slots: 4, Memory: 3 << 29, Resources: []Count{{"gpu", 2}}}, Task{2, []resource.Need{{Name: "gpu", Amount: resource.Unit / 2}}}}
	for want, got := range map[string]fmt.Stringer{
		"executors of 4 slots, 1536m, 2 gpu; tasks of 2 slots, 0.5 gpu": p,
		"tasks of 1 slot":             Profile{Task: Task{Slots: 1}},
		"executors of 1000 bytes":     Profile{Executor: Executor{Memory: 1000}},
		"nothing beyond the settings": Profile{},
	} {
		if got.String() != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
