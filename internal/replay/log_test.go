package replay

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/task"
)

// methodsOf gives the types of the core that have a method.
func methodsOf(t *testing.T, method string) (names []string) {
	t.Helper()
	files, err := filepath.Glob("../core/sched/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no core: %v", err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv != nil && f.Name.Name == method {
				of := f.Recv.List[0].Type
				if pointer, ok := of.(*ast.StarExpr); ok {
					of = pointer.X
				}
				if of, ok := of.(*ast.Ident); ok {
					names = append(names, of.Name)
				}
			}
		}
	}
	slices.Sort(names)
	return names
}

func TestEveryEventAndOrderHasItsShape(t *testing.T) {
	facts := methodsOf(t, "fact")
	for method, kinds := range map[string]*table{"event": events, "action": orders} {
		var have []string
		for _, kind := range kinds.types {
			have = append(have, kind.Name())
		}
		want := slices.DeleteFunc(methodsOf(t, method), func(name string) bool { return slices.Contains(facts, name) })
		for _, name := range want {
			if !slices.Contains(have, name) {
				t.Errorf("kinds.go lacks sched.%s", name)
			}
		}
		if len(have) != len(want) {
			t.Errorf("%s: kinds.go has %d, the core %d", method, len(have), len(want))
		}
	}
}

// record plays a cluster and gives the log of it.
func record(cfg sched.Config, limit int64, faults bool, jobs, tasks int) (log []byte, steps int) {
	r := NewRecorder(cfg, "a test", limit)
	c := newCluster(cfg, func(now sched.Time, ev sched.Event, done []sched.Action) {
		r.Step(now, ev, done)
		log = append(log, r.Take(false)...)
		steps++
	})
	c.faults = faults
	c.play(jobs, tasks)
	return append(log, r.Take(true)...), steps
}

func TestALogPlaysTheSameAgain(t *testing.T) {
	for seed := range uint64(20) {
		cfg := sched.Config{Seed: seed, MaxFailures: 3, Publish: seed%2 == 0, MaxActions: 8 + 100*int(seed%3)}
		data, steps := record(cfg, 0, true, 5, 30)
		l, err := Open(data)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(l.Config, cfg) || l.About != "a test" {
			t.Errorf("%+v %q, want %+v", l.Config, l.About, cfg)
		}
		if o, err := l.Play(nil); err != nil || o != (Outcome{Steps: steps, Ending: Complete}) {
			t.Errorf("seed %d: %+v, %v; want %d steps without a difference", seed, o, err, steps)
		}
	}
}

func TestADifferentRunIsFound(t *testing.T) {
	data, _ := record(sched.Config{Seed: 1}, 0, true, 3, 10)
	l, _ := Open(data)
	l.Config.Seed = 2
	if o, err := l.Play(nil); err != nil || o.Different == 0 {
		t.Errorf("another seed gives the same: %+v, %v", o, err)
	}
}

func TestARecordIsWhatWasSaid(t *testing.T) {
	said := []sched.Event{
		sched.JobSubmitted{Job: job(3, 2)},
		sched.TaskEnded{Executor: 4, End: task.End{
			Ref: ids.TaskRef{StageRef: ids.StageRef{Stage: 7, Attempt: 1}, Partition: -5, Try: 2}, ID: 1 << 40,
			Reason: task.EndReason{Fate: task.FetchFailed, Error: &task.Error{Text: "täxt", Value: []byte{0, 0}, Final: true}, Fetch: task.Fetch{Shuffle: 1, Map: -1, Executor: -1}},
			Sizes:  task.PackSizes([]int64{0, 1, 1 << 50}), Result: []byte{}, Updates: []task.Update{{Accumulator: 1, Value: make([]byte, 9)}},
		}},
		sched.ExecutorLost{ID: 1, Reason: strings.Repeat("x", maxText), AppCaused: true},
		sched.Woke{},
	}
	for i := range said {
		if submitted, ok := said[i].(sched.JobSubmitted); ok {
			for _, s := range submitted.Job.Stages {
				clear(s.Body)
				for _, split := range s.Splits {
					clear(split)
				}
			}
		}
	}
	r := NewRecorder(sched.Config{}, "", 0)
	for i, ev := range said {
		r.Step(time.Duration(i*i)*time.Second, ev, nil)
	}
	l, err := Open(r.Take(true))
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	for rec := range (&contents{log: l}).all() {
		if !reflect.DeepEqual(rec.Event, said[i]) || rec.Now != time.Duration(i*i)*time.Second {
			t.Errorf("at %v\n%+v\nwant\n%+v", rec.Now, rec.Event, said[i])
		}
		i++
	}
	if i != len(said) {
		t.Errorf("%d records", i)
	}
}

func TestUsersBytesAreNotRecorded(t *testing.T) {
	data, _ := record(sched.Config{}, 0, false, 1, 3)
	for _, secret := range []string{"never looked at", "rows of task", "forty-two"} {
		if strings.Contains(string(data), secret) {
			t.Errorf("%q is in the log", secret)
		}
	}
}

func TestAtItsLimitTheRecorderStopsAndSaysSo(t *testing.T) {
	const limit = 40_000
	data, steps := record(sched.Config{}, limit, false, 40, 50)
	if len(data) > limit+1000 {
		t.Errorf("%d bytes", len(data))
	}
	l, err := Open(data)
	if err != nil {
		t.Fatal(err)
	}
	o, err := l.Play(nil)
	if err != nil || o.Ending != Stopped || !strings.HasPrefix(o.Stopped, "the log reached its limit of 40000 bytes after ") || o.Different != 0 || o.Steps == 0 || o.Steps >= steps {
		t.Errorf("%+v, %v", o, err)
	}
	r := NewRecorder(sched.Config{}, "", 1)
	r.Step(0, sched.Woke{}, nil)
	if r.Stopped() == "" {
		t.Error("it goes on")
	}
}

func TestALogThatIsCutOffPlaysUpToThere(t *testing.T) {
	data, steps := record(sched.Config{Publish: true}, 0, false, 20, 50)
	l, err := Open(data[:len(data)*3/4])
	if err != nil {
		t.Fatal(err)
	}
	if o, err := l.Play(nil); err != nil || o.Ending != CutOff || o.Different != 0 || o.Steps == 0 || o.Steps >= steps {
		t.Errorf("%+v of %d steps, %v", o, steps, err)
	}
	r := NewRecorder(sched.Config{}, "", 0)
	r.Step(0, sched.Woke{}, nil)
	r.Cut()
	r.Step(0, sched.Woke{}, nil) // the process is killed before this is written
	if l, err = Open(r.Take(false)); err != nil {
		t.Fatal(err)
	}
	if o, err := l.Play(nil); err != nil || o.Steps != 1 || o.Ending != CutOff {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestADamagedLogIsAnError(t *testing.T) {
	data, _ := record(sched.Config{}, 0, false, 2, 5)
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"nothing":       {nil, "this is not a log"},
		"another file":  {[]byte("PK\x03\x04 and so on"), "this is not a log"},
		"another kind":  {[]byte("KILNSCH\x02"), "has version 2"},
		"no header":     {data[:20], "header of the log is broken: the file ends"},
		"broken header": {append(slices.Clone(data[:30]), make([]byte, 9000)...), "header of the log is broken: a block is damaged"},
	} {
		if _, err := Open(c.data); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	data[len(data)-20] ^= 1
	l, err := Open(data)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Play(nil); err == nil || !strings.Contains(err.Error(), "of the log: a block is damaged") {
		t.Errorf("damage: %v", err)
	}
}

func TestALogOfOtherEventsIsRefused(t *testing.T) {
	r := &Recorder{out: []byte(magic)}
	shapes := strings.Replace(shapesText(), "ExecutorLost{ID int", "ExecutorLost{Name text", 1)
	r.block = textLong(shapes)
	r.seal()
	_, err := Open(r.Take(false))
	if want := "the log was written by another version of Kiln, whose ExecutorLost differs: replay it with that version"; err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
}

func textLong(s string) []byte {
	return append([]byte{byte(len(s)) | 0x80, byte(len(s)>>7) | 0x80, byte(len(s) >> 14)}, s...)
}

func FuzzOpen(f *testing.F) {
	data, _ := record(sched.Config{Publish: true}, 0, true, 2, 3)
	f.Add(data)
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := Open(data)
		if err != nil {
			return
		}
		for range (&contents{log: l}).all() {
		}
	})
}

// FuzzRecords leaves out the checksums, which stop most of what FuzzOpen tries.
func FuzzRecords(f *testing.F) {
	r := NewRecorder(sched.Config{}, "", 0)
	newCluster(sched.Config{}, r.Step).play(1, 2)
	f.Add(slices.Clone(r.block))
	header := NewRecorder(sched.Config{}, "", 0).Take(false)
	f.Fuzz(func(t *testing.T, payload []byte) {
		r := &Recorder{out: slices.Clone(header), block: payload}
		r.seal()
		l, err := Open(r.Take(false))
		if err != nil {
			t.Fatal(err)
		}
		events := 0
		c := &contents{log: l}
		for range c.all() {
			events++
		}
		if events > len(payload) {
			t.Errorf("%d events in %d bytes", events, len(payload))
		}
	})
}

func BenchmarkRecord(b *testing.B) {
	type step struct {
		now  sched.Time
		ev   sched.Event
		done []sched.Action
	}
	var steps []step
	newCluster(sched.Config{Publish: true}, func(now sched.Time, ev sched.Event, done []sched.Action) {
		steps = append(steps, step{now, ev, slices.Clone(done)})
	}).play(1, 2000)
	r, i, size := NewRecorder(sched.Config{}, "", 0), 10, 0
	b.ReportAllocs()
	for b.Loop() {
		s := steps[i]
		r.Step(s.now, s.ev, s.done)
		size += len(r.Take(false))
		if i++; i == len(steps) {
			i = 10
		}
	}
	b.ReportMetric(float64(size)/float64(b.N), "bytes/op")
}
