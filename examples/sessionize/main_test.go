package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kilnproject/kiln"
)

func TestVisitsAreThoseOfAPlainLoop(t *testing.T) {
	chance := rand.New(rand.NewPCG(7, 8))
	begin := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	var text strings.Builder
	users := map[string][]event{}
	for range 3000 {
		user := fmt.Sprint("u", chance.IntN(50))
		e := event{begin.Add(time.Duration(chance.IntN(100000)) * time.Second), fmt.Sprint("/p", chance.IntN(9))}
		users[user] = append(users[user], e)
		fmt.Fprintln(&text, user, e.At.Format(time.RFC3339), e.Page)
	}
	var want []string
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for u := range users {
			if !yield(u) {
				return
			}
		}
	}) {
		want = append(want, naive(name, users[name])...)
	}
	path := write(t, "log", text.String())
	everywhere(t, func(t *testing.T, s *kiln.Session) {
		got, err := kiln.Map(visits(kiln.TextFile(s, path, kiln.MinPartitions(6))), visit.String).Collect(t.Context())
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("%d visits, %v; want %d", len(got), err, len(want))
		}
	})
}

// naive looks at every event with the one before it.
func naive(user string, events []event) (lines []string) {
	slices.SortFunc(events, func(a, b event) int {
		return strings.Compare(a.At.Format(time.RFC3339)+a.Page, b.At.Format(time.RFC3339)+b.Page)
	})
	for from, i := 0, 1; i <= len(events); i++ {
		if i < len(events) && events[i].At.Sub(events[i-1].At) < pause {
			continue
		}
		var pages []string
		for _, e := range events[from:i] {
			pages = append(pages, e.Page)
		}
		lines = append(lines, visit{user, events[from].At, events[i-1].At.Sub(events[from].At), pages}.String())
		from = i
	}
	return lines
}
