package relay

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// asked is one question and its answer, as a plain table remembers it.
type asked struct {
	by, from ids.ExecutorID
}

// plain is a second version of a table for one block, which looks at everything that was ever asked.
type plain struct {
	here map[ids.ExecutorID]bool
	log  []asked
}

// order is in which order executors first asked.
func (p *plain) order() (all []ids.ExecutorID) {
	seen := map[ids.ExecutorID]bool{}
	for _, a := range p.log {
		if !seen[a.by] {
			seen[a.by] = true
			all = append(all, a.by)
		}
	}
	return all
}

// named is how often e was named.
func (p *plain) named(e ids.ExecutorID) (n int64) {
	for _, a := range p.log {
		if a.from == e {
			n++
		}
	}
	return n
}

// failed says that somebody asked again after it was sent to e.
func (p *plain) failed(e ids.ExecutorID) bool {
	for i, a := range p.log {
		for _, later := range p.log[i+1:] {
			if a.from == e && later.by == a.by {
				return true
			}
		}
	}
	return false
}

func (p *plain) ask(size int64, e ids.ExecutorID) Source {
	own := max(1, (1<<20)/max(1, size))
	if !p.here[e] || int64(len(p.here)) <= max(2, own) {
		return Source{From: ids.Driver}
	}
	p.log = append(p.log, asked{e, -2})
	from := ids.Driver
	if p.named(ids.Driver) >= own {
		for _, other := range p.order() {
			if other == e {
				break
			}
			if p.here[other] && p.named(other) < 2 && !p.failed(other) {
				from = other
				break
			}
		}
	}
	p.log[len(p.log)-1].from = from
	return Source{From: from, Shared: true}
}

var piece = ids.Broadcast(7, 3)

func TestATableAnswersAsOneThatLooksAtEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var table Table
		p := &plain{here: map[ids.ExecutorID]bool{}}
		size := rapid.SampledFrom([]int64{0, 1, 200 << 10, 1 << 20, 4 << 20}).Draw(t, "size")
		next := ids.ExecutorID(0)
		for range rapid.IntRange(1, 120).Draw(t, "events") {
			e := ids.ExecutorID(rapid.IntRange(-1, int(next)+1).Draw(t, "executor"))
			switch rapid.IntRange(0, 9).Draw(t, "kind") {
			case 0, 1, 2:
				table.Joined(next)
				p.here[next] = true
				next++
			case 3:
				table.Left(e)
				delete(p.here, e)
			case 4:
				if rapid.IntRange(0, 9).Draw(t, "forget") == 0 {
					table.Forget(piece)
					p.log = nil
				}
			default:
				if got, want := table.Ask(piece, size, e), p.ask(size, e); got != want {
					t.Fatalf("%v is sent to %+v, not to %+v, after %v", e, got, want, p.log)
				}
			}
		}
	})
}

// Whatever happens, who waits for a block waits for somebody who asked earlier, so that the way ends at the driver.
func TestNobodyIsSentInACircle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var table Table
		n := rapid.IntRange(3, 40).Draw(t, "executors")
		for e := range n {
			table.Joined(ids.ExecutorID(e))
		}
		from := map[ids.ExecutorID]ids.ExecutorID{}
		gone := map[ids.ExecutorID]bool{}
		for range rapid.IntRange(1, 150).Draw(t, "events") {
			e := ids.ExecutorID(rapid.IntRange(0, n-1).Draw(t, "executor"))
			if rapid.IntRange(0, 9).Draw(t, "leaves") == 0 {
				table.Left(e)
				gone[e] = true
				continue
			}
			if gone[e] {
				continue
			}
			s := table.Ask(piece, 4<<20, e)
			if gone[s.From] {
				t.Fatalf("%v is sent to %v, which is gone", e, s.From)
			}
			from[e] = s.From
			at := e
			for range n + 1 {
				if at == ids.Driver {
					break
				}
				at = from[at]
			}
			if at != ids.Driver {
				t.Fatalf("%v is sent to %v, and from there in a circle: %v", e, s.From, from)
			}
		}
	})
}

func TestTheDriverGivesABlockOnceHoweverManyAsk(t *testing.T) {
	for _, n := range []int{3, 6, 100, 1000} {
		var table Table
		for e := range n {
			table.Joined(ids.ExecutorID(e))
		}
		given := map[ids.ExecutorID]int{}
		depth := map[ids.ExecutorID]int{ids.Driver: 0}
		deepest := 0
		for e := range ids.ExecutorID(n) {
			s := table.Ask(piece, 4<<20, e)
			given[s.From]++
			depth[e] = depth[s.From] + 1
			deepest = max(deepest, depth[e])
		}
		for e, times := range given { // each is looked at alone
			if times > Readers {
				t.Errorf("of %d executors, %d are sent to %v", n, times, e)
			}
		}
		if given[ids.Driver] != 1 {
			t.Errorf("of %d executors, %d are sent to the driver", n, given[ids.Driver])
		}
		if deepest > 10 {
			t.Errorf("with %d executors a block goes through %d hands", n, deepest)
		}
	}
}

func TestFewExecutorsAndSmallBlocksAreTheDriversOwnMatter(t *testing.T) {
	var table Table
	for e := range ids.ExecutorID(10) {
		table.Joined(e)
		want := Source{From: ids.Driver, Shared: e >= 2}
		if got := table.Ask(ids.Broadcast(1, int(e)), 4<<20, e); got != want {
			t.Errorf("the first of %d executors that asks for a piece is sent to %+v", e+1, got)
		}
		if got := table.Ask(ids.Broadcast(2, 0), 100<<10, e); got != (Source{From: ids.Driver}) {
			t.Errorf("with %d executors, who asks for 100 KiB is sent to %+v", e+1, got)
		}
	}
	if table.Len() != 8 {
		t.Errorf("%d blocks are remembered, where 8 were shared", table.Len())
	}
}

func TestWhoCouldNotGiveABlockIsNotNamedAgain(t *testing.T) {
	var table Table
	for e := range ids.ExecutorID(8) {
		table.Joined(e)
	}
	ask := func(e ids.ExecutorID) ids.ExecutorID { return table.Ask(piece, 4<<20, e).From }
	for _, step := range []struct{ by, from ids.ExecutorID }{
		{0, ids.Driver}, {1, 0}, {2, 0}, {3, 1}, {3, 2}, {4, 2}, {5, 3}, {5, 4}, {6, 4}, {1, ids.Driver}, {0, ids.Driver},
	} {
		if got := ask(step.by); got != step.from {
			t.Fatalf("%v is sent to %v, not to %v", step.by, got, step.from)
		}
	}
}

func ExampleTable() {
	var t Table
	for e := range ids.ExecutorID(7) {
		t.Joined(e)
	}
	for e := range ids.ExecutorID(7) {
		fmt.Printf("%v from %v\n", e, t.Ask(ids.Broadcast(0, 0), 4<<20, e).From)
	}
	t.Left(1)
	fmt.Println("4 again, from", t.Ask(ids.Broadcast(0, 0), 4<<20, 4).From)
	// Output:
	// 0 from driver
	// 1 from 0
	// 2 from 0
	// 3 from 1
	// 4 from 1
	// 5 from 2
	// 6 from 2
	// 4 again, from 3
}

// BenchmarkAsk is one question of the pieces of a broadcast of 256 MiB by 1000 executors.
func BenchmarkAsk(b *testing.B) {
	var table Table
	for e := range 1000 {
		table.Joined(ids.ExecutorID(e))
	}
	n := 0
	for b.Loop() {
		if n%64000 == 0 {
			for p := range 64 {
				table.Forget(ids.Broadcast(0, p))
			}
		}
		table.Ask(ids.Broadcast(0, n%64), 4<<20, ids.ExecutorID(n/64%1000))
		n++
	}
}
