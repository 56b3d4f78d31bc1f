package kiln_test

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/kilnproject/kiln"
)

func TestAPathThatIsNotThereIsAnErrorThatNamesIt(t *testing.T) {
	s := start(t)
	var m mark
	for _, path := range []string{filepath.Join(t.TempDir(), "missing.txt"), filepath.Join(t.TempDir(), "*.nothing")} {
		m.here()
		d := kiln.TextFile(s, path)
		_, err := d.Count(t.Context())
		wantWords(t, err, path, "fault_badinput_test.go")
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v is not fs.ErrNotExist", err)
		}
		if p := d.Partitions(); p != 0 {
			t.Errorf("%d partitions of what is not there", p)
		}
	}
}

func TestTheBetterErrorOfASaveIsThatOfItsInput(t *testing.T) {
	s := start(t)
	out := filepath.Join(t.TempDir(), "out")
	err := kiln.TextFile(s, "/nowhere/at/all").SaveText(t.Context(), out)
	wantWords(t, err, "/nowhere/at/all")
	if _, err := os.Stat(out); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the save left %s behind", out)
	}
}

func TestASourceThatWasMissingIsReadOnceItIsThere(t *testing.T) {
	s := start(t)
	path := filepath.Join(t.TempDir(), "late.txt")
	d := kiln.TextFile(s, path)
	if _, err := d.Count(t.Context()); err == nil {
		t.Fatal("there was no file yet")
	}
	if err := os.WriteFile(path, []byte("a\nb\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if n, err := d.Count(t.Context()); n != 2 || err != nil {
		t.Errorf("got %d lines, %v", n, err)
	}
}

func TestAnEmptyDirectoryIsAnErrorAndAnEmptyFileIsNot(t *testing.T) {
	s := start(t)
	dir := t.TempDir()
	_, err := kiln.TextFile(s, dir).Count(t.Context())
	wantWords(t, err, dir)
	file := filepath.Join(dir, "empty.txt")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if n, err := kiln.TextFile(s, dir).Count(t.Context()); n != 0 || err != nil {
		t.Errorf("an empty file has %d lines, %v", n, err)
	}
	_, err = kiln.TextFile(s, "").Count(t.Context())
	wantWords(t, err, "path")
}

// An unreadable file: the root user may read every file, so for it a directory in the place of one stands in.
func TestAFileThatCannotBeReadIsAnErrorThatNamesIt(t *testing.T) {
	s := start(t)
	path := filepath.Join(t.TempDir(), "secret.txt")
	if err := os.WriteFile(path, []byte("x"), 0o000); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() != 0 {
		_, err := kiln.TextFile(s, path).Count(t.Context())
		wantWords(t, err, path)
		if !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%v is not fs.ErrPermission", err)
		}
	}
	gone := filepath.Join(t.TempDir(), "gone.txt")
	if err := os.WriteFile(gone, []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := kiln.TextFile(s, gone)
	if d.Partitions() != 1 { // lists it
		t.Fatal("one file is one partition")
	}
	if err := os.Remove(gone); err != nil {
		t.Fatal(err)
	}
	_, err := d.Count(t.Context())
	wantWords(t, err, gone)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v is not fs.ErrNotExist", err)
	}
}

func TestADamagedCompressedFileIsAnErrorThatNamesIt(t *testing.T) {
	s := start(t)
	for _, ext := range []string{".gz", ".zst", ".bz2", ".s2", ".lz4"} {
		path := filepath.Join(t.TempDir(), "noise.txt"+ext)
		if err := os.WriteFile(path, []byte("this is not compressed at all, whatever its name says"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := kiln.TextFile(s, path).Count(t.Context())
		wantWords(t, err, path)
	}
}

func TestRecordsThatDoNotFillAFileAreAnErrorThatNamesIt(t *testing.T) {
	s := start(t)
	path := filepath.Join(t.TempDir(), "odd.bin")
	if err := os.WriteFile(path, make([]byte, 10), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := kiln.BinaryRecords(s, path, 4).Count(t.Context())
	wantWords(t, err, path, "4")
}

func TestSettingsThatCannotBeMeantAreConfigErrors(t *testing.T) {
	for name, c := range map[string]struct {
		opt   kiln.Option
		words []string
	}{
		"unknown key":         {kiln.Set("kiln.executor.memry", "1g"), []string{"kiln.executor.memry", "kiln.executor.memory"}},
		"unit":                {kiln.Set("kiln.executor.memory", "1 parsec"), []string{"kiln.executor.memory", "1 parsec", "512m"}},
		"too little memory":   {kiln.Set("kiln.executor.memory", "1024"), []string{"kiln.executor.memory", "1024m"}},
		"not a number":        {kiln.Set("kiln.task.maxFailures", "often"), []string{"kiln.task.maxFailures", "often"}},
		"out of range":        {kiln.Set("kiln.memory.fraction", "2"), []string{"kiln.memory.fraction", "2"}},
		"duration":            {kiln.Set("kiln.network.timeout", "soon"), []string{"kiln.network.timeout", "soon"}},
		"master":              {kiln.Master("lokal[4]"), []string{"lokal[4]", "did you mean local[4]?"}},
		"master with bracket": {kiln.Master("local[4"), []string{"local[4]"}},
		"master of no slots":  {kiln.Master("local[0]"), []string{"local[0]", "slots"}},
		"Spark's master":      {kiln.Master("spark://h:7077"), []string{"kiln://h:7077"}},
		"absent cluster":      {kiln.Master("yarn"), []string{"yarn", "local[*]"}},
		"codec":               {kiln.Set("kiln.io.compression.codec", "gzip"), []string{"gzip", "zstd"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := kiln.Open(t.Context(), c.opt)
			if s != nil {
				s.Close()
			}
			var config *kiln.ConfigError
			if !errors.As(err, &config) {
				t.Fatalf("got %v (%T), want a *kiln.ConfigError", err, err)
			}
			wantWords(t, err, c.words...)
		})
	}
}

func TestADirectoryForFilesThatIsNotThereIsNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := kiln.Open(t.Context(), kiln.Master("local"), kiln.Set("kiln.local.dir", file))
	wantWords(t, err, "setting kiln.local.dir="+file+" (code): it names no directory for temporary files", "mkdir")
	var bad *kiln.ConfigError
	if !errors.As(err, &bad) {
		t.Errorf("%v is not a ConfigError, with which Main would exit 2", err)
	}
}

// NaN equals NaN, -0 equals 0, and an empty string is a key like any other.
func TestUnusualKeysAreKeys(t *testing.T) {
	s := start(t)
	negativeZero := math.Copysign(0, -1)
	floats := kiln.Parallelize(s, []float64{math.NaN(), 0, negativeZero, math.Float64frombits(0xfff8000000000001), math.Inf(1), 0}, 4)
	counts, err := kiln.ReduceByKey(kiln.Map(floats, oneEach[float64]), add).Collect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int64{}
	for _, kv := range counts {
		switch {
		case math.IsNaN(kv.Key):
			got["NaN"] += kv.Value
		case kv.Key == 0:
			got["0"] += kv.Value
		default:
			got["Inf"] += kv.Value
		}
	}
	if len(counts) != 3 || got["NaN"] != 2 || got["0"] != 3 || got["Inf"] != 1 {
		t.Errorf("got %v", counts)
	}
	n, err := kiln.Distinct(floats).Count(t.Context())
	if n != 3 || err != nil {
		t.Errorf("%d distinct, %v; want 3", n, err)
	}
	met, err := kiln.Join(kiln.Map(floats, oneEach[float64]), kiln.Map(floats, oneEach[float64])).Count(t.Context())
	if met != 2*2+3*3+1 || err != nil {
		t.Errorf("%d pairs met, %v; want 14", met, err)
	}
	texts := kiln.Parallelize(s, []string{"", "a", "", "\x00", ""}, 3)
	values, err := kiln.Lookup(t.Context(), kiln.ReduceByKey(kiln.Map(texts, oneEach[string]), add), "")
	if err != nil || len(values) != 1 || values[0] != 3 {
		t.Errorf("the empty key has %v, %v; want 3", values, err)
	}
}

func oneEach[K comparable](k K) kiln.KV[K, int64] { return kiln.Pair(k, int64(1)) }

const recordSize = 256 << 20

func large(i int64) kiln.KV[int64, []byte] {
	b := make([]byte, recordSize)
	b[0], b[recordSize-1] = byte(i), byte(i)
	return kiln.Pair(i, b)
}

func ends(b []byte) [3]int64 { return [3]int64{int64(len(b)), int64(b[0]), int64(b[len(b)-1])} }

func TestARecordOf256MBPassesAShuffle(t *testing.T) {
	if testing.Short() {
		return // it takes more than a gigabyte
	}
	s := start(t, kiln.Set("kiln.executor.memory", "3g"))
	d := kiln.PartitionBy(kiln.Map(kiln.Range(s, 7, 8, 1, 1), large), kiln.Hash(2))
	got, err := kiln.MapValues(d, ends).Collect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].Value != [3]int64{recordSize, 7, 7} {
		t.Errorf("got %v", got)
	}
}
