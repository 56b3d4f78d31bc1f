package sched

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

func TestOrdersOfOneExecutorStandTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := New(Config{})
		executors := []*executor{{id: 0}, {id: 1}, {id: 2}}
		for range 2 { // the second Step finds what the first one has left
			var first []ids.ExecutorID
			ships, launches := map[ids.ExecutorID][]Action{}, map[ids.ExecutorID][]Action{}
			n := rapid.IntRange(0, 12).Draw(t, "orders")
			for i := range n {
				e := rapid.SampledFrom(executors).Draw(t, "executor")
				if !slices.Contains(first, e.id) {
					first = append(first, e.id)
				}
				if rapid.Bool().Draw(t, "ship") {
					ref := ids.StageRef{Stage: ids.StageID(i)}
					c.orders.ship(e, ref, 0)
					ships[e.id] = append(ships[e.id], ShipStage{e.id, ref, 0})
				} else {
					l := &Launch{e.id, task.Launch{ID: ids.TaskID(i)}}
					c.orders.launch(e, l)
					launches[e.id] = append(launches[e.id], l)
				}
			}
			if c.orders.len() != n {
				t.Fatalf("%d orders, counted %d", n, c.orders.len())
			}
			var want []string
			for _, id := range first {
				for _, a := range slices.Concat(ships[id], launches[id]) {
					want = append(want, fmt.Sprint(a))
				}
			}
			c.out = nil
			c.giveOrders()
			var got []string
			for _, a := range c.out {
				got = append(got, fmt.Sprint(a))
			}
			if !slices.Equal(got, want) || c.orders.len() != 0 {
				t.Fatalf("%q, want %q", got, want)
			}
		}
	})
}
