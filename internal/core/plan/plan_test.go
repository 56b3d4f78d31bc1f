package plan

import (
	"reflect"
	"strings"
	"testing"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// wordCount is source -> map ~ shuffle 0 ~> read -> merge.
func wordCount() *RDD {
	src := &RDD{ID: 0, Verb: "TextFile", Partitions: 3, Op: []byte("src"), Splits: [][]byte{[]byte("a"), []byte("bb"), nil}}
	m := &RDD{ID: 1, Verb: "Map", Site: "main.go:7", Partitions: 3, Op: []byte("map"), Deps: []Dependency{{Parent: src}}}
	read := &RDD{ID: 2, Verb: "ReduceByKey", Partitions: 2, Op: []byte("read"),
		Deps: []Dependency{{Parent: m, Shuffle: &Shuffle{ID: 0, Reduces: 2, Write: []byte("write")}}}}
	return &RDD{ID: 3, Verb: "Filter", Partitions: 2, Op: []byte("merge"), Deps: []Dependency{{Parent: read}}}
}

func TestCutGivesParentsFirst(t *testing.T) {
	stages := Cut(wordCount(), []byte("collect"))
	if len(stages) != 2 {
		t.Fatalf("%d stages, want 2", len(stages))
	}
	m, res := stages[0], stages[1]
	if m.Shuffle == nil || m.Partitions != 3 || string(m.Body.Output) != "write" || len(m.Parents) != 0 {
		t.Errorf("map stage: %+v", m)
	}
	if res.Shuffle != nil || res.Partitions != 2 || string(res.Body.Output) != "collect" || !reflect.DeepEqual(res.Parents, []ids.ShuffleID{0}) {
		t.Errorf("result stage: %+v", res)
	}
}

func TestAShuffleReadTwiceIsOneStage(t *testing.T) {
	w := wordCount()
	u := &RDD{ID: 9, Verb: "Union", Partitions: 4, Deps: []Dependency{
		{Parent: w, Map: Mapping{Kind: Range, Length: 2}}, {Parent: w, Map: Mapping{Kind: Range, Start: 2, Length: 2}}}}
	stages := Cut(u, nil)
	if len(stages) != 2 {
		t.Fatalf("%d stages, want 2", len(stages))
	}
	if got := len(stages[1].Body.Nodes); got != 3 {
		t.Errorf("%d nodes in the result stage, want 3: a shared node appears once", got)
	}
}

func TestSplitsReachTheTaskThatNeedsThem(t *testing.T) {
	stage := Cut(wordCount(), nil)[0]
	splits := stage.Splits()
	got, err := Split(splits[1], 0, 1)
	if err != nil || string(got) != "bb" {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := Split(splits[1], 0, 0); err != nil || got != nil {
		t.Errorf("partition 1 holds the split of partition 0: %q, %v", got, err)
	}
}

// A lattice has as many ways from top to bottom as 2 to its height.
func TestWhatIsReadOnManyWaysIsVisitedOnce(t *testing.T) {
	top := kept(1, 1)
	top.Splits = [][]byte{[]byte("s")}
	for i := range 18 {
		top = &RDD{ID: ids.RDDID(2 + i), Partitions: 1, Deps: []Dependency{{Parent: top}, {Parent: top}}}
	}
	stage := Cut(top, nil)[0]
	visits := 0
	stage.reads(0, func(int32, int32) bool {
		visits++
		return true
	})
	if want := len(stage.nodes); visits != want {
		t.Errorf("%d visits to %d nodes", visits, want)
	}
	if got := stage.Splits()[0]; len(got) != 4 {
		t.Errorf("the one split takes %d bytes on its way to the task, want 4", len(got))
	}
	got, _ := stage.Kept()
	if want := []Kept{{RDD: 1, Whole: stage.Partitions}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestBodyReadsBack(t *testing.T) {
	b := Cut(wordCount(), []byte("collect"))[0].Body
	b.Nodes[1].In[0].Map = Mapping{Kind: Groups, Sets: [][]int32{{1, 2}, {}, {3}}}
	got, err := DecodeBody(b.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	if string(got.Append(nil)) != string(b.Append(nil)) || got.Nodes[1].Site != "main.go:7" {
		t.Errorf("got %+v", got)
	}
}

func TestMappings(t *testing.T) {
	for _, c := range []struct {
		m    Mapping
		p    int32
		want []int32
	}{
		{Mapping{}, 3, []int32{3}},
		{Mapping{Kind: Range, Start: 2, Length: 2}, 3, []int32{1}},
		{Mapping{Kind: Range, Start: 2, Length: 2}, 4, nil},
		{Mapping{Kind: Range, Start: 2, Length: 2}, 1, nil},
		{Mapping{Kind: Groups, Sets: [][]int32{{0, 4}, {1}}}, 0, []int32{0, 4}},
		{Mapping{Kind: Quotient, Length: 3}, 7, []int32{2}},
		{Mapping{Kind: Remainder, Length: 3}, 7, []int32{1}},
		{Mapping{Kind: Everything, Length: 2}, 7, []int32{0, 1}},
	} {
		if got := c.m.Of(c.p, nil); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v of %d: got %v, want %v", c.m, c.p, got, c.want)
		}
	}
}

func TestExplainShowsShufflesAndSites(t *testing.T) {
	got := wordCount().Explain()
	want := "(2) Filter\n| (2) ReduceByKey\n+-(3) Map  main.go:7\n  | (3) TextFile\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if !strings.Contains(got, "main.go:7") {
		t.Error("no site")
	}
}

func FuzzDecodeBody(f *testing.F) {
	b := Cut(wordCount(), []byte("collect"))[0].Body
	f.Add(b.Append(nil))
	f.Fuzz(func(t *testing.T, src []byte) {
		if b, err := DecodeBody(src); err == nil {
			if _, err := DecodeBody(b.Append(nil)); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func FuzzSplit(f *testing.F) {
	f.Add(Cut(wordCount(), nil)[0].Splits()[1], int32(0), int32(1))
	f.Fuzz(func(t *testing.T, src []byte, node, p int32) { _, _ = Split(src, node, p) })
}
