package data

import (
	"os"
	"path/filepath"
	"testing"
)

// The Java side repeats this arithmetic: a change here is a change there.
func TestRowsAreGolden(t *testing.T) {
	rows := Input{Scale: 1, Seed: 1}.Rows()
	key, value := rows.Pair(12345)
	left, _ := rows.Left(12345)
	right, _ := rows.Right(12345)
	source, target := rows.Edge(12345)
	got := [...]int64{key, value, left, right, source, target}
	want := [...]int64{23176, 12345, 2888070, 3971726, 870226, 497635}
	if got != want {
		t.Errorf("rows 12345 are %v, want %v", got, want)
	}
}

func TestEdgesFollowAPowerLaw(t *testing.T) {
	in := Input{Scale: 0.01, Seed: 1}
	degree := make([]int64, in.Vertices())
	rows := in.Rows()
	for i := range in.Edges() {
		_, target := rows.Edge(i)
		degree[target]++
	}
	var most, none int64
	for _, d := range degree {
		most = max(most, d)
		if d == 0 {
			none++
		}
	}
	if mean := in.Edges() / in.Vertices(); most < 100*mean {
		t.Errorf("the most popular vertex has %d edges, the mean is %d", most, mean)
	}
	if none > in.Vertices()/4 {
		t.Errorf("%d of %d vertices have no edge", none, in.Vertices())
	}
}

func TestFilesAreMadeOnceAndFollowFromTheSeed(t *testing.T) {
	one := Input{Work: t.TempDir(), Scale: 0.0002, Seed: 7}
	two := Input{Work: t.TempDir(), Scale: 0.0002, Seed: 7}
	for _, make := range []func(Input) (string, error){Input.RecordFile, Input.PointFile} {
		a, b := made(t, one, make), made(t, two, make)
		if a != b {
			t.Error("the same seed made different files")
		}
		two.Seed = 8
		if b = made(t, two, make); a == b {
			t.Error("another seed made the same file")
		}
		two.Seed = 7
	}
}

func made(t *testing.T, in Input, make func(Input) (string, error)) string {
	path, err := make(in)
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = make(in); err != nil {
		t.Fatal(err)
	}
	if after, _ := os.Stat(path); !os.SameFile(before, after) {
		t.Error("the second call made the file again")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestSortedFindsWhatIsOutOfOrderOrCutOff(t *testing.T) {
	in := Input{Work: t.TempDir(), Scale: 0.0001, Seed: 1}
	path, err := in.RecordFile()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Sorted(filepath.Dir(path)); err == nil {
		t.Error("records in random order pass for sorted")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "part-0"), make([]byte, RecordLength+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Sorted(dir); err == nil {
		t.Error("a record that is cut off passes")
	}
}
