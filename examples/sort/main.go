// Command sort sorts records of 100 bytes by their first 10, over all cores or executors.
//
//	go run ./examples/sort -generate 1g /tmp/records       makes a gigabyte of random records
//	go run ./examples/sort /tmp/records /tmp/sorted        sorts them into files that follow each other
package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/kilnproject/kiln"
)

const (
	recordBytes = 100
	keyBytes    = 10
)

var errUsage = errors.New("usage: sort IN OUT, or sort -generate SIZE OUT (SIZE as in 64m or 1g)")

func main() { kiln.Main(run) }

func run(ctx context.Context, s *kiln.Session) error {
	switch args := s.Args(); {
	case len(args) == 3 && args[0] == "-generate":
		bytes, err := parseSize(args[1])
		if err != nil {
			return err
		}
		return kiln.SaveBinary(ctx, generate(s, bytes/recordBytes), args[2])
	case len(args) == 2:
		return kiln.SaveBinary(ctx, sorted(kiln.BinaryRecords(s, args[0], recordBytes)), args[1])
	}
	return errUsage
}

// sorted orders records by their keys.
func sorted(records kiln.RDD[[]byte]) kiln.RDD[[]byte] {
	return kiln.SortBy(records, func(r []byte) string { return string(r[:keyBytes]) })
}

// generate makes random records, the same ones every time.
func generate(s *kiln.Session, records int64) kiln.RDD[[]byte] {
	parts := int(max(1, min(records/300_000, 1000)))
	return kiln.Generate(s, parts, records/int64(parts), func(count int64, partition int) iter.Seq[[]byte] {
		return func(yield func([]byte) bool) {
			chance := rand.New(rand.NewPCG(uint64(partition), 100))
			for range count {
				r := make([]byte, recordBytes)
				for at := 0; at+8 <= recordBytes; at += 8 {
					binary.LittleEndian.PutUint64(r[at:], chance.Uint64())
				}
				if !yield(r) {
					return
				}
			}
		}
	})
}

// parseSize reads sizes such as 64m and 1g.
func parseSize(text string) (int64, error) {
	digits := strings.TrimRight(strings.ToLower(text), "kmg")
	n, err := strconv.ParseInt(digits, 10, 32)
	shift, ok := map[string]int{"": 0, "k": 10, "m": 20, "g": 30}[strings.ToLower(text)[len(digits):]]
	if err != nil || !ok || n <= 0 {
		return 0, fmt.Errorf("%q is no size: %w", text, errUsage)
	}
	return n << shift, nil
}
