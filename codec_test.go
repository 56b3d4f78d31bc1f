package kiln_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/kilnproject/kiln"
)

// drawing holds figures in all places where a row may hold something.
type drawing struct {
	One   figure
	Many  []figure
	Named map[string]figure
}

// triangle is a figure that the codec does not know.
type triangle struct{}

func (triangle) Area() float64 { return 0.5 }

func areaOfDrawing(d drawing) float64 {
	sum := d.Named["x"].Area()
	for _, f := range append(d.Many, d.One) {
		if f != nil {
			sum += f.Area()
		}
	}
	return sum
}

func timesArea(by figure, f figure) float64 { return by.Area() * f.Area() }

func TestARegisteredCodecServesRowsEnvironmentsAndExecutors(t *testing.T) {
	for _, master := range []string{"local[2]", "local-cluster[2,1,256m]"} {
		s := start(t, kiln.Master(master))
		ctx := t.Context()
		one := drawing{One: square{1}, Many: []figure{nil, oblong{1, 2}}, Named: map[string]figure{"x": square{3}}}
		areas, err := kiln.Map(kiln.Repartition(kiln.Parallelize(s, []drawing{one, one}), 2), areaOfDrawing).Collect(ctx)
		if err != nil || !slices.Equal(areas, []float64{12, 12}) {
			t.Errorf("%s: rows give %v, %v", master, areas, err)
		}
		figures := kiln.Parallelize(s, []figure{square{1}, nil, oblong{2, 2}}, 2)
		back, err := figures.Collect(ctx)
		if err != nil || !slices.Equal(back, []figure{square{1}, nil, oblong{2, 2}}) {
			t.Errorf("%s: figures come back as %v, %v", master, back, err)
		}
		big, err := kiln.MapWith(kiln.Parallelize(s, []figure{square{1}}), figure(square{4}), timesArea).Collect(ctx)
		if err != nil || !slices.Equal(big, []float64{16}) {
			t.Errorf("%s: an environment gives %v, %v", master, big, err)
		}
		_, err = kiln.Map(kiln.Range(s, 0, 1, 1), func(int64) figure { return triangle{} }).Collect(ctx)
		wantWords(t, err, "triangle does not travel")
	}
}

func TestACodecOfNoFunctionIsRefused(t *testing.T) {
	err := refusal(t, func() { kiln.RegisterCodec(nil, func([]byte) (v struct{ A any }, err error) { return v, nil }) })
	if err != nil && !strings.Contains(err.Error(), "codec_test.go") {
		t.Errorf("the refusal %q does not say where", err)
	}
}
