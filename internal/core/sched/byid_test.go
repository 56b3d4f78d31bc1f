package sched

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/kilnproject/kiln/internal/core/ids"
)

func TestAttemptsAreFoundAsInAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var table attempts
		there := map[ids.TaskID]*attempt{}
		var list []ids.TaskID
		var next ids.TaskID
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				next += ids.TaskID(rapid.IntRange(1, 3*pageSize).Draw(t, "gap"))
				a := &attempt{id: next}
				table.put(a)
				there[next], list = a, append(list, next)
			},
			"remove": func(t *rapid.T) {
				if len(list) == 0 {
					t.Skip("nothing is there")
				}
				i := rapid.IntRange(0, len(list)-1).Draw(t, "which")
				table.remove(list[i])
				delete(there, list[i])
				list = append(list[:i], list[i+1:]...)
			},
			"get": func(t *rapid.T) {
				id := ids.TaskID(rapid.Int64Range(-2, int64(next)+2*pageSize).Draw(t, "id"))
				if table.get(id) != there[id] {
					t.Fatalf("id %d: %v, want %v", id, table.get(id), there[id])
				}
			},
			"": func(t *rapid.T) {
				if table.len() != len(there) || len(there) == 0 && len(table.pages) > 0 {
					t.Fatalf("%d attempts on %d pages, want %d", table.len(), len(table.pages), len(there))
				}
				for _, id := range list {
					if table.get(id) != there[id] {
						t.Fatalf("id %d is not there", id)
					}
				}
			},
		})
	})
}
