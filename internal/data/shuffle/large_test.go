package shuffle

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/data/block/disk"
)

// blocksOf is blocks of about a MiB each, which differ.
func blocksOf(m, n int) (list []entry) {
	for i := range n {
		list = append(list, entry{0, fmt.Sprintf("%d/%d %s", m, i, strings.Repeat("x", 1<<20+i))})
	}
	return list
}

// largeCluster has four map outputs at two executors, with a segment of so many blocks each.
func largeCluster(t *testing.T, cfg Config, blocks int) *cluster {
	return newCluster(t, 2, 4, 1, cfg, func(m int) []entry { return blocksOf(m, blocks) })
}

func TestALargeSegmentOfAnotherExecutorWaitsInAFile(t *testing.T) {
	for name, cfg := range map[string]Config{"served from files": {}, "served from memory": {MemoryEach: 1 << 30, MemoryTotal: 1 << 40}} {
		for _, blocks := range []int{3, 4, 9} { // less than a piece, about one, more
			t.Run(fmt.Sprint(name, blocks), func(t *testing.T) {
				c := largeCluster(t, cfg, blocks)
				largest, most := 0, 0
				c.net.before = func(_ string, _ ids.BlockID, data []byte) ([]byte, error) {
					largest = max(largest, len(data))
					return data, nil
				}
				i := 0
				r := c.reader(ReadConfig{MaxSegment: 1 << 20})
				stats, err := r.Read(t.Context(), Range{Input: c.in, To: 1}, func(m int, block []byte) error {
					if want := blocksOf(i/blocks, blocks)[i%blocks].block; m != i/blocks || string(block) != want {
						t.Errorf("block %d is %.10q of map partition %d, want %.10q of %d", i, block, m, want, i/blocks)
					}
					most = max(most, len(fetchedFiles(t, c.stores[0])))
					i++
					return nil
				})
				if err != nil || i != 4*blocks || largest > pieceBytes || stats.Segments != 4 || stats.RemoteBytes*2 != stats.Bytes {
					t.Errorf("%d blocks, %v; %d bytes came at once; %+v", i, err, largest, stats)
				}
				if left := fetchedFiles(t, c.stores[0]); most == 0 || len(left) > 0 {
					t.Errorf("there were %d files, and are left %v", most, left)
				}
			})
		}
	}
}

// fetchedFiles are those of a store that hold segments of others.
func fetchedFiles(t *testing.T, st *Store) (list []string) {
	for _, name := range files(t, st) {
		if strings.HasPrefix(name, "fetched_") {
			list = append(list, name)
		}
	}
	return list
}

func TestALargeSegmentThatComesDamagedIsAskedForOnceMore(t *testing.T) {
	for times, want := range []string{"", "", "damaged shuffle data"} {
		c := largeCluster(t, Config{}, 9)
		left := times
		c.net.before = func(_ string, id ids.BlockID, data []byte) ([]byte, error) {
			if _, piece, ok := id.AsSegment(); ok && id.B == 1 && piece == 1 && left > 0 {
				left--
				data[77] ^= 1
			}
			return data, nil
		}
		blocks := 0
		_, err := c.reader(ReadConfig{MaxSegment: 1 << 20}).Read(t.Context(), Range{Input: c.in, To: 1}, func(int, []byte) error { blocks++; return nil })
		if want == "" {
			if err != nil || blocks != 4*9 {
				t.Errorf("damaged %d times: %d blocks, %v", times, blocks, err)
			}
		} else if blocks != 9 {
			t.Errorf("damaged %d times: %d blocks, want those of the first segment", times, blocks)
		} else {
			expectFetchError(t, err, task.Fetch{Shuffle: 1, Map: 1, Executor: 1}, want)
		}
		if left := fetchedFiles(t, c.stores[0]); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	}
}

func TestAFullDiskIsNotTheFaultOfWhoSends(t *testing.T) {
	c := largeCluster(t, Config{}, 9)
	mine := newStore(t, Config{Disk: failing(disk.OpWrite, 1, errBroken)})
	_, err := NewReader(ReadConfig{MaxSegment: 1 << 20}, 9, mine, c.net).Read(t.Context(), Range{Input: c.in, To: 1}, func(int, []byte) error { return nil })
	var failed *FetchError
	if !errors.Is(err, errBroken) || errors.As(err, &failed) {
		t.Errorf("got %v", err)
	}
}

func TestWhoStopsReadingLeavesNoFile(t *testing.T) {
	c := largeCluster(t, Config{}, 5)
	_, err := c.reader(ReadConfig{MaxSegment: 1 << 20}).Read(t.Context(), Range{Input: c.in, To: 1}, func(m int, _ []byte) error {
		if m == 1 {
			return errBroken
		}
		return nil
	})
	if left := fetchedFiles(t, c.stores[0]); err != errBroken || len(left) > 0 {
		t.Errorf("%v; left: %v", err, left)
	}
}
