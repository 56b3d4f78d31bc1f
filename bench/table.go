package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/kilnproject/kiln/bench/data"
)

// table is everything that one run of this command measured.
type table struct {
	Go    string    `json:"go"`
	CPUs  int       `json:"cpus"`
	Scale float64   `json:"scale"`
	Count int       `json:"count"`
	When  time.Time `json:"when"`
	Cells []*cell   `json:"cells"`
}

// cell is what one engine did in one row.
type cell struct {
	Row    string     `json:"row"`
	Engine string     `json:"engine"`
	Unit   string     `json:"unit"`
	Runs   []Measured `json:"runs"`
	// Failed says why there is no figure, or that the answer is wrong.
	Failed string `json:"failed,omitempty"`
}

// measure takes all measurements of one row, the engines taking turns.
func (t *table) measure(ctx context.Context, r row, o options, progress io.Writer) error {
	if r.prepare != nil {
		path, err := r.prepare(o.in)
		if err != nil {
			return fmt.Errorf("make the input of %s: %w", r.name, err)
		}
		if err := warm(path); err != nil {
			return err
		}
	}
	var cells []*cell
	for _, e := range engines {
		if name := e.Name(); name == handOne || o.engines.MatchString(name) && (!r.onlyCluster || onCluster(name)) {
			cells = append(cells, &cell{Row: r.name, Engine: name, Unit: r.unit})
		}
	}
	for range o.count {
		for _, c := range cells {
			if err := ctx.Err(); err != nil {
				return errors.New("interrupted")
			}
			c.run(ctx, o.in, progress)
		}
	}
	cells = slices.DeleteFunc(cells, func(c *cell) bool { return len(c.Runs) == 0 && c.Failed == "" })
	compare(r, cells, o.in)
	t.Cells = append(t.Cells, cells...)
	return nil
}

// run takes one measurement. A cell that failed once is not run again.
func (c *cell) run(ctx context.Context, in data.Input, progress io.Writer) {
	if c.Failed != "" {
		return
	}
	m, err := runChild(ctx, c.Engine, c.Row, in)
	switch {
	case errors.Is(err, errAbsent):
	case err != nil:
		c.Failed = err.Error()
		fmt.Fprintf(progress, "%-14s %-28s failed: %v\n", c.Row, c.Engine, err)
	default:
		c.Runs = append(c.Runs, m)
		fmt.Fprintf(progress, "%-14s %-28s %12s  cpu %7.2f s  peak %6.0f MB\n", c.Row, c.Engine,
			withUnit(m.Value, c.Unit), m.CPUSeconds, megabytes(m.PeakBytes))
	}
}

// compare marks the cells whose answer is not that of the first one, which is written by hand. The answer of sort by hand is compared with
// its input.
func compare(r row, cells []*cell, in data.Input) {
	if r.section != sectionData && r.name != rowScan && r.name != rowFused {
		return
	}
	var want *data.Result
	if r.name == rowSort {
		path, err := in.RecordFile()
		if err != nil {
			return
		}
		input, err := data.Records(path)
		if err != nil {
			return
		}
		want = &input
	}
	for _, c := range cells {
		for _, m := range c.Runs {
			if want == nil {
				want = &m.Result
			}
			if d := m.Result.Differs(*want); d != "" {
				c.Failed = "WRONG: " + d
			}
		}
	}
}

// wrong is an error that names the cells without a right answer.
func (t *table) wrong() error {
	var errs []error
	for _, c := range t.Cells {
		if c.Failed != "" {
			errs = append(errs, fmt.Errorf("%s on %s: %s", c.Row, c.Engine, c.Failed))
		}
	}
	return errors.Join(errs...)
}

// best is the value of the best run, and median the middle one; the cell has a run.
func (c *cell) best(more bool) float64 {
	values := c.values()
	if more {
		return values[len(values)-1]
	}
	return values[0]
}

func (c *cell) median() float64 {
	values := c.values()
	return (values[(len(values)-1)/2] + values[len(values)/2]) / 2
}

func (c *cell) values() []float64 {
	values := make([]float64, len(c.Runs))
	for i, m := range c.Runs {
		values[i] = m.Value
	}
	slices.Sort(values)
	return values
}

// warm reads a file, or the files of a directory, so that no engine is the one that waits for the disk.
func warm(path string) error {
	return filepath.WalkDir(path, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(io.Discard, f)
		return err
	})
}

func megabytes(bytes int64) float64 { return float64(bytes) / 1e6 }
