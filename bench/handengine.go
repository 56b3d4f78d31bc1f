package main

import (
	"strconv"

	"github.com/kilnproject/kiln/bench/data"
	"github.com/kilnproject/kiln/bench/hand"
)

// handEngine is Go written by hand.
type handEngine struct{ threads int }

func (e handEngine) Name() string { return "hand/" + strconv.Itoa(e.threads) }

func (e handEngine) Run(workload string, in data.Input) (Measured, error) {
	solve, ok := hand.Solutions[workload]
	if !ok || workload == rowFused && e.threads > 1 {
		return Measured{}, errAbsent
	}
	return timed(workload, in, func() (data.Result, error) { return solve(in, e.threads) })
}
