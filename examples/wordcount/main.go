// Command wordcount prints the words that occur most often in text files.
//
//	go run ./examples/wordcount $(go env GOROOT)/src
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/kilnproject/kiln"
)

func main() { kiln.Main(run) }

func run(ctx context.Context, s *kiln.Session) error {
	if len(s.Args()) == 0 || s.Args()[0] == "--help" {
		return errors.New("usage: wordcount PATH... (files, directories, globs)")
	}
	top, err := count(kiln.TextFile(s, strings.Join(s.Args(), ","))).Top(ctx, 20, moreOften)
	if err != nil {
		return err
	}
	for _, w := range top {
		fmt.Printf("%10d %s\n", w.Value, w.Key)
	}
	return nil
}

// count gives how often each word occurs in the lines.
func count(lines kiln.RDD[string]) kiln.RDD[kiln.KV[string, int64]] {
	words := kiln.FlatMap(lines, strings.Fields)
	ones := kiln.Map(words, func(w string) kiln.KV[string, int64] { return kiln.Pair(w, int64(1)) })
	return kiln.ReduceByKey(ones, func(a, b int64) int64 { return a + b })
}

// moreOften orders words by how often they occur, and equal ones by the alphabet, so that the result is the same every time.
func moreOften(a, b kiln.KV[string, int64]) int {
	return cmp.Or(cmp.Compare(a.Value, b.Value), strings.Compare(b.Key, a.Key))
}
