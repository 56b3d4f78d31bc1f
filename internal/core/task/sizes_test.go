package task

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestEveryStepIsAtMostATenthAboveTheOneBefore(t *testing.T) {
	for i := 2; i < len(steps); i++ {
		if d := steps[i] - steps[i-1]; d < 1 || d > max(1, steps[i-1]/10) {
			t.Errorf("step %d is %d, the one before %d", i, steps[i], steps[i-1])
		}
		if got := CodeOf(steps[i]); int(got) != i {
			t.Errorf("%d bytes are step %d, want %d", steps[i], got, i)
		}
	}
	if last := steps[255]; last < 30<<30 {
		t.Errorf("one byte says at most %d", last)
	}
}

func TestSizesAreEmptyOnlyWhereNothingIsAndExactWhereMuchIs(t *testing.T) {
	size := rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(0, 5000), rapid.Int64Range(ExactFrom-10, ExactFrom+10), rapid.Int64Range(0, 1<<40))
	rapid.Check(t, func(t *rapid.T) {
		bytes := rapid.SliceOfN(size, 0, 8).Draw(t, "bytes")
		s, sum := PackSizes(bytes), make([]int64, len(bytes))
		s.AddTo(sum)
		s.AddTo(sum)
		for r, real := range bytes {
			n := s.At(r)
			if n < real || float64(n) > 1.1*float64(real)+1 || (n == 0) != (real == 0) || real >= ExactFrom && n != real {
				t.Fatalf("%d bytes are told as %d", real, n)
			}
			if sum[r] != 2*n {
				t.Fatalf("two times %d bytes are %d", n, sum[r])
			}
		}
		if empty := !slices.ContainsFunc(bytes, func(n int64) bool { return n != 0 }); empty != s.Empty() || s.Check(len(bytes)) != nil {
			t.Fatalf("%v are told as %v", bytes, s)
		}
	})
}

func TestSizesThatCanNotBeAreFound(t *testing.T) {
	large := CodeOf(ExactFrom)
	for name, s := range map[string]Sizes{
		"of other partitions":  {Codes: []byte{1}},
		"exact of nothing":     {Exact: []ExactSize{{0, ExactFrom}}},
		"exact below all":      {Codes: []byte{large, large}, Exact: []ExactSize{{-1, ExactFrom}}},
		"exact beyond all":     {Codes: []byte{large, large}, Exact: []ExactSize{{2, ExactFrom}}},
		"exact twice":          {Codes: []byte{large, large}, Exact: []ExactSize{{1, ExactFrom}, {1, ExactFrom}}},
		"exact out of order":   {Codes: []byte{large, large}, Exact: []ExactSize{{1, ExactFrom}, {0, ExactFrom}}},
		"exact and small":      {Codes: []byte{1, 1}, Exact: []ExactSize{{0, 1}}},
		"exact of another one": {Codes: []byte{large, 1}, Exact: []ExactSize{{0, ExactFrom * 2}}},
	} {
		if s.Check(2) == nil {
			t.Errorf("%s: %v passes", name, s)
		}
	}
	if s := (Sizes{}); s.Check(2) != nil || !s.Empty() || s.At(1) != 0 {
		t.Errorf("no sizes are %v", s)
	}
}

func ExamplePackSizes() {
	s := PackSizes([]int64{0, 1000, ExactFrom + 1})
	fmt.Println(s.At(0), s.At(1), s.At(2), len(s.Codes))
	// Output: 0 1069 104857601 3
}
