// Command join brings orders and customers together and prints what each country spent.
//
//	go run ./examples/join ORDERS CUSTOMERS
//
// ORDERS has lines "order,customer,amount", CUSTOMERS lines "customer,country". Orders of unknown customers count as "unknown".
package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/kilnproject/kiln"
)

func main() { kiln.Main(run) }

func run(ctx context.Context, s *kiln.Session) error {
	if len(s.Args()) != 2 {
		return errors.New("usage: join ORDERS CUSTOMERS")
	}
	totals, err := spent(kiln.TextFile(s, s.Args()[0]), kiln.TextFile(s, s.Args()[1])).Collect(ctx)
	for _, t := range totals {
		fmt.Printf("%-20s %12.2f\n", t.Key, float64(t.Value)/100)
	}
	return err
}

// spent sums up cents by country.
func spent(orders, customers kiln.RDD[string]) kiln.RDD[kiln.KV[string, int64]] {
	joined := kiln.LeftJoin(kiln.Map(orders, parseOrder), kiln.Map(customers, parseCustomer))
	byCountry := kiln.Map(joined, func(o kiln.KV[string, kiln.Joined[int64, kiln.Maybe[string]]]) kiln.KV[string, int64] {
		if !o.Value.Right.Ok {
			return kiln.Pair("unknown", o.Value.Left)
		}
		return kiln.Pair(o.Value.Right.Value, o.Value.Left)
	})
	return kiln.SortByKey(kiln.ReduceByKey(byCountry, func(a, b int64) int64 { return a + b }))
}

// parseOrder gives customer and cents.
func parseOrder(line string) kiln.KV[string, int64] {
	f := strings.Split(line, ",")
	if len(f) != 3 {
		kiln.Fail(fmt.Errorf("an order is order,customer,amount, not %q", line))
	}
	amount := kiln.Must(strconv.ParseFloat(strings.TrimSpace(f[2]), 64))
	return kiln.Pair(strings.TrimSpace(f[1]), int64(amount*100+0.5))
}

// parseCustomer gives customer and country.
func parseCustomer(line string) kiln.KV[string, string] {
	customer, country, ok := strings.Cut(line, ",")
	if !ok {
		kiln.Fail(fmt.Errorf("a customer is customer,country, not %q", line))
	}
	return kiln.Pair(strings.TrimSpace(customer), strings.TrimSpace(country))
}
