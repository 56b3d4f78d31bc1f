package main

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/kilnproject/kiln"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/replay"
)

// A program's unions and coalesced RDDs come to the scheduler with what their tasks read: the record of a run has it.
func TestTheSchedulerHearsWhichReducePartitionsTasksRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "run.sched")
	s, err := kiln.Open(context.Background(), kiln.Master("local[2]"), kiln.Set("kiln.sched.record", file))
	if err != nil {
		t.Fatal(err)
	}
	sums := func(parts int) kiln.RDD[kiln.KV[int64, int64]] {
		pairs := kiln.Map(kiln.Range(s, 0, 100, 1, 2), func(i int64) kiln.KV[int64, int64] { return kiln.Pair(i%10, i) })
		return kiln.ReduceByKey(pairs, func(a, b int64) int64 { return a + b }, kiln.Partitions(parts))
	}
	for _, d := range []kiln.RDD[kiln.KV[int64, int64]]{kiln.Union(sums(2), sums(3)), kiln.Coalesce(sums(5), 2), sums(3)} {
		if _, err := d.Count(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	want := [][]sched.Reduces{
		{{First: []int32{0, 1, 2, 2, 2, 2}, Parts: []int32{0, 1}}, {First: []int32{0, 0, 0, 1, 2, 3}, Parts: []int32{0, 1, 2}}},
		{{First: []int32{0, 3, 5}, Parts: []int32{0, 1, 2, 3, 4}}},
		{},
	}
	if got := readsOf(t, file); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
}

// readsOf gives what the last stage of each job in a record reads.
func readsOf(t *testing.T, file string) (all [][]sched.Reduces) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	log, err := replay.Open(data)
	if err != nil {
		t.Fatal(err)
	}
	_, err = log.Play(func(st replay.Step) bool {
		if ev, ok := st.Record.Event.(sched.JobSubmitted); ok {
			all = append(all, append([]sched.Reduces{}, ev.Job.Stages[len(ev.Job.Stages)-1].Reads...))
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
