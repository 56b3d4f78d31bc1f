package console

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
)

func stage(id ids.StageID, done, running, total int) sched.StageView {
	return sched.StageView{Ref: ids.StageRef{Stage: id}, State: "running", Done: done, Running: running, Total: total}
}

func TestTheLineLooksAsInSpark(t *testing.T) {
	for _, c := range []struct {
		stages []sched.StageView
		width  int
		want   string
	}{
		{[]sched.StageView{stage(3, 37, 4, 96)}, 50, "[Stage 3:==========>                (37 + 4) / 96]"},
		{[]sched.StageView{stage(0, 0, 2, 8)}, 40, "[Stage 0:>                  (0 + 2) / 8]"},
		{[]sched.StageView{stage(0, 7, 1, 8)}, 40, "[Stage 0:================>  (7 + 1) / 8]"},
		{[]sched.StageView{stage(0, 8, 0, 8)}, 40, "[Stage 0:===================(8 + 0) / 8]"},
		{[]sched.StageView{stage(1, 5, 2, 10), stage(2, 0, 0, 40)}, 60, "[Stage 1:====>   (5 + 2) / 10][Stage 2:>       (0 + 0) / 40]"},
		{
			[]sched.StageView{stage(1, 1, 1, 4), stage(2, 2, 1, 4), stage(3, 3, 1, 4), stage(4, 0, 1, 4)}, 80,
			"[Stage 1:=>   (1 + 1) / 4][Stage 2:==>  (2 + 1) / 4][Stage 3:===> (3 + 1) / 4]",
		},
		{[]sched.StageView{stage(3, 37, 4, 96)}, 23, "[Stage 3:(37 + 4) / 96]"},
		{[]sched.StageView{stage(3, 37, 4, 96)}, 22, ""},
		{[]sched.StageView{stage(3, 37, 4, 96), stage(4, 0, 0, 2)}, 40, "[Stage 3:======>          (37 + 4) / 96]"},
		{nil, 80, ""},
		{[]sched.StageView{stage(3, 1, 1, 4)}, 0, ""},
		{[]sched.StageView{stage(3, 1, 1, 4)}, -5, ""},
		{[]sched.StageView{stage(3, 0, 0, 0)}, 30, "[Stage 3:=========(0 + 0) / 0]"},
	} {
		if got := Line(c.stages, c.width); got != c.want {
			t.Errorf("%d columns:\n got %q\nwant %q", c.width, got, c.want)
		}
	}
}

func TestTheLineNeverIsWiderThanTheTerminal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.IntRange(-3, 1_000_000)
		var stages []sched.StageView
		for i := range rapid.IntRange(0, 5).Draw(t, "stages") {
			stages = append(stages, stage(ids.StageID(i), number.Draw(t, "done"), number.Draw(t, "running"), number.Draw(t, "total")))
		}
		width := rapid.OneOf(rapid.IntRange(-1, 200), rapid.Just(math.MaxInt)).Draw(t, "width")
		line := Line(stages, width)
		if len(line) > max(0, min(width, widest)) {
			t.Fatalf("%d columns of %d: %q", len(line), width, line)
		}
		if shown := strings.Count(line, "[Stage "); shown > mostStages || width >= 200 && shown != min(len(stages), mostStages) {
			t.Fatalf("%d of %d stages: %q", shown, len(stages), line)
		}
	})
}
