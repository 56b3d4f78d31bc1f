package plan

import (
	"fmt"
	"strings"
)

// Explain draws the lineage as a tree, the action's RDD on top. A shuffle begins a new indentation, as a stage does.
func (r *RDD) Explain() string {
	var b strings.Builder
	explain(&b, r, "", "", map[*RDD]bool{})
	return b.String()
}

func explain(b *strings.Builder, r *RDD, first, rest string, seen map[*RDD]bool) {
	name := r.Verb
	if r.Name != "" {
		name = fmt.Sprintf("%s %q", r.Verb, r.Name)
	}
	fmt.Fprintf(b, "%s(%d) %s", first, r.Partitions, name)
	if r.Note != "" {
		fmt.Fprintf(b, " [%s]", r.Note)
	}
	if r.Site != "" {
		fmt.Fprintf(b, "  %s", r.Site)
	}
	if seen[r] && len(r.Deps) > 0 {
		b.WriteString("  (see above)\n")
		return
	}
	seen[r] = true
	b.WriteByte('\n')
	for i, d := range r.Deps {
		last := i == len(r.Deps)-1
		switch {
		case d.Shuffle != nil && last:
			explain(b, d.Parent, rest+"+-", rest+"  ", seen)
		case d.Shuffle != nil:
			explain(b, d.Parent, rest+"+-", rest+"| ", seen)
		case last:
			explain(b, d.Parent, rest+"| ", rest, seen)
		default:
			explain(b, d.Parent, rest+"| ", rest+"| ", seen)
		}
	}
}
