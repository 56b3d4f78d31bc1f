package sim

import (
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/task"
)

// rdd is a cached RDD of the plan. Its id is its place.
type rdd struct {
	Whole int             // partitions that it has; task p of a stage reads partition p mod Whole
	Of    []ids.ShuffleID // of which it is made
	Over  int             // and another cached RDD, with as many partitions; -1 for none
}

// mostRDDs is how many cached RDDs there are.
const mostRDDs = 4

// makeKept lets a stage read a cached RDD. What is behind it in the plan is not said there: see expand.
func (d *drawing) makeKept(spec *sched.StageSpec) {
	if len(d.RDDs) < mostRDDs {
		r := rdd{Whole: 1 + d.chance.IntN(d.MaxTasks), Of: d.someShuffles(2), Over: d.chance.IntN(len(d.RDDs)+1) - 1}
		if r.Over >= 0 {
			r.Whole = d.RDDs[r.Over].Whole
		}
		d.RDDs = append(d.RDDs, r)
	}
	k := sched.Kept{RDD: ids.RDDID(d.chance.IntN(len(d.RDDs)))}
	if !spec.IsMap || int(spec.Shuffle) > d.newest(int(k.RDD)) {
		spec.Kept = append(spec.Kept, k)
	}
}

// newest gives the newest shuffle that an RDD is made of, or -1.
func (p *Plan) newest(rdd int) int {
	newest := -1
	for ; rdd >= 0; rdd = p.RDDs[rdd].Over {
		for _, s := range p.RDDs[rdd].Of {
			newest = max(newest, int(s))
		}
	}
	return newest
}

// expand gives a stage as the core gets it: with all cached RDDs that it reads, those over others first, and with the shuffles below them.
func (p *Plan) expand(spec sched.StageSpec) sched.StageSpec {
	roots, direct := spec.Kept, spec.Parents
	if len(roots) == 0 {
		return spec
	}
	spec.Kept, spec.Parents = nil, nil
	for id := len(p.RDDs) - 1; id >= 0; id-- { // those over others have higher ids
		k := sched.Kept{RDD: ids.RDDID(id), Whole: p.RDDs[id].Whole}
		for over, other := range spec.Kept {
			if p.RDDs[other.RDD].Over == id {
				k.Through = append(k.Through, int32(over))
			}
		}
		if slices.ContainsFunc(roots, func(k sched.Kept) bool { return int(k.RDD) == id }) {
			k.Through = append(k.Through, -1)
		}
		if k.Through == nil {
			continue
		}
		k.Partitions = make([]int32, spec.Partitions)
		for t := range k.Partitions {
			k.Partitions[t] = int32(t % k.Whole)
		}
		spec.Kept = append(spec.Kept, k)
	}
	for _, s := range direct {
		readThrough(&spec, s, -1)
	}
	for i, k := range spec.Kept {
		for _, s := range p.RDDs[k.RDD].Of {
			readThrough(&spec, s, int32(i))
		}
	}
	return spec
}

// readThrough lets a stage read a shuffle through a cached RDD, or with -1 directly.
func readThrough(spec *sched.StageSpec, s ids.ShuffleID, way int32) {
	at := slices.Index(spec.Parents, s)
	if at < 0 {
		at = len(spec.Parents)
		spec.Parents, spec.Through = append(spec.Parents, s), append(spec.Through, nil)
	}
	if !slices.Contains(spec.Through[at], way) {
		spec.Through[at] = append(spec.Through[at], way)
	}
}

// block is a cached partition on an executor.
type block struct {
	rdd        ids.RDDID
	partition  int32
	generation int32
	*content
}

// cached gives a cached partition that the executor has, or nil.
func (e *executor) cached(rdd ids.RDDID, partition, generation int32) *content {
	for _, b := range e.blocks {
		if b.rdd == rdd && b.partition == partition && b.generation == generation {
			return b.content
		}
	}
	return nil
}

// uncache deletes the cached partitions of an RDD.
func (w *World) uncache(rdd ids.RDDID) {
	for _, e := range w.executors {
		e.send(func() {
			e.uncached[rdd]++
			e.blocks = slices.DeleteFunc(e.blocks, func(b block) bool { return b.rdd == rdd })
		})
	}
}

// seeking is what a task knows of the cached RDDs that its stage reads.
type seeking struct {
	spec  *sched.StageSpec
	next  int        // the cached RDD that is looked for next
	asked int        // how many of them it has asked for, and for those before
	asks  bool       // and waits for the answer
	below []bool     // which ones the task has not found and computes
	found []*content // of each: its partition
	has   [][]*content
}

// lookFor makes a task look for cached partitions before it reads anything else.
func (e *executor) lookFor(t *try) {
	w := e.world
	spec := w.spec(t.stage)
	n := len(spec.Kept)
	t.seeking = seeking{spec: spec, below: make([]bool, n), found: make([]*content, n), has: make([][]*content, n)}
	e.seek(t)
}

// spec gives the stage of a task as it was submitted.
func (w *World) spec(st *task.Stage) *sched.StageSpec {
	stages := w.jobs[st.Job].spec.Stages
	at := slices.IndexFunc(stages, func(s sched.StageSpec) bool { return s.IsMap == st.IsMap && (!s.IsMap || s.Shuffle == st.Shuffle) })
	return &stages[at]
}

// stage describes a stage attempt to executors. The core forgets what a stage does when its job fails, which may be in the Step that launches
// its tasks and stops them again: here they find it all the same.
func (w *World) stage(ref ids.StageRef) *task.Stage {
	st := w.core.Stage(ref)
	if st != nil && st.Body == nil {
		st.Body = w.spec(st).Body
	}
	return st
}

// seek looks for one cached partition after the other. Where the stage says that one is somewhere, and it is not here, the driver is asked.
func (e *executor) seek(t *try) {
	k := &t.seeking
	for ; k.next < len(k.spec.Kept); k.next++ {
		kept := &k.spec.Kept[k.next]
		if !slices.ContainsFunc(kept.Through, k.isOpen) {
			continue
		}
		told := t.stage.CachedRDD(kept.RDD)
		if k.found[k.next] = e.cached(kept.RDD, t.partitionOf(kept), told.Generation); k.found[k.next] != nil {
			continue
		}
		if told.Somewhere && k.asked <= k.next {
			k.asked, k.asks = k.next+1, true
			call := task.Call{Ref: t.launch.Ref, ID: t.launch.ID, Seq: t.seekNumber(), Kind: task.Locate, Block: ids.RDD(kept.RDD, int(t.partitionOf(kept)))}
			of := t.named(askTime)
			of.c |= int64(k.next) << 40
			e.say(of, sched.TaskCalled{Executor: e.id, Call: call})
			return
		}
		k.below[k.next] = true
	}
	w := e.world
	e.after(w.upTo(w.MaxTask/5, t.named(readTime)), func() { e.read(t, 0) })
}

// located answers a task that looks for a cached partition: it reads it where it is said to be, or goes on without.
func (e *executor) located(t *try, r task.Reply) {
	k := &t.seeking
	if r.Seq != t.seekNumber() {
		return
	}
	k.asks = false
	kept := &k.spec.Kept[k.next]
	for _, at := range r.Places {
		if from := e.world.executor(at.Executor); from != nil && from.reachable() && k.found[k.next] == nil {
			k.found[k.next] = from.cached(kept.RDD, t.partitionOf(kept), t.stage.CachedRDD(kept.RDD).Generation)
		}
	}
	if k.found[k.next] != nil {
		k.next++
	}
	e.seek(t)
}

// seekNumber counts the calls that look for something: beyond all others.
func (t *try) seekNumber() int32 { return 1<<20 + int32(t.seeking.next) }

// isOpen says that the task comes by this way to what is below it.
func (k *seeking) isOpen(way int32) bool { return way < 0 || k.below[way] }

// partitionOf gives the partition of a cached RDD that the task reads.
func (t *try) partitionOf(k *sched.Kept) int32 { return t.launch.Ref.Partition % int32(k.Whole) }

// readers gives for whom a task reads a map output: cached RDDs that it computes, or -1 for itself. Nobody reads an empty part.
func (t *try) readers(input, reduces int, out *task.MapOutput) (ways []int32) {
	k := &t.seeking
	through := []int32{-1}
	if k.spec.Through != nil {
		through = k.spec.Through[input]
	}
	for _, way := range through {
		p := t.launch.Ref.Partition
		if way >= 0 {
			p = t.partitionOf(&k.spec.Kept[way])
		}
		if k.isOpen(way) && (out.Executor == nowhere || out.Sizes.At(int(p)%reduces) > 0) {
			ways = append(ways, way)
		}
	}
	return ways
}

// give notes what was read for some.
func (t *try) give(ways []int32, c *content) {
	for _, way := range ways {
		if way < 0 {
			t.has = append(t.has, c)
		} else {
			t.seeking.has[way] = append(t.seeking.has[way], c)
		}
	}
}

// keep makes the cached partitions that the task has computed, those below others first, and tells of them.
func (e *executor) keep(t *try) {
	k := &t.seeking
	for i := len(k.below) - 1; i >= 0; i-- {
		kept := &k.spec.Kept[i]
		if k.below[i] {
			b := block{kept.RDD, t.partitionOf(kept), t.stage.CachedRDD(kept.RDD).Generation, nil}
			b.content = makeCached(b, k.has[i])
			e.blocks = append(e.blocks, b)
			k.found[i] = b.content
			of := t.named(keepTime)
			of.c |= int64(i) << 40
			e.world.cached[e.id] = true
			e.say(of, sched.BlocksChanged{Executor: e.id, Blocks: []sched.BlockChange{{RDD: b.rdd, Partition: b.partition, There: true, Generation: b.generation}}})
		}
		if k.found[i] == nil {
			continue // nobody reads it
		}
		for _, way := range kept.Through {
			if k.isOpen(way) {
				t.give([]int32{way}, k.found[i])
			}
		}
	}
}

// makeCached gives the rows of a cached partition: the same ones of the same ones, in whatever order they were read.
func makeCached(b block, has []*content) *content {
	c := &content{digest: scramble(uint64(b.rdd)<<32 | uint64(b.partition) | 1<<63), made: map[output]uint64{}}
	for _, from := range has {
		c.digest += scramble(from.digest)
		c.add(from)
	}
	return c
}

// evict lets an executor lose some cached partitions, of which it tells.
func (e *executor) evict(loses func() bool) {
	e.blocks = slices.DeleteFunc(e.blocks, func(b block) bool {
		if !loses() {
			return false
		}
		e.world.tell(sched.BlocksChanged{Executor: e.id, Blocks: []sched.BlockChange{{RDD: b.rdd, Partition: b.partition, Generation: b.generation}}})
		return true
	})
}
