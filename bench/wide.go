package main

import (
	"bytes"
	"fmt"
)

// wideTypes is the number of element types of the program that stands for a large user program, at scale 1.
const wideTypes = 40

// verbsOfType are the calls that the program makes for each of its element types: six of them, and more for every fourth type,
// which is 250 together.
var verbsOfType = []string{
	"\trows%[1]d := kiln.Parallelize(s, []T%[1]d{{A: 1}, {A: 2}})\n",
	"\tkept%[1]d := kiln.Filter(rows%[1]d, func(t T%[1]d) bool { return t.A > 1 })\n",
	"\tpairs%[1]d := kiln.KeyBy(kept%[1]d, func(t T%[1]d) int64 { return t.A })\n",
	"\tsums%[1]d := kiln.ReduceByKey(pairs%[1]d, func(a, b T%[1]d) T%[1]d { a.A += b.A; return a })\n",
	"\tnames%[1]d := kiln.Map(sums%[1]d, func(kv kiln.KV[int64, T%[1]d]) string { return kv.Value.B })\n",
	"\tif _, err := names%[1]d.Count(ctx); err != nil {\n\t\treturn err\n\t}\n",
}

// verbOfFourth is the call that every fourth type makes besides.
const verbOfFourth = "\tif _, err := kiln.Join(pairs%[1]d, sums%[1]d).Collect(ctx); err != nil {\n\t\treturn err\n\t}\n"

// wideProgram is a program over this many element types; over 40 it has 250 verb calls.
func wideProgram(types int) []byte {
	var p bytes.Buffer
	p.WriteString("package main\n\nimport (\n\t\"context\"\n\n\t\"github.com/kilnproject/kiln\"\n)\n\nfunc main() { kiln.Main(run) }\n")
	for i := range types {
		fmt.Fprintf(&p, "\ntype T%d struct {\n\tA int64\n\tB string\n\tF%d float64\n}\n", i, i)
	}
	p.WriteString("\nfunc run(ctx context.Context, s *kiln.Session) error {\n")
	for i := range types {
		for _, verb := range verbsOfType {
			fmt.Fprintf(&p, verb, i)
		}
		if i%4 == 0 {
			fmt.Fprintf(&p, verbOfFourth, i)
		}
	}
	p.WriteString("\treturn nil\n}\n")
	return p.Bytes()
}
