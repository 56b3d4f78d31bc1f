package replay

import (
	"reflect"
	"strings"

	"github.com/kilnproject/kiln/internal/core/sched"
)

// events are all events, each under the tag of its place. A test compares them with the core's.
var events = kinds[sched.Event](
	sched.JobSubmitted{}, sched.JobCancelled{}, sched.GroupCancelled{}, sched.TagCancelled{}, sched.StageCancelled{}, sched.AllCancelled{},
	sched.ExecutorRegistered{}, sched.ExecutorLost{}, sched.ExecutorSuspected{}, sched.ExecutorsDecommissioned{},
	sched.HostDecommissioned{}, sched.KillAsked{}, sched.HostLost{}, sched.Heard{}, sched.ExecutorsUnavailable{}, sched.OutputsLost{},
	sched.TaskEnded{}, sched.ResultFetched{}, sched.ResultLost{}, sched.BlocksChanged{}, sched.RDDReleased{}, sched.ShuffleReleased{}, sched.PoolDefined{}, sched.TaskCalled{},
	sched.Woke{}, sched.Progressed{}, sched.DriverResumed{}, sched.CopyEnded{},
)

// orders are all actions but the facts, on which nothing depends. They are not in a log; their bytes are digested.
var orders = kinds[sched.Action](
	sched.ShipStage{}, &sched.Launch{}, sched.Kill{}, sched.ForgetStage{}, sched.FetchResult{}, sched.DropResult{}, &sched.DeliverResult{},
	sched.MergeUpdates{}, sched.CompleteJob{}, sched.FailJob{}, sched.DropShuffle{}, sched.DrainExecutor{}, sched.KillExecutor{},
	sched.RefuseExecutor{}, sched.AnswerCall{}, sched.DropRDD{}, sched.CopyBlock{},
)

var configShape = shapeOf(reflect.TypeFor[sched.Config]())

// table is the shapes of the types behind an interface.
type table struct {
	types  []reflect.Type
	shapes []*shape
	tags   map[reflect.Type]int
}

func kinds[T any](of ...T) *table {
	t := &table{tags: map[reflect.Type]int{}}
	for i, x := range of {
		kind := reflect.Indirect(reflect.ValueOf(x)).Type()
		t.types = append(t.types, kind)
		t.shapes = append(t.shapes, shapeOf(kind))
		t.tags[kind] = i
	}
	return t
}

// put appends the tag of a value, plus first, and its fields. Pointers are written as what they point to. It returns false for a type
// that is not in the table.
func (t *table) put(to []byte, first int, x any) ([]byte, bool) {
	v := reflect.Indirect(reflect.ValueOf(x))
	if !v.IsValid() {
		return to, false
	}
	tag, ok := t.tags[v.Type()]
	if !ok {
		return to, false
	}
	return t.shapes[tag].put(append(to, byte(first+tag)), v), true
}

// text gives the shape of everything that a log may hold.
func shapesText() string {
	texts := []string{configShape.text}
	for _, s := range events.shapes {
		texts = append(texts, s.text)
	}
	return strings.Join(texts, "\n")
}
