// Command echo sends functions to a child process and prints ok.
package main

import "github.com/kilnproject/kiln/internal/data/funcs/testdata/trip"

type local[T any] struct{ V T }

func length(v local[string]) int { return len(v.V) }

func main() {
	trip.Main(
		&trip.Map[local[string], int]{In: local[string]{V: "main"}, F: length},
		&trip.MapWith[local[int], int, int]{Env: local[int]{V: 5}, In: 6, F: func(l local[int], n int) int { return l.V * n }},
	)
}
