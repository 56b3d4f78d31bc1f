package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kilnproject/kiln/storage"
)

// memory is a storage that only lists, so that large files cost nothing.
type memory struct {
	storage.FS
	files []storage.File
}

func (m *memory) List(context.Context, string) ([]storage.File, error) { return m.files, nil }

var listed memory

func init() { storage.Register("listed", &listed) }

func planSizes(t testing.TB, o Options, slots int, sizes ...int64) []Split {
	listed.files = nil
	for i, size := range sizes {
		listed.files = append(listed.files, storage.File{Path: fmt.Sprintf("listed://%05d", i), Size: size})
	}
	return plan(t, "listed://", o, slots)
}

func TestPlanCoversEveryByteOnceInOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		o := Options{
			Form:          Form(rapid.IntRange(0, 2).Draw(rt, "form")),
			MinPartitions: rapid.IntRange(0, 50).Draw(rt, "partitions"),
			SplitSize:     rapid.Int64Range(0, 1<<26).Draw(rt, "split"),
			RecordLength:  rapid.IntRange(1, 1000).Draw(rt, "record"),
		}
		slots := rapid.IntRange(0, 20).Draw(rt, "slots")
		sizes := rapid.SliceOfN(rapid.OneOf(rapid.Int64Range(0, 10), rapid.Int64Range(0, 1<<28), rapid.Just(int64(1)<<50)), 1, 8).Draw(rt, "sizes")
		huge := false
		for i := range sizes {
			if o.Form == Records {
				sizes[i] -= sizes[i] % int64(o.RecordLength)
			}
			huge = huge || sizes[i] > 1<<40
		}
		if huge { // else a small split size would make too many to count
			o.SplitSize = 1 << 44
			o.SplitSize -= o.SplitSize % int64(o.RecordLength)
		} else if o.SplitSize > 0 {
			o.SplitSize = max(o.SplitSize, 1<<16)
		}
		splits := planSizes(t, o, slots, sizes...)
		file, at := 0, int64(0)
		var total int64
		for _, s := range splits {
			for _, p := range s.Pieces {
				for p.Path != listed.files[file].Path {
					if at != sizes[file] {
						rt.Fatalf("%d bytes of file %d of %d are in no split", sizes[file]-at, file, sizes[file])
					}
					file, at = file+1, 0
				}
				if p.Offset != at || p.Whole != (p.Length == sizes[file]) && p.Length > 0 {
					rt.Fatalf("piece %+v, but file %d is covered up to %d", p, file, at)
				}
				if o.Form == Records && p.Length%int64(o.RecordLength) != 0 {
					rt.Fatalf("piece %+v cuts a record", p)
				}
				at += p.Length
				total += p.Length
			}
		}
		var want int64
		for _, size := range sizes {
			want += size
		}
		if total != want || len(splits) == 0 {
			rt.Fatalf("%d splits cover %d of %d bytes", len(splits), total, want)
		}
	})
}

func TestPlanGivesTwoSplitsForEachSlot(t *testing.T) {
	for _, one := range []struct {
		what        string
		sizes       []int64
		o           Options
		slots       int
		least, most int
	}{
		{"a large file is cut at the split size", []int64{1 << 30}, Options{}, 2, 32, 32},
		{"a middling file is cut for the slots", []int64{1 << 20}, Options{}, 8, 16, 16},
		{"many slots and few bytes", []int64{100 << 10}, Options{}, 1000, 25, 25},
		{"a few bytes are one split", []int64{100}, Options{}, 8, 1, 1},
		{"the user's number counts also for a few bytes", []int64{100}, Options{MinPartitions: 10}, 8, 10, 10},
		{"there are no more splits than bytes", []int64{3}, Options{MinPartitions: 1000}, 1, 3, 3},
		{"the user's size counts", []int64{1 << 20}, Options{SplitSize: 1 << 10}, 1, 1024, 1024},
		{"small files share splits", sizes(10_000, 8<<10), Options{}, 2, 4, 12},
		{"also when the user wants many", sizes(10_000, 8<<10), Options{MinPartitions: 100}, 2, 100, 320},
		{"files of nothing are one split", sizes(5, 0), Options{}, 2, 1, 1},
		{"each whole file stays whole", sizes(3, 1<<30), Options{Form: Whole}, 2, 3, 3},
		{"records are not cut", []int64{100}, Options{Form: Records, RecordLength: 50, MinPartitions: 7}, 2, 2, 2},
	} {
		splits := planSizes(t, one.o, one.slots, one.sizes...)
		if n := len(splits); n < one.least || n > one.most {
			t.Errorf("%s: %d splits, want %d to %d", one.what, n, one.least, one.most)
		}
		goal := Options.goal(one.o, listed.files, one.slots)
		for _, s := range splits {
			if len(s.Pieces) > 1 && s.Size() > goal {
				t.Errorf("%s: a split of %d pieces has %d bytes, more than %d", one.what, len(s.Pieces), s.Size(), goal)
			}
		}
	}
}

func sizes(n int, size int64) []int64 {
	all := make([]int64, n)
	for i := range all {
		all[i] = size
	}
	return all
}

func TestManySmallFilesMakeASmallSplit(t *testing.T) {
	listed.files = nil
	for i := range 10_000 {
		listed.files = append(listed.files, storage.File{Path: fmt.Sprintf("listed:///usr/local/share/data/2026/11/21/part-%05d", i), Size: 900})
	}
	total := 0
	for _, s := range plan(t, "listed://", Options{}, 2) {
		total += len(s.Append(nil))
	}
	if total > 10*10_000 {
		t.Errorf("10,000 files take %d bytes", total)
	}
}

func TestACompressedFileIsASplitOfItsOwn(t *testing.T) {
	listed.files = nil
	for _, name := range []string{"a", "b.gz", "c.ZST", "d.bz2", "e.s2", "f.lz4", "g", "h.txt"} {
		listed.files = append(listed.files, storage.File{Path: "listed://" + name, Size: 10})
	}
	listed.files[2].Size = 1 << 40
	splits := plan(t, "listed://", Options{SplitSize: 1 << 20}, 0)
	var got []string
	for _, s := range splits {
		var names []string
		for _, p := range s.Pieces {
			names = append(names, strings.TrimPrefix(p.Path, "listed://"))
		}
		got = append(got, strings.Join(names, "+"))
	}
	if want := "a b.gz c.ZST d.bz2 e.s2 f.lz4 g+h.txt"; strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPlanRefusesWhatItCannotRead(t *testing.T) {
	dir := directory(t, map[string]string{"empty/_hidden": "x"})
	for path, want := range map[string]error{dir + "/missing": fs.ErrNotExist, dir + "/empty": storage.ErrNoFiles, dir + "/*.x": fs.ErrNotExist} {
		_, err := Plan(t.Context(), path, Options{}, 2)
		if !errors.Is(err, want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
	put(t, dir+"/f", "x")
	for _, o := range []Options{{MinPartitions: -1}, {SplitSize: -1}} {
		if _, err := Plan(t.Context(), dir+"/f", o, 2); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
	listed.files = []storage.File{{Path: "listed://large", Size: 1 << 60}}
	for _, o := range []Options{{MinPartitions: 1 << 40}, {SplitSize: 1}, {Form: Records, RecordLength: 1, MinPartitions: 1 << 30}} {
		if _, err := Plan(t.Context(), "listed://", o, 2); err == nil || !strings.Contains(err.Error(), "fewer partitions") {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
