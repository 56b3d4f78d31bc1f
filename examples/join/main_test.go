package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/kilnproject/kiln"
)

func TestTotalsAreThoseOfAPlainLoop(t *testing.T) {
	chance := rand.New(rand.NewPCG(9, 10))
	var orders, customers strings.Builder
	country := map[string]string{}
	for i := range 80 {
		name := fmt.Sprint("c", i)
		country[name] = []string{"Chile", "Ghana", "Nepal"}[chance.IntN(3)]
		fmt.Fprintf(&customers, "%s, %s\n", name, country[name])
	}
	want := map[string]int64{}
	for i := range 2000 {
		name, cents := fmt.Sprint("c", chance.IntN(90)), chance.Int64N(100000)
		where := country[name]
		if where == "" {
			where = "unknown"
		}
		want[where] += cents
		fmt.Fprintf(&orders, "o%d,%s,%d.%02d\n", i, name, cents/100, cents%100)
	}
	o, c := write(t, "orders", orders.String()), write(t, "customers", customers.String())
	everywhere(t, func(t *testing.T, s *kiln.Session) {
		rows, err := spent(kiln.TextFile(s, o), kiln.TextFile(s, c)).Collect(t.Context())
		got := map[string]int64{}
		for _, r := range rows {
			got[r.Key] = r.Value
		}
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	})
}
