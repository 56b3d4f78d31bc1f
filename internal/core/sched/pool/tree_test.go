package pool

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// dumb is a tree that sorts everything each time, with the comparison as Spark states it: in floating point, by cases.
type dumb struct {
	root  Policy
	pools []Definition
	sets  []*dumbSet // in the order in which they entered
}

type dumbSet struct {
	pool    string
	job     ids.JobID
	stage   ids.StageID
	running int
	waits   bool
	m       *Member[*dumbSet]
}

func (d *dumb) definition(name string) Definition {
	if at := slices.IndexFunc(d.pools, func(p Definition) bool { return p.Name == name }); at >= 0 {
		return d.pools[at]
	}
	return Definition{Name: name, Weight: 1}
}

func (d *dumb) running(pool string) (n int) {
	for _, s := range d.sets {
		if s.pool == pool {
			n += s.running
		}
	}
	return n
}

// fair says whether one schedulable is before another, or nothing when they are equal.
func fair(runA, minA, weightA, runB, minB, weightB int) int {
	ratio := func(n int, of float64) float64 { return float64(n) / of }
	switch needyA, needyB := runA < minA, runB < minB; {
	case needyA && !needyB:
		return -1
	case !needyA && needyB:
		return 1
	case needyA && needyB:
		return compare(ratio(runA, max(float64(minA), 1)), ratio(runB, max(float64(minB), 1)))
	}
	return compare(ratio(runA, float64(weightA)), ratio(runB, float64(weightB)))
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func fifo(a, b *dumbSet) int {
	if a.job != b.job {
		return int(a.job) - int(b.job)
	}
	return int(a.stage) - int(b.stage)
}

// order gives the sets that wait, as they are served.
func (d *dumb) order() (order []*dumbSet) {
	sorted := slices.Clone(d.sets)
	slices.SortStableFunc(sorted, func(a, b *dumbSet) int {
		if d.root == FIFO {
			return fifo(a, b)
		}
		if a.pool != b.pool {
			p, q := d.definition(a.pool), d.definition(b.pool)
			if c := fair(d.running(p.Name), p.MinShare, p.Weight, d.running(q.Name), q.MinShare, q.Weight); c != 0 {
				return c
			}
			return strings.Compare(p.Name, q.Name)
		}
		if d.definition(a.pool).Policy == Fair {
			if c := fair(a.running, 0, 1, b.running, 0, 1); c != 0 {
				return c
			}
		}
		return fifo(a, b)
	})
	for _, s := range sorted {
		if s.waits {
			order = append(order, s)
		}
	}
	return order
}

var names = []string{"", "default", "etl", "adhoc", "reports"}

func drawPools(t *rapid.T) (pools []Definition) {
	for _, name := range names[1:] {
		if rapid.Bool().Draw(t, "defines "+name) {
			pools = append(pools, Definition{
				Name: name, Policy: Policy(rapid.IntRange(0, 1).Draw(t, "policy")),
				Weight: rapid.IntRange(1, 3).Draw(t, "weight"), MinShare: rapid.IntRange(0, 9).Draw(t, "share"),
			})
		}
	}
	return pools
}

func TestTreeOrdersAsADumbOneThatSorts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := &dumb{root: Policy(rapid.IntRange(0, 1).Draw(t, "root")), pools: drawPools(t)}
		tree, err := New[*dumbSet](Config{Policy: d.root, Pools: d.pools})
		if err != nil {
			t.Fatal(err)
		}
		pick := func(t *rapid.T) *dumbSet {
			if len(d.sets) == 0 {
				t.Skip("no set")
			}
			return rapid.SampledFrom(d.sets).Draw(t, "set")
		}
		t.Repeat(map[string]func(*rapid.T){
			"enter": func(t *rapid.T) {
				s := &dumbSet{pool: rapid.SampledFrom(names).Draw(t, "pool"), job: ids.JobID(rapid.IntRange(0, 3).Draw(t, "job")), stage: ids.StageID(rapid.IntRange(0, 3).Draw(t, "stage"))}
				s.m, _, err = tree.Enter(s.pool, s.job, s.stage, s)
				if err != nil {
					t.Fatal(err)
				}
				if s.pool == "" {
					s.pool = Default
				}
				d.sets = append(d.sets, s)
			},
			"leave": func(t *rapid.T) {
				s := pick(t)
				tree.Leave(s.m)
				d.sets = slices.DeleteFunc(d.sets, func(o *dumbSet) bool { return o == s })
			},
			"wait": func(t *rapid.T) { s := pick(t); s.waits = true; tree.Wait(s.m) },
			"rest": func(t *rapid.T) { s := pick(t); s.waits = false; tree.Rest(s.m) },
			"start": func(t *rapid.T) {
				s := pick(t)
				for range rapid.IntRange(1, 4).Draw(t, "tasks") {
					s.running++
					tree.Started(s.m)
				}
			},
			"end": func(t *rapid.T) {
				if s := pick(t); s.running > 0 {
					s.running--
					tree.Ended(s.m)
				}
			},
			"define": func(t *rapid.T) {
				for _, p := range drawPools(t) {
					if err := tree.Define(p); err != nil {
						t.Fatal(err)
					}
					d.pools = append(slices.DeleteFunc(d.pools, func(o Definition) bool { return o.Name == p.Name }), p)
				}
			},
			"": func(t *rapid.T) { sameOrder(t, tree, d) },
		})
	})
}

func sameOrder(t *rapid.T, tree *Tree[*dumbSet], d *dumb) {
	if err := tree.Check(); err != nil {
		t.Fatal(err)
	}
	want := d.order()
	if got := slices.Collect(tree.All()); !slices.Equal(got, want) {
		t.Fatalf("order %v, want %v", got, want)
	}
	if first, ok := tree.First(); ok != (len(want) > 0) || ok && first != want[0] {
		t.Fatalf("first is %v, want the first of %v", first, want)
	}
	for _, s := range d.sets {
		if s.m.Waiting() != s.waits {
			t.Fatalf("%v waits: %v", s, s.m.Waiting())
		}
	}
}

func (s *dumbSet) String() string {
	return fmt.Sprintf("%s/%d/%d with %d", s.pool, s.job, s.stage, s.running)
}

func TestDefinitionsThatCannotBeAreRefused(t *testing.T) {
	for want, d := range map[string][]Definition{
		`a pool has no name`: {{Weight: 1}},
		`pool "a" has weight 0: a weight is from 1 to 1048576`:        {{Name: "a"}},
		`pool "a" has minimum share -1: it is from 0 to 1048576`:      {{Name: "a", Weight: 1, MinShare: -1}},
		`pool "a" has policy 2: it is FIFO or FAIR`:                   {{Name: "a", Weight: 1, Policy: 2}},
		`pool "a" is defined twice`:                                   {Unweighted("a"), Unweighted("a")},
		`pool "b" has weight 1048577: a weight is from 1 to 1048576`:  {Unweighted("a"), {Name: "b", Weight: MaxShare + 1}},
		`pool "b" has minimum share 1048577: it is from 0 to 1048576`: {{Name: "b", Weight: 1, MinShare: MaxShare + 1}},
	} {
		if _, err := New[int](Config{Policy: Fair, Pools: d}); err == nil || err.Error() != want {
			t.Errorf("%v: %v, want %s", d, err, want)
		}
	}
}

func TestAnUnknownPoolIsCreatedAndForgottenOrRefused(t *testing.T) {
	tree, _ := New[int](Config{Policy: Fair})
	m, created, err := tree.Enter("new", 0, 0, 1)
	if !created || err != nil || len(tree.View()) != 2 {
		t.Errorf("created: %v, %v; %v", created, err, tree.View())
	}
	again, created, _ := tree.Enter("new", 1, 1, 2)
	if created {
		t.Error("created twice")
	}
	tree.Leave(m)
	tree.Leave(again)
	if len(tree.View()) != 1 {
		t.Errorf("an empty pool that nobody defined stays: %v", tree.View())
	}
	strict, _ := New[int](Config{Policy: Fair, Strict: true})
	if _, _, err := strict.Enter("new", 0, 0, 1); err == nil || strict.Known("new") {
		t.Errorf("an unknown pool is not refused: %v", err)
	}
	if _, _, err := strict.Enter("", 0, 0, 1); err != nil {
		t.Errorf("the default pool is refused: %v", err)
	}
	fifo, _ := New[int](Config{Strict: true})
	if _, _, err := fifo.Enter("any", 0, 0, 1); err != nil {
		t.Errorf("without pools, a name of one is refused: %v", err)
	}
}

func BenchmarkOneSlotAmong(b *testing.B) {
	for _, n := range []int{10, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			t, _ := New[int](Config{Policy: Fair, Pools: []Definition{{Name: "p", Policy: Fair, Weight: 1}}})
			members := make([]*Member[int], n)
			for i := range members {
				members[i], _, _ = t.Enter("p", ids.JobID(i), 0, i)
				t.Wait(members[i])
			}
			for b.Loop() {
				i, _ := t.First()
				t.Started(members[i])
			}
		})
	}
}

func ExampleTree() {
	t, _ := New[string](Config{Policy: Fair, Pools: []Definition{
		{Name: "etl", Weight: 1},
		{Name: "adhoc", Policy: Fair, Weight: 2, MinShare: 1},
	}})
	nightly, _, _ := t.Enter("etl", 1, 1, "nightly")
	query, _, _ := t.Enter("adhoc", 2, 2, "query")
	t.Wait(nightly)
	t.Wait(query)
	turns := map[string]*Member[string]{"nightly": nightly, "query": query}
	for range 7 {
		name, _ := t.First()
		fmt.Print(name, " ")
		t.Started(turns[name])
	}
	// Output:
	// query nightly query query nightly query query
}
