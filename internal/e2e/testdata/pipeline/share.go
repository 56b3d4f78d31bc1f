package main

import (
	"context"
	"fmt"
	"hash/crc32"
	"iter"
	"math/rand/v2"

	"github.com/kilnproject/kiln"
)

// shared is a value that every executor fetches at its gate.
type shared struct {
	Gate  gate
	Value kiln.Broadcast[[]byte]
}

// sumShared tells, for each row, the checksum of the value as it came to this executor.
func sumShared(s shared, _ *kiln.TaskContext, rows iter.Seq[int64]) iter.Seq2[uint32, error] {
	return func(yield func(uint32, error) bool) {
		s.Gate.pass(context.Background())
		sum := crc32.ChecksumIEEE(s.Value.Get())
		for range rows {
			if !yield(sum, nil) {
				return
			}
		}
	}
}

// share brings 32 MiB to every executor, twice, and prints which tasks saw the same as the driver.
func share(ctx context.Context, s *kiln.Session, gates string, partitions int) error {
	value := make([]byte, 32<<20)
	chance := rand.New(rand.NewPCG(1, 2))
	for i := range value {
		value[i] = byte(chance.Uint32())
	}
	b, err := kiln.NewBroadcast(s, value)
	if err != nil {
		return err
	}
	for _, phase := range []string{"share", "again"} {
		env := shared{gate{gates, phase}, b}
		sums, err := kiln.MapPartitionsWith(kiln.Range(s, 0, int64(partitions), 1, partitions), env, sumShared).Collect(ctx)
		if err != nil {
			return err
		}
		right := 0
		for _, sum := range sums {
			if sum == crc32.ChecksumIEEE(value) {
				right++
			}
		}
		fmt.Println(phase, right)
		if err := b.Unpersist(ctx); err != nil {
			return err
		}
	}
	return b.Destroy(ctx)
}
