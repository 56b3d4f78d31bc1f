package kiln_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/kilnproject/kiln"
)

// figure is an interface: a row cannot hold one unless a codec says how it travels.
type figure interface{ Area() float64 }

type square struct{ Side float64 }

func (s square) Area() float64 { return s.Side * s.Side }

type oblong struct{ Width, Height float64 }

func (o oblong) Area() float64 { return o.Width * o.Height }

// either holds one figure of those that there are.
type either struct {
	Square *square `json:",omitempty"`
	Oblong *oblong `json:",omitempty"`
}

func encodeFigure(f figure) ([]byte, error) {
	switch f := f.(type) {
	case square:
		return json.Marshal(either{Square: &f})
	case oblong:
		return json.Marshal(either{Oblong: &f})
	}
	return nil, fmt.Errorf("a %T does not travel", f)
}

func decodeFigure(src []byte) (figure, error) {
	var e either
	err := json.Unmarshal(src, &e)
	if e.Square != nil {
		return *e.Square, err
	}
	if e.Oblong != nil {
		return *e.Oblong, err
	}
	return nil, err
}

func init() { kiln.RegisterCodec(encodeFigure, decodeFigure) }

func areaOf(f figure) float64 { return f.Area() }

func ExampleRegisterCodec() {
	ctx := context.Background()
	s, err := kiln.Open(ctx, kiln.Master("local[2]"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	figures := kiln.Parallelize(s, []figure{square{2}, oblong{1, 3}, square{3}})
	fmt.Println(kiln.Sum(ctx, kiln.Map(kiln.Repartition(figures, 2), areaOf)))
	// Output: 16 <nil>
}
