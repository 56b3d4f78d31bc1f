package console

import (
	"fmt"
	"strings"

	"github.com/kilnproject/kiln/internal/core/sched"
)

// mostStages is how many stages share the line: more would leave each too little room to show anything.
const mostStages = 3

// widest bounds the line, whatever the environment says of the terminal.
const widest = 1000

// Line draws the first stages, at most three, side by side in width columns. Where the columns are too few for that many it shows
// fewer, and none rather than a line that the terminal would break.
func Line(stages []sched.StageView, width int) string {
	width = min(width, widest)
	for n := min(len(stages), mostStages); n > 0; n-- {
		var b strings.Builder
		for _, s := range stages[:n] {
			b.WriteString(section(s, width/n))
		}
		if b.Len() <= width {
			return b.String()
		}
	}
	return ""
}

// section draws one stage in width columns, or without a bar in as many as its numbers need.
func section(s sched.StageView, width int) string {
	head := fmt.Sprintf("[Stage %d:", s.Ref.Stage)
	tail := fmt.Sprintf("(%d + %d) / %d]", s.Done, s.Running, s.Total)
	return head + bar(s.Done, s.Total, width-len(head)-len(tail)) + tail
}

// bar fills width columns: "=" for what is done, ">" where the work stands, blanks for the rest.
func bar(done, total, width int) string {
	if width <= 0 {
		return ""
	}
	filled := width
	if total > 0 {
		filled = width * min(max(done, 0), total) / total
	}
	if filled == width {
		return strings.Repeat("=", width)
	}
	return strings.Repeat("=", filled) + ">" + strings.Repeat(" ", width-filled-1)
}
