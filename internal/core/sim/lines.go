package sim

import (
	"fmt"
	"slices"
)

var accidentNames = map[AccidentKind]string{
	ExecutorDies: "an executor dies", HostDies: "a host dies", LinkBreaks: "a link breaks", ExecutorMutes: "an executor falls silent",
	DiskForgets: "a disk forgets map outputs", BlocksChange: "cached partitions come or go", UserCancels: "a user cancels",
	ExecutorDrains: "an executor is decommissioned", HostDrains: "a host is decommissioned", ExecutorKilled: "an executor is asked to go",
	NetworkParts: "executors cannot be reached for a while", ExecutorPauses: "an executor stands still", DriverPauses: "the driver stands still",
}

// Lines tells the decisions of a plan.
func (p *Plan) Lines() (lines []string) {
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	for _, j := range p.Joins {
		say("executor %v of profile %d comes at %v: host %s, %d slots, %d accelerators, %d times as slow", j.ID, j.Shape.profile, j.At, j.Shape.host, j.Shape.slots, j.Shape.gpus, j.Shape.slow)
	}
	if e := p.Elastic; e != nil {
		say("executors of %d slots come and go with the load: from %d to %d, at first %d", p.MaxSlots, e.Min, e.Max, e.Initial)
	}
	for i := range p.Jobs {
		j := p.job(&p.Jobs[i])
		say("job %d is submitted at %v", j.ID, p.Jobs[i].At)
		for s := range j.Stages {
			say("    %s", stageText(&j.Stages[s]))
		}
	}
	accidents := slices.Clone(p.Accidents)
	slices.SortStableFunc(accidents, func(a, b Accident) int { return int(a.At - b.At) })
	for _, a := range accidents {
		say("at %v %s", a.At, accidentNames[a.Kind])
	}
	w := &World{Plan: *p}
	for _, n := range p.Only {
		say("%s %s", w.subject(n), mishapNames[n.what])
	}
	return lines
}
