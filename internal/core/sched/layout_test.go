package sched

import (
	"reflect"
	"testing"
)

// TestWhatAStepTouchesLiesTogether keeps the sizes on which the cost of a Step depends with very many executors: see doc.go.
func TestWhatAStepTouchesLiesTogether(t *testing.T) {
	const line = 64
	if size := reflect.TypeFor[attempt]().Size(); size > line {
		t.Errorf("a task attempt takes %d bytes, more than a cache line", size)
	}
	e := reflect.TypeFor[executor]()
	if few, _ := e.FieldByName("few"); few.Offset+few.Type.Size() > 2*line {
		t.Errorf("what is looked at of an executor takes %d bytes, more than two cache lines", few.Offset+few.Type.Size())
	}
	if size := reflect.TypeFor[site]().Size(); size != 6*line {
		t.Errorf("a site takes %d bytes, and not 384, which the allocator aligns to cache lines", size)
	}
}
