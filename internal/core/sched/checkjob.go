package sched

import (
	"fmt"
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched/mapout"
)

// maxPartitions bounds what one stage may ask for, so that a mistaken number is an error and not the end of the driver's memory.
const maxPartitions = 1 << 24

// checkJob says what makes a job impossible, or nothing. It puts the wanted partitions in order.
func checkJob(j *Job, outputs *mapout.Table) string {
	if len(j.Stages) == 0 {
		return "the job has no stage"
	}
	written := map[ids.ShuffleID]*StageSpec{}
	for i := range j.Stages {
		s := &j.Stages[i]
		if why := checkStageSpec(s, written, outputs); why != "" {
			return fmt.Sprintf("stage %d of the job (%s at %s) %s", i, s.Name, s.Site, why)
		}
		if isLast := i == len(j.Stages)-1; s.IsMap != (!isLast || j.MapStage) {
			return "the last stage of a job gives results, unless it is a map-stage job; every other one is a map stage"
		}
		if s.IsMap {
			written[s.Shuffle] = s
		}
	}
	last := &j.Stages[len(j.Stages)-1]
	if j.Partitions == nil {
		return ""
	}
	if last.Barrier && len(j.Partitions) < last.Partitions {
		return fmt.Sprintf("the job asks for %d of the %d partitions of a barrier stage, whose tasks all run at the same time", len(j.Partitions), last.Partitions)
	}
	if j.MapStage {
		return "a map-stage job computes all partitions"
	}
	j.Partitions = slices.Clone(j.Partitions)
	slices.Sort(j.Partitions)
	for i, p := range j.Partitions {
		if p < 0 || int(p) >= last.Partitions {
			return fmt.Sprintf("the job asks for partition %d of %d", p, last.Partitions)
		}
		if i > 0 && p == j.Partitions[i-1] {
			return fmt.Sprintf("the job asks twice for partition %d", p)
		}
	}
	return ""
}

func checkStageSpec(s *StageSpec, written map[ids.ShuffleID]*StageSpec, outputs *mapout.Table) string {
	for _, p := range s.Parents {
		if written[p] == nil {
			return fmt.Sprintf("reads shuffle %d, which no stage before it writes", p)
		}
	}
	if why := checkNeeds(s); why != "" {
		return why
	}
	if why := checkReads(s, written); why != "" {
		return why
	}
	switch {
	case s.Partitions < 0 || s.Partitions > maxPartitions:
		return fmt.Sprintf("has %d partitions; there may be from 0 to %d", s.Partitions, maxPartitions)
	case s.Splits != nil && len(s.Splits) != s.Partitions:
		return fmt.Sprintf("has %d partitions and %d splits", s.Partitions, len(s.Splits))
	case s.Prefer != nil && len(s.Prefer) != s.Partitions:
		return fmt.Sprintf("has %d partitions and preferred places for %d", s.Partitions, len(s.Prefer))
	case s.Bytes != nil && (len(s.Bytes) != s.Partitions || slices.ContainsFunc(s.Bytes, func(n int64) bool { return n < 0 })):
		return fmt.Sprintf("has %d partitions and %d sizes of what they read, or negative ones", s.Partitions, len(s.Bytes))
	case slices.ContainsFunc(s.Kept, func(k Kept) bool { return k.Partitions != nil && len(k.Partitions) != s.Partitions }):
		return fmt.Sprintf("has %d partitions and reads cached ones for another number", s.Partitions)
	case !s.throughMakesSense():
		return "says of what it reads that it is read through a cached RDD which does not stand over it"
	case !s.IsMap:
		return ""
	case written[s.Shuffle] != nil:
		return fmt.Sprintf("writes shuffle %d, as a stage before it does", s.Shuffle)
	case s.Reduces < 0 || s.Reduces > maxPartitions:
		return fmt.Sprintf("has %d reduce partitions; there may be from 0 to %d", s.Reduces, maxPartitions)
	}
	if o := outputs.Find(s.Shuffle); o != nil && (o.Maps() != s.Partitions || o.Reduces() != s.Reduces) {
		return fmt.Sprintf("writes %d x %d outputs of shuffle %d, which has %d x %d", s.Partitions, s.Reduces, s.Shuffle, o.Maps(), o.Reduces())
	}
	return ""
}
