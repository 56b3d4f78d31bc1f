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

// plot draws values over time, from nothing to most, which is the height of the picture. Each value is the mean of one span of time;
// what is shown ends with end.
func plot(out io.Writer, title string, values []float64, span, end time.Duration, most float64) {
	columns := resample(values, float64(end)/float64(max(span, 1)))
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
		fmt.Fprintf(out, "%s\n", strings.TrimRight(fmt.Sprintf("%9s |%s", label, &b), " "))
	}
	fmt.Fprintf(out, "%9s +%s\n%11s%*v\n", "0", strings.Repeat("-", plotWidth), "0s", plotWidth-1, brief(end))
}

// resample gives plotWidth means of values, each over an equal part of the first so many values, which need not be a whole number.
func resample(values []float64, count float64) []float64 {
	columns := make([]float64, plotWidth)
	width := min(count, float64(len(values))) / plotWidth
	for i := range columns {
		from, to := float64(i)*width, float64(i+1)*width
		area := 0.0
		for at := int(from); at < len(values) && float64(at) < to; at++ {
			area += values[at] * (min(to, float64(at+1)) - max(from, float64(at)))
		}
		if width > 0 {
			columns[i] = area / width
		}
	}
	return columns
}
