package sched

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched/pool"
	"github.com/kilnproject/kiln/internal/core/sched/resource"
	"github.com/kilnproject/kiln/internal/core/task"
)

// event reads an event:
//
//	executor E HOST SLOTS [rack=RACK] [profile=P] [RESOURCE=ADDRESS,...] | lost E REASON | crashed E REASON (the application's fault) | unavailable REASON | outputs-lost E
//	suspected E REASON | decommissioned E,... [within=DURATION] [itself] [replace] REASON | host-decommissioned HOST [within=DURATION] REASON
//	kill-asked E,... [force] [replace] [count] REASON | host-lost HOST REASON | heard E | resumed
//	job J [group=G] [tags=A,B] [pool=P] | STAGE | STAGE...     "mapjob" for a map-stage job
//	    STAGE: map SHUFFLE MAPSxREDUCES [from SHUFFLE,...] [each LIST;...]   or   result PARTITIONS [from ...] [only PARTITION,...] [prefer P:PLACE...] [kept RDD[:PARTITION,...] [whole PARTITIONS] [over SHUFFLE,...] [through N,...]] [beside SHUFFLE,...]
//	           each: for each shuffle, of each task the partitions that it reads, as 0+1,2,- of three tasks
//	           [profile P] [reads BYTES,...] [barrier] [together RDD] [slots N] [needs RESOURCE=AMOUNT] [split-bytes N] [body-bytes N]
//	    PLACE: eE, hHOST, or eE@hHOST; /RACK may follow a host.      PARTITION,... may be "none"
//	progress E [TASK rows=N read=BYTES]...
//	ok TASK [rows=N] [read=BYTES] [took=DURATION] [bytes=N] [sizes=N,...] [digest=N] [stored] [update] [from=E] [short] [negative]   TASK is "partition.try stage.attempt"
//	failed TASK TEXT | final TASK TEXT | killed TASK | denied TASK | result-fetched TASK | result-lost TASK
//	asks-commit|asks-barrier|asks-gather|asks-places TASK [from=E] [seq=N] [says=TEXT] [block=BLOCK]
//	copied BLOCK FROM TO [generation=N] [digest=N]    executor TO has what executor FROM had; BLOCK is "SHUFFLE MAP" or "rdd_RDD_PARTITION"
//	copy-failed BLOCK FROM TO: REASON                 or it has not
//	unread TASK SHUFFLE MAP E                         the task could not fetch that map output from executor E
//	kept E RDD PARTITION,... [GENERATION] [level=N] | not-kept E RDD PARTITION,... [GENERATION] | rdd-released RDD
//	cancel job|group|tag|stage|all NAME REASON | define-pool NAME [fair] [weight=N] [min=N] | released SHUFFLE | woke
func (p *player) event(word, rest string) Event {
	switch word {
	case "executor":
		return p.registered(strings.Fields(rest))
	case "lost", "crashed":
		id, reason, _ := strings.Cut(rest, " ")
		return ExecutorLost{ids.ExecutorID(p.number(id)), reason, word == "crashed"}
	case "unavailable":
		return ExecutorsUnavailable{rest}
	case "suspected":
		id, reason, _ := strings.Cut(rest, " ")
		return ExecutorSuspected{ids.ExecutorID(p.number(id)), reason}
	case "decommissioned", "host-decommissioned", "kill-asked":
		return p.retired(word, rest)
	case "host-lost":
		host, reason, _ := strings.Cut(rest, " ")
		return HostLost{host, reason}
	case "heard":
		return Heard{ids.ExecutorID(p.number(rest))}
	case "resumed":
		return DriverResumed{}
	case "outputs-lost":
		return OutputsLost{ids.ExecutorID(p.number(rest))}
	case "copied":
		where, digest, _ := strings.Cut(rest, " digest=")
		where, generation, _ := strings.Cut(where, " generation=")
		ev := p.copyEnded(where)
		if generation != "" {
			ev.Copied.Generation = int32(p.number(generation))
		}
		if digest != "" {
			ev.Copied.Digest = p.digest(digest)
		}
		return ev
	case "copy-failed":
		where, why, _ := strings.Cut(rest, ": ")
		ev := p.copyEnded(where)
		ev.Copied.Error = why
		return ev
	case "kept", "not-kept":
		f := strings.Fields(rest)
		ev := BlocksChanged{Executor: ids.ExecutorID(p.number(f[0]))}
		b := BlockChange{RDD: ids.RDDID(p.number(f[1])), There: word == "kept"}
		for _, more := range f[3:] {
			if level, is := strings.CutPrefix(more, "level="); is {
				b.Level = task.Level(p.number(level))
			} else {
				b.Generation = int32(p.number(more))
			}
		}
		for _, b.Partition = range p.numbers(f[2]) {
			ev.Blocks = append(ev.Blocks, b)
		}
		return ev
	case "rdd-released":
		return RDDReleased{ids.RDDID(p.number(rest))}
	case "job", "mapjob":
		return JobSubmitted{p.job(rest, word == "mapjob")}
	case "cancel":
		return p.cancelled(rest)
	case "define-pool":
		return PoolDefined{p.pool(rest)}
	case "released":
		return ShuffleReleased{ids.ShuffleID(p.number(rest))}
	case "woke":
		return Woke{}
	case "asks-commit", "asks-barrier", "asks-gather", "asks-places":
		return p.called(word, rest)
	case "progress":
		return p.progressed(strings.Fields(rest))
	case "result-fetched":
		l, _ := p.task(rest)
		return ResultFetched{l.Task.ID, []byte("r" + strconv.Itoa(int(l.Task.Ref.Partition)))}
	case "result-lost":
		l, _ := p.task(rest)
		return ResultLost{l.Task.ID, "the result is gone"}
	}
	return p.end(word, rest)
}

// copyEnded reads "BLOCK FROM TO".
func (p *player) copyEnded(text string) (ev CopyEnded) {
	block, where, _ := strings.Cut(text, " ")
	if strings.HasPrefix(block, "rdd_") {
		var rdd ids.RDDID
		var part int
		p.scan(text, "rdd_%d_%d %d %d", &rdd, &part, &ev.Copied.From, &ev.Executor)
		ev.Copied.Block = ids.RDD(rdd, part)
		return ev
	}
	var part int
	p.scan(where, "%d %d %d", &part, &ev.Copied.From, &ev.Executor)
	ev.Copied.Block = ids.Output(ids.ShuffleID(p.number(block)), part, 0)
	return ev
}

// called reads TASK [from=E] [seq=N] [says=TEXT].
func (p *player) called(word, rest string) Event {
	l, options := p.task(rest)
	call := task.Call{Ref: l.Task.Ref, ID: l.Task.ID, Kind: task.Commit}
	switch word {
	case "asks-barrier":
		call.Kind = task.Meet
	case "asks-gather":
		call.Kind = task.Gather
	case "asks-places":
		call.Kind = task.Locate
	}
	for _, o := range strings.Fields(options) {
		switch key, value, _ := strings.Cut(o, "="); key {
		case "from":
			l.Executor = ids.ExecutorID(p.number(value))
		case "seq":
			call.Seq = int32(p.number(value))
		case "block":
			var err error
			if call.Block, err = ids.ParseBlock(value); err != nil {
				p.t.Fatal(err)
			}
		case "says":
			call.Message = []byte(value)
		}
	}
	return TaskCalled{l.Executor, call}
}

// progressed reads the executor, and of each task its name and how far it is.
func (p *player) progressed(f []string) Event {
	ev := Progressed{Executor: ids.ExecutorID(p.number(f[0]))}
	for f = f[1:]; len(f) > 0; f = f[4:] {
		var t TaskProgress
		p.scan(strings.Join(f[:4], " "), "%d.%d %d.%d rows=%d read=%d", &t.Ref.Partition, &t.Ref.Try, &t.Ref.Stage, &t.Ref.Attempt, &t.Rows, &t.Bytes)
		ev.Tasks = append(ev.Tasks, t)
	}
	return ev
}

func (p *player) registered(f []string) Event {
	ev := ExecutorRegistered{ID: ids.ExecutorID(p.number(f[0])), Host: f[1], Slots: p.number(f[2])}
	for _, o := range f[3:] {
		key, value, _ := strings.Cut(o, "=")
		switch key {
		case "rack":
			ev.Rack = value
		case "profile":
			ev.Profile = ids.ProfileID(p.number(value))
		default:
			ev.Resources = append(ev.Resources, resource.Offer{Name: key, Addresses: strings.Split(value, ",")})
		}
	}
	return ev
}

// retired reads how executors are asked to go: who, options, why.
func (p *player) retired(word, rest string) Event {
	who, why, _ := strings.Cut(rest, " ")
	with := map[string]string{}
	for {
		option, more, _ := strings.Cut(why, " ")
		key, value, _ := strings.Cut(option, "=")
		if !slices.Contains([]string{"within", "force", "replace", "count"}, key) {
			break
		}
		with[key], why = value, more
	}
	var within time.Duration
	if s, ok := with["within"]; ok {
		within = duration(p.t, s)
	}
	_, force := with["force"]
	_, replace := with["replace"]
	_, count := with["count"]
	if word == "host-decommissioned" {
		return HostDecommissioned{who, why, within}
	}
	var list []ids.ExecutorID
	for _, n := range p.numbers(who) {
		list = append(list, ids.ExecutorID(n))
	}
	if word == "kill-asked" {
		return KillAsked{list, why, force, replace, count}
	}
	return ExecutorsDecommissioned{list, why, within, replace}
}

// pool reads NAME [fair] [weight=N] [min=N].
func (p *player) pool(text string) pool.Definition {
	f := strings.Fields(text)
	d := pool.Unweighted(f[0])
	for _, o := range f[1:] {
		key, value, _ := strings.Cut(o, "=")
		switch key {
		case "fair":
			d.Policy = pool.Fair
		case "weight":
			d.Weight = p.number(value)
		case "min":
			d.MinShare = p.number(value)
		}
	}
	return d
}

func (p *player) cancelled(rest string) Event {
	f := append(strings.SplitN(rest, " ", 3), "", "")
	switch f[0] {
	case "job":
		return JobCancelled{ids.JobID(p.number(f[1])), f[2]}
	case "group":
		return GroupCancelled{f[1], f[2]}
	case "tag":
		return TagCancelled{f[1], f[2]}
	case "stage":
		return StageCancelled{ids.StageID(p.number(f[1])), f[2]}
	}
	return AllCancelled{strings.TrimPrefix(rest, "all ")}
}

// task finds the launch of "partition.try stage.attempt", and gives what follows.
func (p *player) task(s string) (Launch, string) {
	f := append(strings.SplitN(s, " ", 3), "")
	l, ok := p.launched[f[0]+" "+f[1]]
	if !ok {
		p.t.Fatalf("%q: no such task was launched", s)
	}
	return l, f[2]
}

func (p *player) end(word, rest string) Event {
	l, rest := p.task(rest)
	ev := TaskEnded{l.Executor, task.End{Ref: l.Task.Ref, ID: l.Task.ID}}
	why := &ev.End.Reason
	switch word {
	case "ok":
		why.Fate = task.Success
		p.success(&ev, rest)
		return ev
	case "failed", "final":
		why.Fate, why.Error = task.Failed, &task.Error{Text: rest, Final: word == "final"}
	case "killed":
		why.Fate = task.Killed
	case "denied":
		why.Fate = task.CommitDenied
	case "unread":
		why.Fate = task.FetchFailed
		p.scan(rest, "%d %d %d", &why.Fetch.Shuffle, &why.Fetch.Map, &why.Fetch.Executor)
		why.Error = &task.Error{Text: fmt.Sprintf("map output %d of shuffle %d on executor %v can not be read", why.Fetch.Map, why.Fetch.Shuffle, why.Fetch.Executor)}
	default:
		p.t.Fatalf("no such event: %q", word)
	}
	return ev
}

func (p *player) success(ev *TaskEnded, options string) {
	if s := p.core.stage(ev.End.Ref.Stage); s != nil && s.isMap() {
		ev.End.Sizes = task.PackSizes(slices.Repeat([]int64{10}, s.outputs.Reduces()))
	} else {
		ev.End.Result = fmt.Appendf(nil, "r%d", ev.End.Ref.Partition)
	}
	for _, o := range strings.Fields(options) {
		key, value, _ := strings.Cut(o, "=")
		switch key {
		case "bytes":
			ev.End.ResultSize = int64(p.number(value))
		case "rows":
			ev.End.Metrics.RowsIn = int64(p.number(value))
		case "read":
			ev.End.Metrics.BytesRead = int64(p.number(value))
		case "took":
			ev.End.Metrics.Run = duration(p.t, value)
		case "stored":
			ev.End.Stored, ev.End.Result = true, nil
		case "short":
			ev.End.Sizes.Codes = ev.End.Sizes.Codes[1:]
		case "exact":
			ev.End.Sizes.Exact = []task.ExactSize{{Reduce: 0, Bytes: int64(p.number(value))}}
		case "sizes":
			var bytes []int64
			for _, n := range p.numbers(value) {
				bytes = append(bytes, int64(n))
			}
			ev.End.Sizes = task.PackSizes(bytes)
		case "update":
			ev.End.Updates = []task.Update{{Accumulator: 1}}
		case "digest":
			ev.End.Digest = p.digest(value)
		case "from":
			ev.Executor = ids.ExecutorID(p.number(value))
		default:
			p.t.Fatalf("no such option: %q", o)
		}
	}
}

func (p *player) job(text string, mapStage bool) Job {
	parts := strings.Split(text, "|")
	head := strings.Fields(parts[0])
	j := Job{ID: ids.JobID(p.number(head[0])), MapStage: mapStage}
	for _, o := range head[1:] {
		key, value, _ := strings.Cut(o, "=")
		switch key {
		case "group":
			j.Group = value
		case "tags":
			j.Tags = strings.Split(value, ",")
		case "pool":
			j.Pool = value
		default:
			p.t.Fatalf("no such option: %q", o)
		}
	}
	for i, part := range parts[1:] {
		j.Stages = append(j.Stages, p.stageSpec(&j, strings.Fields(part), i))
	}
	return j
}

func (p *player) stageSpec(j *Job, f []string, i int) StageSpec {
	s := StageSpec{Name: f[0], Site: fmt.Sprintf("job.go:%d", 10+i), Body: []byte{1}}
	f = f[1:]
	if s.IsMap = s.Name == "map"; s.IsMap {
		s.Shuffle = ids.ShuffleID(p.number(f[0]))
		f = f[1:]
		p.scan(f[0], "%dx%d", &s.Partitions, &s.Reduces)
	} else {
		s.Partitions = p.number(f[0])
	}
	for f = f[1:]; len(f) > 0; f = f[1:] {
		switch {
		case len(f) > 1 && p.needs(&s, f[0], f[1]):
			f = f[1:]
		case f[0] == "from":
			for _, n := range p.numbers(f[1]) {
				s.Parents = append(s.Parents, ids.ShuffleID(n))
			}
			f = f[1:]
		case f[0] == "each":
			for _, text := range strings.Split(f[1], ";") {
				s.Reads = append(s.Reads, p.reduces(text))
			}
			f = f[1:]
		case f[0] == "only":
			j.Partitions = p.numbers(f[1])
			f = f[1:]
		case f[0] == "kept":
			rdd, parts, some := strings.Cut(f[1], ":")
			k := Kept{RDD: ids.RDDID(p.number(rdd))}
			if some {
				k.Partitions = p.numbers(parts)
			}
			s.Kept = append(s.Kept, k)
			f = f[1:]
		case f[0] == "whole":
			s.Kept[len(s.Kept)-1].Whole = p.number(f[1])
			f = f[1:]
		case f[0] == "through":
			s.Kept[len(s.Kept)-1].Through = p.numbers(f[1])
			f = f[1:]
		case f[0] == "over", f[0] == "beside":
			way := int32(-1)
			if f[0] == "over" {
				way = int32(len(s.Kept) - 1)
			}
			s.goThrough(p.numbers(f[1]), way)
			f = f[1:]
		case f[0] == "barrier":
			s.Barrier = true
		case f[0] == "together":
			s.KeptTogether = append(s.KeptTogether, ids.RDDID(p.number(f[1])))
			f = f[1:]
		case f[0] == "prefer":
			s.Prefer = make([][]Place, s.Partitions)
		default:
			part, place, _ := strings.Cut(f[0], ":")
			n := p.number(part)
			s.Prefer[n] = append(s.Prefer[n], p.place(place))
		}
	}
	return s
}

// reduces reads what each task reads of a shuffle: numbers with + between them, or - for nothing.
func (p *player) reduces(text string) (r Reduces) {
	for _, task := range strings.Split(text, ",") {
		r.First = append(r.First, int32(len(r.Parts)))
		if task != "-" {
			r.Parts = append(r.Parts, p.numbers(strings.ReplaceAll(task, "+", ","))...)
		}
	}
	r.First = append(r.First, int32(len(r.Parts)))
	return r
}

// goThrough says that some parents are read through a cached RDD, or directly.
func (s *StageSpec) goThrough(shuffles []int32, way int32) {
	if s.Through == nil {
		s.Through = make([][]int32, len(s.Parents))
	}
	for _, id := range shuffles {
		at := slices.Index(s.Parents, ids.ShuffleID(id))
		s.Through[at] = append(s.Through[at], way)
	}
}

// place reads eE, HOST or eE@HOST, and /RACK behind a host. Hosts begin with h.
func (p *player) place(text string) (at Place) {
	if text[0] == 'e' {
		executor, host, _ := strings.Cut(text[1:], "@")
		at.Executor, at.OnExecutor = ids.ExecutorID(p.number(executor)), true
		text = host
	}
	at.Host, at.Rack, _ = strings.Cut(text, "/")
	return at
}

// needs reads what each task of a stage takes, and how large it is.
func (p *player) needs(s *StageSpec, word, value string) bool {
	switch word {
	case "profile":
		s.Profile = ids.ProfileID(p.number(value))
	case "slots":
		s.Slots = p.number(value)
	case "needs":
		name, amount, _ := strings.Cut(value, "=")
		n, err := strconv.ParseFloat(amount, 64)
		if err != nil {
			p.t.Fatal(err)
		}
		s.Resources = append(s.Resources, resource.Need{Name: name, Amount: int64(n * resource.Unit)})
	case "reads":
		for _, n := range p.numbers(value) {
			s.Bytes = append(s.Bytes, int64(n))
		}
	case "split-bytes":
		s.Splits = make([][]byte, s.Partitions)
		for i := range s.Splits {
			s.Splits[i] = make([]byte, p.number(value))
		}
	case "body-bytes":
		s.Body = make([]byte, p.number(value))
	default:
		return false
	}
	return true
}

func (p *player) digest(s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

func (p *player) number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

// numbers reads N,N... or "none".
func (p *player) numbers(s string) (n []int32) {
	if s == "none" {
		return []int32{}
	}
	for _, f := range strings.Split(s, ",") {
		n = append(n, int32(p.number(f)))
	}
	return n
}

func (p *player) scan(s, format string, to ...any) {
	if _, err := fmt.Sscanf(s, format, to...); err != nil {
		p.t.Fatalf("%q: %v", s, err)
	}
}
