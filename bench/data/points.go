package data

import (
	"io"
	"strconv"
)

// PointFile is a text file of [Input.Points] points, a line each, coordinates with six decimals and a space between them, made when it
// is not there.
func (in Input) PointFile() (string, error) {
	path := in.path("points.txt")
	return path, once(path, func(w io.Writer) error {
		var line []byte
		for i := range in.Points() {
			line = in.appendPoint(line[:0], uint64(i))
			if _, err := w.Write(line); err != nil {
				return err
			}
		}
		return nil
	})
}

// appendPoint appends the line of point i: one of Clusters centres in [-100, 100), and noise of +-20 around it.
func (in Input) appendPoint(line []byte, i uint64) []byte {
	const micro = 1_000_000
	centre := uint64(below(random(in.Seed, streamPoint, i), Clusters))
	for d := range uint64(Dimensions) {
		at := below(random(in.Seed, streamPoint, 1<<40+centre*Dimensions+d), 200*micro) - 100*micro
		at += below(random(in.Seed, streamPoint, 1<<41+i*Dimensions+d), 40*micro) - 20*micro
		if d > 0 {
			line = append(line, ' ')
		}
		line = strconv.AppendFloat(line, float64(at)/micro, 'f', 6, 64)
	}
	return append(line, '\n')
}
