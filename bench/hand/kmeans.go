package hand

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/kilnproject/kiln/bench/data"
)

type point [data.Dimensions]float64

// near is the running sum of the points nearest to one centre.
type near struct {
	sum   point
	count float64
}

// KMeans parses the points, keeps them in a slice, and moves the centres ten times. With more threads the file and the slice are cut in runs.
func KMeans(in data.Input, threads int) (data.Result, error) {
	path, err := in.PointFile()
	if err != nil {
		return data.Result{}, err
	}
	parts, errs := make([][]point, threads), make([]error, threads)
	each(threads, func(thread int) { parts[thread], errs[thread] = readPoints(path, thread, threads) })
	for _, err := range errs {
		if err != nil {
			return data.Result{}, err
		}
	}
	centres := [data.Clusters]point(parts[0])
	for range data.Iterations {
		sums := make([][data.Clusters]near, threads)
		each(threads, func(thread int) { assign(parts[thread], &centres, &sums[thread]) })
		for _, more := range sums[1:] {
			for c := range more {
				sums[0][c].add(&more[c].sum, more[c].count)
			}
		}
		for c, s := range sums[0] {
			for d := range s.sum {
				if s.count > 0 {
					centres[c][d] = s.sum[d] / s.count
				}
			}
		}
	}
	return centred(&centres), nil
}

func (n *near) add(p *point, count float64) {
	for d, x := range p {
		n.sum[d] += x
	}
	n.count += count
}

// assign adds every point to the sum of its nearest centre.
func assign(points []point, centres *[data.Clusters]point, sums *[data.Clusters]near) {
	for i := range points {
		sums[nearest(&points[i], centres)].add(&points[i], 1)
	}
}

func nearest(p *point, centres *[data.Clusters]point) int {
	best, least := 0, -1.0
	for c := range centres {
		distance := 0.0
		for d := range p {
			x := p[d] - centres[c][d]
			distance += x * x
		}
		if least < 0 || distance < least {
			best, least = c, distance
		}
	}
	return best
}

// centred answers the sum of all coordinates, each weighted by its place.
func centred(centres *[data.Clusters]point) (r data.Result) {
	for c := range centres {
		r.Rows++
		for d, x := range centres[c] {
			r.Sum += x * float64(c*data.Dimensions+d+1)
		}
	}
	return r
}

// readPoints parses the lines that begin in the thread's run of bytes.
func readPoints(path string, thread, threads int) ([]point, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	from, to := cut(info.Size(), thread, threads), cut(info.Size(), thread+1, threads)
	at := from
	if from > 0 {
		at-- // a line that begins exactly at from is this thread's
	}
	if _, err := f.Seek(at, io.SeekStart); err != nil {
		return nil, err
	}
	in := bufio.NewReaderSize(f, 1<<20)
	if from > 0 {
		skipped, err := in.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		at += int64(len(skipped))
	}
	return parseLines(in, to-at)
}

// parseLines parses the lines that begin within the next n bytes.
func parseLines(in *bufio.Reader, n int64) ([]point, error) {
	var points []point
	for n > 0 {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		n -= int64(len(line))
		p, err := parsePoint(string(bytes.TrimRight(line, "\n")))
		if err != nil {
			return nil, err
		}
		points = append(points, p)
	}
	return points, nil
}

func parsePoint(line string) (p point, err error) {
	fields := strings.Fields(line)
	if len(fields) != len(p) {
		return p, fmt.Errorf("a point has %d coordinates, not %d: %q", len(fields), len(p), line)
	}
	for d, field := range fields {
		if p[d], err = strconv.ParseFloat(field, 64); err != nil {
			return p, err
		}
	}
	return p, nil
}
