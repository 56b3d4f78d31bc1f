package conf

import (
	"fmt"
	"io"
	"strings"
)

// Described is one setting for machines.
type Described struct {
	Key     string `json:"key"`
	Kind    string `json:"kind"`    // such as "number", "duration", "FIFO|FAIR"
	Default string `json:"default"` // in words where it is found out at run time; empty for none
	Doc     string `json:"doc"`
	Spark   string `json:"spark"` // the same in Spark
}

// List gives every setting in alphabetical order.
func List() (all []Described) {
	for _, s := range sorted() {
		all = append(all, Described{s.key, s.kind, s.defText, s.doc, s.spark})
	}
	return all
}

// Help writes every setting with its kind of value, default and meaning, in alphabetical order.
func Help(w io.Writer) error {
	var b strings.Builder
	b.WriteString("Settings, as flags (--kiln.KEY=VALUE), as lines of the file that KILN_CONF names (kiln.KEY VALUE), or in code.\n" +
		"Code wins over flags, these over the environment (KILN_MASTER), that over the file. In the file and in code the spark.* name works as well.\n")
	for _, s := range sorted() {
		kind, def := s.kind, s.defText
		if s.unit != "" {
			kind += " (" + s.unit + ")"
		}
		if def == "" {
			def = "none"
		}
		fmt.Fprintf(&b, "\n%s\n    %s, default: %s\n", s.key, kind, def)
		for _, line := range wrap(s.doc, 90) {
			fmt.Fprintf(&b, "    %s\n", line)
		}
		if s.spark != "spark."+strings.TrimPrefix(s.key, "kiln.") {
			fmt.Fprintf(&b, "    In Spark: %s\n", s.spark)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// wrap breaks a text into lines of at most width bytes where its words allow it.
func wrap(text string, width int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
