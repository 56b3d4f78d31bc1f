package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// The size of a plot, in letters.
const (
	plotWidth  = 64
	plotHeight = 10
)

// plot draws values over time, from nothing to most, which is the height of the picture. Each value is the mean of one span of time.
func plot(out io.Writer, title string, values []float64, most float64, span time.Duration) {
	columns := squeeze(values)
	fmt.Fprintf(out, "\n%s\n", title)
	for row := plotHeight; row > 0; row-- {
		label := ""
		if row == plotHeight || row == plotHeight/2 {
			label = fmt.Sprintf("%.0f", most*float64(row)/plotHeight)
		}
		var b strings.Builder
		for _, v := range columns {
			switch filled := v/most*plotHeight - float64(row-1); {
			case filled >= 0.75:
				b.WriteByte('#')
			case filled >= 0.25:
				b.WriteByte('.')
			default:
				b.WriteByte(' ')
			}
		}
		fmt.Fprintf(out, "%8s |%s\n", label, strings.TrimRight(b.String(), " "))
	}
	end := (span * time.Duration(len(values))).String()
	fmt.Fprintf(out, "%8s +%s\n%10s%-*s%s\n", "0", strings.Repeat("-", len(columns)), "0s", max(1, len(columns)-1-len(end)), "", end)
}

// squeeze gives at most plotWidth values, the means of neighbours.
func squeeze(values []float64) []float64 {
	of := (len(values) + plotWidth - 1) / plotWidth
	var columns []float64
	for i := 0; i < len(values); i += of {
		some := values[i:min(i+of, len(values))]
		sum := 0.0
		for _, v := range some {
			sum += v
		}
		columns = append(columns, sum/float64(len(some)))
	}
	return columns
}
