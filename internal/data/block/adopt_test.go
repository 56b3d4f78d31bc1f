package block

import (
	"fmt"
	"testing"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/mem"
	"github.com/kilnproject/kiln/internal/data/block/disk"
)

func TestWhatIsAdoptedPushesNothingOut(t *testing.T) {
	for level, want := range map[Level][2]string{ // with free memory, and where others have it all
		MemoryOnly: {"bytes", "nothing"}, MemoryEncoded: {"bytes", "nothing"}, MemoryAndDisk: {"bytes", "file"},
		MemoryAndDiskEncoded: {"bytes", "file"}, DiskOnly: {"file", "file"},
	} {
		for i, limit := range []mem.Bytes{1000, 100} {
			t.Run(fmt.Sprintf("%v/%d", level, limit), func(t *testing.T) {
				r := newRig(t, limit, disk.Options{})
				r.put(t, ids.RDD(7, 0), text("other", 100), MemoryOnly)
				stored, err := r.Adopt(ids.RDD(8, 1), []byte("hello"), level)
				if stored != (want[i] != "nothing") || err != nil {
					t.Fatalf("stored: %v, %v", stored, err)
				}
				content := "hello"
				if !stored {
					content = ""
				}
				r.expect(t, ids.RDD(8, 1), content, want[i])
				r.expect(t, ids.RDD(7, 0), "other", "rows")
				if told, is := r.holds[ids.RDD(8, 1)]; is != stored || is && told.Level != level {
					t.Errorf("told %+v", told)
				}
				if !r.put(t, ids.RDD(9, 0), text("new", 100), MemoryOnly) { // it goes as others do
					t.Error("nobody makes room")
				}
			})
		}
	}
}
