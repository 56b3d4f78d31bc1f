package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/sched/health"
	"github.com/kilnproject/kiln/internal/core/sched/pool"
	"github.com/kilnproject/kiln/internal/core/sched/resource"
	"github.com/kilnproject/kiln/internal/core/sched/speculate"
	"github.com/kilnproject/kiln/internal/core/task"
)

// Script gives what the core was told in the form of internal/core/sched/testdata/*.txt, so that it can be kept there as a test of the
// core alone. What happened elsewhere stands in it as prose. The actions are not in it: the tests there write them with -rewrite.
func (t *Tape) Script(title string) string {
	s := &script{refs: map[ids.TaskID]ids.TaskRef{}}
	s.line("# %s", title)
	s.config(&t.Config)
	now, notes := Time(-1), []string{}
	for _, told := range t.Told {
		if told.Event == nil {
			notes = append(notes, told.Note)
			continue
		}
		s.line("")
		for _, n := range notes {
			s.line("# %s", n)
		}
		notes = notes[:0]
		if told.At != now {
			s.line("at %v", told.At)
			now = told.At
		}
		s.event(told.Event)
		s.line("----")
	}
	for _, n := range notes {
		s.line("\n# %s", n)
	}
	return s.text.String()
}

// script is a script that is being written.
type script struct {
	text strings.Builder
	refs map[ids.TaskID]ids.TaskRef // of task attempts that left their results at their executors
}

func (s *script) line(format string, args ...any) { fmt.Fprintf(&s.text, format+"\n", args...) }

// set writes a setting that is not what it is by itself.
func (s *script) set(word string, value any) {
	switch v := value.(type) {
	case int:
		if v != 0 {
			s.line("%s %d", word, v)
		}
	case int64:
		if v != 0 {
			s.line("%s %d", word, v)
		}
	case float64:
		if v != 0 {
			s.line("%s %v", word, v)
		}
	case time.Duration:
		if v != 0 {
			s.line("%s %v", word, v)
		}
	}
}

func (s *script) config(c *sched.Config) {
	s.line("seed %d", c.Seed)
	s.set("max-stage-total", c.MaxStageTotal)
	s.set("max-result-size", c.MaxResultSize)
	s.set("max-actions", c.MaxActions)
	s.set("ahead", c.Ahead)
	s.set("silence", c.Silence)
	s.set("reason-wait", c.ReasonWait)
	s.set("process-wait", c.ProcessWait)
	s.set("node-wait", c.NodeWait)
	s.set("rack-wait", c.RackWait)
	s.set("unschedulable-wait", c.UnschedulableWait)
	s.set("barrier-wait", c.BarrierWait)
	s.set("barrier-hold", c.BarrierHold)
	s.set("barrier-timeout", c.BarrierTimeout)
	s.set("most-slots", c.MostSlots)
	s.set("expected", c.Expected)
	s.set("min-registered", c.MinRegistered)
	s.set("registered-wait", c.RegisteredWait)
	s.set("move-at-once", c.Move.AtOnce)
	s.set("move-failures", c.Move.Failures)
	s.set("move-wait", c.Move.Wait)
	if len(c.Hosts) > 0 {
		s.line("hosts %s", strings.Join(c.Hosts, " "))
	}
	if c.Move.LeaveKept {
		s.line("leave-kept")
	}
	if c.CountDrained {
		s.line("count-drained")
	}
	if c.Publish {
		s.line("publish")
	}
	if c.Warn {
		s.line("warn")
	}
	if c.Pools.Policy == pool.Fair {
		s.line("fair")
	}
	for _, p := range c.Pools.Pools {
		fair := ""
		if p.Policy == pool.Fair {
			fair = " fair"
		}
		s.line("pool %s%s weight=%d min=%d", p.Name, fair, p.Weight, p.MinShare)
	}
	s.exclude(&c.Health)
	s.speculate(&c.Speculation)
}

func (s *script) speculate(c *speculate.Config) {
	if !c.Enabled {
		return
	}
	text := fmt.Sprintf("speculate quantile=%v multiplier=%v long-run=%v", c.Quantile, c.Multiplier, c.LongRun)
	if c.Threshold > 0 {
		text += fmt.Sprintf(" threshold=%v", c.Threshold)
	}
	s.line("%s%s", text, option(" any-rate", c.AnyRate))
}

func (s *script) exclude(c *health.Config) {
	var words []string
	for _, o := range []struct {
		word string
		is   bool
	}{
		{"task", c.TaskAndStage}, {"app", c.Application}, {"fetch", c.Fetch && !c.FetchByHost}, {"fetch-host", c.Fetch && c.FetchByHost},
		{"kill", c.Ending == health.Kill}, {"decommission", c.Ending == health.Decommission}, {"drain-idle", c.DrainIdle},
	} {
		if o.is {
			words = append(words, o.word)
		}
	}
	for _, o := range []struct {
		word string
		n    int
	}{{"app-executor", c.AppOnExecutor}, {"app-host", c.AppOnHost}, {"stage-executor", c.StageOnExecutor}} {
		if o.n > 0 {
			words = append(words, fmt.Sprintf("%s=%d", o.word, o.n))
		}
	}
	if c.Timeout > 0 {
		words = append(words, fmt.Sprintf("timeout=%v", c.Timeout))
	}
	if c.TaskAndStage || c.Application || c.Fetch {
		s.line("exclude %s", strings.Join(words, " "))
	}
}

func (s *script) event(ev sched.Event) {
	switch ev := ev.(type) {
	case sched.JobSubmitted:
		s.job(&ev.Job)
	case sched.JobCancelled:
		s.line("cancel job %d %s", ev.Job, ev.Reason)
	case sched.GroupCancelled:
		s.line("cancel group %s %s", ev.Group, ev.Reason)
	case sched.TagCancelled:
		s.line("cancel tag %s %s", ev.Tag, ev.Reason)
	case sched.TaskEnded:
		s.ended(ev)
	case sched.TaskCalled:
		s.called(ev)
	case sched.Progressed:
		text := fmt.Sprintf("progress %d", ev.Executor)
		for _, t := range ev.Tasks {
			text += fmt.Sprintf(" %s rows=%d read=%d", taskText(t.Ref), t.Rows, t.Bytes)
		}
		s.line("%s", text)
	case sched.ResultFetched:
		s.line("result-fetched %s", taskText(s.refs[ev.Task]))
	case sched.ResultLost:
		s.line("result-lost %s", taskText(s.refs[ev.Task]))
	case sched.BlocksChanged:
		s.blocks(ev)
	case sched.RDDReleased:
		s.line("rdd-released %d", ev.RDD)
	case sched.ShuffleReleased:
		s.line("released %d", ev.Shuffle)
	case sched.Woke:
		s.line("woke")
	default:
		s.ofExecutors(ev)
	}
}

// ofExecutors writes down an event about executors and what they hold.
func (s *script) ofExecutors(ev sched.Event) {
	switch ev := ev.(type) {
	case sched.ExecutorRegistered:
		s.registered(ev)
	case sched.ExecutorLost:
		word := "lost"
		if ev.AppCaused {
			word = "crashed"
		}
		s.line("%s %d %s", word, ev.ID, ev.Reason)
	case sched.ExecutorSuspected:
		s.line("suspected %d %s", ev.ID, ev.Reason)
	case sched.ExecutorsDecommissioned:
		s.line("decommissioned %s%s%s %s", list(ev.Executors), within(ev.Within), option(" replace", ev.Replace), ev.Reason)
	case sched.HostDecommissioned:
		s.line("host-decommissioned %s%s %s", ev.Host, within(ev.Within), ev.Reason)
	case sched.KillAsked:
		s.line("kill-asked %s%s%s%s %s", list(ev.Executors), option(" force", ev.Force), option(" replace", ev.Replace), option(" count", ev.Count), ev.Reason)
	case sched.HostLost:
		s.line("host-lost %s %s", ev.Host, ev.Reason)
	case sched.DriverResumed:
		s.line("resumed")
	case sched.Heard:
		s.line("heard %d", ev.Executor)
	case sched.CopyEnded:
		s.copyEnded(ev)
	case sched.OutputsLost:
		s.line("outputs-lost %d", ev.Executor)
	default:
		s.line("# %T: no word for it", ev)
	}
}

func (s *script) copyEnded(ev sched.CopyEnded) {
	x := ev.Copied
	block := fmt.Sprintf("%d %d", x.Block.A, x.Block.B)
	if x.Block.Kind == ids.RDDBlock {
		block = x.Block.String()
	}
	if x.Error != "" {
		s.line("copy-failed %s %d %d: %s", block, x.From, ev.Executor, x.Error)
		return
	}
	text := fmt.Sprintf("copied %s %d %d", block, x.From, ev.Executor)
	if x.Generation != 0 {
		text += fmt.Sprintf(" generation=%d", x.Generation)
	}
	if x.Digest != 0 {
		text += fmt.Sprintf(" digest=%d", x.Digest)
	}
	s.line("%s", text)
}

func (s *script) called(ev sched.TaskCalled) {
	word := map[task.CallKind]string{task.Commit: "asks-commit", task.Meet: "asks-barrier", task.Gather: "asks-gather", task.Locate: "asks-places"}[ev.Call.Kind]
	says := ""
	if ev.Call.Kind == task.Locate {
		says = " block=" + ev.Call.Block.String()
	}
	s.line("%s %s from=%d seq=%d%s", word, taskText(ev.Call.Ref), ev.Executor, ev.Call.Seq, says)
}

func taskText(r ids.TaskRef) string {
	return fmt.Sprintf("%d.%d %d.%d", r.Partition, r.Try, r.Stage, r.Attempt)
}

func option(word string, is bool) string {
	if is {
		return word
	}
	return ""
}

func within(d time.Duration) string { return option(fmt.Sprintf(" within=%v", d), d > 0) }

// list gives numbers as scripts have them.
func list[T ~int32 | ~int64](numbers []T) string {
	if len(numbers) == 0 {
		return "none"
	}
	words := make([]string, len(numbers))
	for i, n := range numbers {
		words[i] = fmt.Sprint(int64(n))
	}
	return strings.Join(words, ",")
}

func (s *script) registered(ev sched.ExecutorRegistered) {
	text := fmt.Sprintf("executor %d %s %d", ev.ID, ev.Host, ev.Slots)
	if ev.Rack != "" {
		text += " rack=" + ev.Rack
	}
	if ev.Profile > 0 {
		text += fmt.Sprintf(" profile=%d", ev.Profile)
	}
	for _, r := range ev.Resources {
		if len(r.Addresses) > 0 {
			text += fmt.Sprintf(" %s=%s", r.Name, strings.Join(r.Addresses, ","))
		}
	}
	s.line("%s", text)
}

func (s *script) blocks(ev sched.BlocksChanged) {
	parts := make([]int32, len(ev.Blocks))
	for i, b := range ev.Blocks {
		parts[i] = b.Partition
	}
	word := "not-kept"
	if ev.Blocks[0].There {
		word = "kept"
	}
	s.line("%s %d %d %s%s", word, ev.Executor, ev.Blocks[0].RDD, list(parts), option(fmt.Sprintf(" %d", ev.Blocks[0].Generation), ev.Blocks[0].Generation > 0))
}

func (s *script) ended(ev sched.TaskEnded) {
	of, why := taskText(ev.End.Ref), &ev.End.Reason
	switch why.Fate {
	case task.Success:
		s.refs[ev.End.ID] = ev.End.Ref
		text := "ok " + of
		if n := len(ev.End.Sizes.Codes); n > 0 {
			bytes := make([]int64, n)
			ev.End.Sizes.AddTo(bytes)
			text += " sizes=" + list(bytes)
		}
		if ev.End.Digest != 0 {
			text += fmt.Sprintf(" digest=%d", ev.End.Digest)
		}
		if ev.End.ResultSize > 0 {
			text += fmt.Sprintf(" bytes=%d", ev.End.ResultSize)
		}
		if ev.End.Metrics.Run > 0 {
			text += fmt.Sprintf(" took=%v", ev.End.Metrics.Run)
		}
		if ev.End.Metrics.RowsIn > 0 {
			text += fmt.Sprintf(" rows=%d", ev.End.Metrics.RowsIn)
		}
		s.line("%s%s%s", text, option(" stored", ev.End.Stored), option(" update", ev.End.Updates != nil))
	case task.Failed:
		word := "failed"
		if why.Error.Final {
			word = "final"
		}
		s.line("%s %s %s", word, of, why.Error.Text)
	case task.Killed:
		s.line("killed %s", of)
	case task.CommitDenied:
		s.line("denied %s", of)
	case task.FetchFailed:
		s.line("unread %s %d %d %d", of, why.Fetch.Shuffle, why.Fetch.Map, why.Fetch.Executor)
	default:
		s.line("# %v: no word for it", why.Fate)
	}
}

func (s *script) job(j *sched.Job) {
	text := fmt.Sprintf("job %d group=%s tags=%s", j.ID, j.Group, strings.Join(j.Tags, ","))
	if j.MapStage {
		text = "map" + text
	}
	if j.Pool != "" {
		text += " pool=" + j.Pool
	}
	for i := range j.Stages {
		text += " | " + stageText(&j.Stages[i])
		if j.Partitions != nil && i == len(j.Stages)-1 {
			text += " only " + list(j.Partitions)
		}
	}
	s.line("%s", text)
}

func stageText(st *sched.StageSpec) string {
	text := fmt.Sprintf("result %d", st.Partitions)
	if st.IsMap {
		text = fmt.Sprintf("map %d %dx%d", st.Shuffle, st.Partitions, st.Reduces)
	}
	if len(st.Parents) > 0 {
		text += " from " + list(st.Parents)
	}
	if st.Profile > 0 {
		text += fmt.Sprintf(" profile %d", st.Profile)
	}
	if st.Barrier {
		text += " barrier"
	}
	for _, k := range st.KeptTogether {
		text += fmt.Sprintf(" together %d", k)
	}
	if st.Slots > 0 {
		text += fmt.Sprintf(" slots %d", st.Slots)
	}
	for _, n := range st.Resources {
		text += fmt.Sprintf(" needs %s=%g", n.Name, float64(n.Amount)/resource.Unit)
	}
	for i, k := range st.Kept {
		text += fmt.Sprintf(" kept %d", k.RDD)
		if k.Partitions != nil {
			text += ":" + list(k.Partitions)
		}
		text += ways(st, i)
	}
	if beside := readsThrough(st, -1); beside != nil {
		text += " beside " + list(beside)
	}
	if st.Prefer != nil {
		text += " prefer"
	}
	for p, places := range st.Prefer {
		for _, at := range places {
			text += fmt.Sprintf(" %d:%s", p, placeText(at))
		}
	}
	return text
}

// ways gives through which cached RDDs a stage reads one, and what it reads through that.
func ways(st *sched.StageSpec, kept int) (text string) {
	k := &st.Kept[kept]
	if k.Whole > 0 {
		text += fmt.Sprintf(" whole %d", k.Whole)
	}
	if k.Through != nil {
		text += " through " + list(k.Through)
	}
	if over := readsThrough(st, int32(kept)); over != nil {
		text += " over " + list(over)
	}
	return text
}

func readsThrough(st *sched.StageSpec, way int32) (shuffles []ids.ShuffleID) {
	for i, through := range st.Through {
		if slices.Contains(through, way) {
			shuffles = append(shuffles, st.Parents[i])
		}
	}
	return shuffles
}

// placeText gives a place as "e3", "h1", "e3@h1" or any of the latter two with "/r1".
func placeText(p sched.Place) string {
	where := p.Host
	if p.Rack != "" {
		where += "/" + p.Rack
	}
	if p.OnExecutor {
		return fmt.Sprintf("e%d@%s", p.Executor, where)
	}
	return where
}
