package plan

import (
	"errors"
	"strings"
	"testing"

	"github.com/kilnproject/kiln/internal/core/profile"
)

func slots(executor, task int) profile.Profile {
	return profile.Profile{Executor: profile.Executor{Slots: executor}, Task: profile.Task{Slots: task}}
}

func TestAStageHasTheProfileOfItsOwnRDDsOnly(t *testing.T) {
	top := wordCount()
	mapped := top.Deps[0].Parent.Deps[0].Parent
	mapped.Profile = slots(4, 2)
	stages := Cut(top, nil)
	if p, err := stages[0].Profile(false); !p.Equal(slots(4, 2)) || err != nil {
		t.Errorf("the map stage has %v, %v", p, err)
	}
	if p, err := stages[1].Profile(false); !p.IsZero() || err != nil {
		t.Errorf("the result stage has %v, %v", p, err)
	}
}

func TestEqualProfilesOfOneStageAreOne(t *testing.T) {
	top := wordCount()
	top.Profile, top.Deps[0].Parent.Profile = slots(4, 2), slots(4, 2)
	if p, err := Cut(top, nil)[1].Profile(false); !p.Equal(slots(4, 2)) || err != nil {
		t.Errorf("%v, %v", p, err)
	}
}

func TestDifferentProfilesOfOneStageAreAnErrorOrMerged(t *testing.T) {
	top := wordCount()
	read := top.Deps[0].Parent
	top.Site, top.Profile = "main.go:9", slots(4, 1)
	read.Site, read.Profile = "main.go:8", slots(1, 2)
	stage := Cut(top, nil)[1]
	_, err := stage.Profile(false)
	want := "ReduceByKey at main.go:8 asks for executors of 1 slot; tasks of 2 slots, Filter at main.go:9 asks for executors of 4 slots; tasks of 1 slot"
	var conflict *ProfileConflict
	if !errors.As(err, &conflict) || !errors.Is(err, ErrProfileConflict) || !strings.Contains(err.Error(), want) || len(conflict.RDDs) != 2 {
		t.Errorf("%v, want %q", err, want)
	}
	if p, err := stage.Profile(true); !p.Equal(slots(4, 2)) || err != nil {
		t.Errorf("merged: %v, %v", p, err)
	}
}
