package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// handOne is the engine that ratios are taken to.
const handOne = "hand/1"

// printJSON prints every single measurement.
func (t *table) printJSON(out io.Writer) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(t)
}

// printText prints a table for each section, and one of memory and CPU.
func (t *table) printText(out io.Writer) error {
	fmt.Fprintf(out, "%s, %d CPUs, scale %g, best of %d, %s\n", t.Go, t.CPUs, t.Scale, t.Count, t.When.Format("2006-01-02"))
	for _, s := range []section{sectionData, sectionEngine, sectionProgram} {
		if err := t.printSection(out, s); err != nil {
			return err
		}
	}
	return t.printUsage(out)
}

// printSection prints the rows of a section with a column for each engine that has a figure in it.
func (t *table) printSection(out io.Writer, s section) error {
	shown := slices.Collect(func(yield func(row) bool) {
		for _, r := range rows {
			if r.section == s && len(t.cellsOf(r.name)) > 0 && !yield(r) {
				return
			}
		}
	})
	if len(shown) == 0 {
		return nil
	}
	columns := t.columns(shown)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\n%s\t%s\tasked\tstretch\n", s, strings.Join(columns, "\t"))
	for _, r := range shown {
		fmt.Fprint(w, r.title)
		for _, column := range columns {
			fmt.Fprint(w, "\t", t.text(r, column))
		}
		fmt.Fprintf(w, "\t%s\t%s\n", r.goals(func(g goal) float64 { return g.asked }), r.goals(func(g goal) float64 { return g.stretch }))
	}
	return w.Flush()
}

func (t *table) cellsOf(row string) []*cell {
	var cells []*cell
	for _, c := range t.Cells {
		if c.Row == row {
			cells = append(cells, c)
		}
	}
	return cells
}

// columns are the engines that have a cell in one of the rows, in the order in which they are registered.
func (t *table) columns(shown []row) []string {
	var names []string
	for _, e := range engines {
		has := func(r row) bool { return t.cell(r.name, e.Name()) != nil }
		if slices.ContainsFunc(shown, has) {
			names = append(names, e.Name())
		}
	}
	return names
}

func (t *table) cell(row, engine string) *cell {
	for _, c := range t.Cells {
		if c.Row == row && c.Engine == engine {
			return c
		}
	}
	return nil
}

// text is what stands in a cell: the value, the median when there are several, the figure that counts when it is another, and for
// our own engines how it stands to the goal.
func (t *table) text(r row, engine string) string {
	c := t.cell(r.name, engine)
	switch {
	case c == nil:
		return "-"
	case c.Failed != "":
		return strings.ToUpper(strings.Fields(c.Failed + " failed")[0])
	}
	value := c.best(r.more)
	parts := []string{withUnit(value, r.unit)}
	if len(c.Runs) > 1 {
		parts = append(parts, "("+withUnit(c.median(), r.unit)+")")
	}
	if product(engine) == "hand" {
		return strings.Join(parts, " ")
	}
	figure := r.figure(value, t.hand(r))
	switch {
	case r.ratio:
		parts = append(parts, fmt.Sprintf("%.2fx", figure))
	case r.perOperator > 0:
		parts = append(parts, fmt.Sprintf("%.2f/op", figure))
	}
	if product(engine) == "kiln" {
		parts = append(parts, r.verdict(figure, r.goalOn(onCluster(engine))))
	}
	return strings.Join(parts, " ")
}

// hand is the best value by hand with one thread, 0 when there is none.
func (t *table) hand(r row) float64 {
	if c := t.cell(r.name, handOne); c != nil && len(c.Runs) > 0 {
		return c.best(r.more)
	}
	return 0
}

// goals prints a goal of the row: in one process, and over processes where that differs on purpose.
func (r row) goals(part func(goal) float64) string {
	var texts []string
	for _, g := range []goal{r.local, r.cluster} {
		switch {
		case part(g) == 0:
		case r.ratio:
			texts = append(texts, fmt.Sprintf("%gx", part(g)))
		default:
			texts = append(texts, withUnit(part(g), r.unit))
		}
	}
	return strings.Join(slices.Compact(texts), " | ")
}

// printUsage prints peak memory and CPU time of the process trees.
func (t *table) printUsage(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\npeak memory of the process tree, CPU time\tengine\tpeak\tCPU\tasked\tstretch\n")
	for _, c := range t.Cells {
		if len(c.Runs) == 0 {
			continue
		}
		r, err := rowNamed(c.Row)
		if err != nil {
			return err
		}
		least := c.Runs[0]
		for _, m := range c.Runs[1:] {
			least.PeakBytes, least.CPUSeconds = min(least.PeakBytes, m.PeakBytes), min(least.CPUSeconds, m.CPUSeconds)
		}
		fmt.Fprintf(w, "%s\t%s\t%.0f MB\t%.2f s\t%s\n", r.title, c.Engine, megabytes(least.PeakBytes), least.CPUSeconds,
			r.memoryGoals(c.Engine, megabytes(least.PeakBytes)))
	}
	return w.Flush()
}

// memoryGoals is the end of a line of the usage table.
func (r row) memoryGoals(engine string, peak float64) string {
	if product(engine) != "kiln" || r.memory.asked == 0 {
		return "\t"
	}
	memory := row{}
	stretch := ""
	if r.memory.stretch > 0 {
		stretch = fmt.Sprintf("%.0f MB", r.memory.stretch)
	}
	return fmt.Sprintf("%.0f MB %s\t%s", r.memory.asked, memory.verdict(peak, r.memory), stretch)
}

// withUnit prints a figure with as many digits as mean something.
func withUnit(value float64, unit string) string {
	digits := 2
	switch {
	case value >= 100:
		digits = 0
	case value >= 10:
		digits = 1
	case value < 0.1:
		digits = 4
	}
	if unit == "/s" {
		return fmt.Sprintf("%.*f%s", digits, value, unit)
	}
	return fmt.Sprintf("%.*f %s", digits, value, unit)
}
