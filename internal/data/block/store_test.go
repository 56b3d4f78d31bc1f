package block

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/mem"
	"github.com/kilnproject/kiln/internal/data/block/disk"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// account is a ledger behind a lock, as the executor has one.
type account struct {
	mu     sync.Mutex
	ledger *mem.Ledger
}

func (a *account) AcquireStorage(n mem.Bytes) (bool, mem.Bytes) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.ledger.AcquireStorage(n)
}

func (a *account) ReleaseStorage(n mem.Bytes) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ledger.ReleaseStorage(n)
}

func (a *account) used() mem.Bytes {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.ledger.Storage()
}

// rig is a store with limited memory in a directory of its own.
type rig struct {
	*Store
	*account
	dir string

	mu      sync.Mutex
	holds   map[ids.BlockID]Change // what Changed told
	damages []error
}

func newRig(t testing.TB, limit mem.Bytes, faults disk.Options) *rig {
	r := &rig{account: &account{ledger: mem.New(limit, limit/2)}, dir: filepath.Join(t.TempDir(), "blocks"), holds: map[ids.BlockID]Change{}}
	s, err := Open(Config{Dir: r.dir, Disk: faults, Memory: r.account,
		Changed: func(c Change) {
			r.mu.Lock()
			defer r.mu.Unlock()
			if r.holds[c.ID] = c; c.Memory+c.Disk == 0 {
				delete(r.holds, c.ID)
			}
		},
		Damaged: func(err error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.damages = append(r.damages, err)
		}})
	if err != nil {
		t.Fatal(err)
	}
	r.Store = s
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(r.dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("files left after Close: %v", err)
		}
		if n := r.used(); n != 0 {
			t.Errorf("%d bytes of storage memory left after Close", n)
		}
	})
	return r
}

// text is a value of rows that take size bytes in memory and encode to the text.
func text(s string, size int64) Value {
	return Value{Rows: []string{s}, Size: size, Encode: func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}}
}

// put stores and fails the test on an error.
func (r *rig) put(t testing.TB, id ids.BlockID, v Value, level Level) bool {
	t.Helper()
	stored, err := r.Put(id, v, level)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

// read gives what Get finds, and where: "rows", "bytes", "file" or "nothing".
func (r *rig) read(t testing.TB, id ids.BlockID) (content, where string) {
	t.Helper()
	e, ok := r.Get(id)
	if !ok {
		return "", "nothing"
	}
	defer e.Release()
	var through bytes.Buffer
	if _, err := e.WriteTo(&through); err != nil {
		t.Fatal(err)
	}
	if e.Rows != nil {
		return through.String(), "rows"
	}
	direct, err := io.ReadAll(e.Reader())
	if err != nil || !bytes.Equal(direct, through.Bytes()) || int64(len(direct)) != e.Size {
		t.Fatalf("%v: Reader gives %.40q, WriteTo %.40q, size %d, %v", id, direct, through.String(), e.Size, err)
	}
	if e.File() != nil {
		return through.String(), "file"
	}
	return through.String(), "bytes"
}

func (r *rig) expect(t testing.TB, id ids.BlockID, content, where string) {
	t.Helper()
	if gotContent, gotWhere := r.read(t, id); gotContent != content || gotWhere != where {
		t.Fatalf("%v: %.40q in %s, want %.40q in %s", id, gotContent, gotWhere, content, where)
	}
}

func TestEveryLevelKeepsABlockWhereItSays(t *testing.T) {
	for level, want := range map[Level][2]string{ // with memory, without
		MemoryOnly: {"rows", "nothing"}, MemoryEncoded: {"bytes", "nothing"}, MemoryAndDisk: {"rows", "file"},
		MemoryAndDiskEncoded: {"bytes", "file"}, DiskOnly: {"file", "file"},
	} {
		for i, limit := range []mem.Bytes{1 << 20, 1} {
			for _, encoded := range []bool{false, true} {
				t.Run(fmt.Sprintf("%v/%d/%v", level, limit, encoded), func(t *testing.T) {
					r := newRig(t, limit, disk.Options{})
					v, where := text("hello", 100), want[i]
					if encoded {
						v = Value{Encoded: []byte("hello")}
						if where == "rows" {
							where = "bytes"
						}
					}
					if stored := r.put(t, ids.RDD(1, 0), v, level); stored != (where != "nothing") {
						t.Fatalf("stored: %v", stored)
					}
					content := "hello"
					if where == "nothing" {
						content = ""
					}
					r.expect(t, ids.RDD(1, 0), content, where)
				})
			}
		}
	}
}

func TestTheLeastRecentlyReadBlockGoesFirst(t *testing.T) {
	r := newRig(t, 300, disk.Options{})
	for i, level := range []Level{MemoryOnly, MemoryAndDisk, MemoryOnly} {
		r.put(t, ids.RDD(ids.RDDID(i), 0), text(fmt.Sprint(i), 100), level)
	}
	r.expect(t, ids.RDD(0, 0), "0", "rows") // now the last in line
	r.put(t, ids.RDD(3, 0), text("3", 150), MemoryOnly)
	r.expect(t, ids.RDD(0, 0), "0", "rows")
	r.expect(t, ids.RDD(1, 0), "1", "file")
	r.expect(t, ids.RDD(2, 0), "", "nothing")
	r.expect(t, ids.RDD(3, 0), "3", "rows")
	want := map[ids.BlockID]Change{
		ids.RDD(0, 0): {ids.RDD(0, 0), MemoryOnly, 100, 0}, ids.RDD(1, 0): {ids.RDD(1, 0), MemoryAndDisk, 0, 1}, ids.RDD(3, 0): {ids.RDD(3, 0), MemoryOnly, 150, 0},
	}
	if fmt.Sprint(r.holds) != fmt.Sprint(want) {
		t.Fatalf("told %v, want %v", r.holds, want)
	}
}

func TestAnRDDDoesNotPushOutItself(t *testing.T) {
	r := newRig(t, 300, disk.Options{})
	r.put(t, ids.RDD(7, 0), text("other", 100), MemoryOnly)
	r.put(t, ids.RDD(8, 0), text("a", 200), MemoryOnly)
	if r.put(t, ids.RDD(8, 1), text("b", 200), MemoryOnly) {
		t.Fatal("stored at the price of its own RDD")
	}
	r.expect(t, ids.RDD(7, 0), "other", "rows") // all or nothing: evicting it alone would not have helped
	if !r.put(t, ids.RDD(8, 2), text("c", 100), MemoryOnly) {
		t.Fatal("not stored at the price of another RDD")
	}
	r.expect(t, ids.RDD(7, 0), "", "nothing")
}

func TestABlockThatIsReadIsNotEvicted(t *testing.T) {
	r := newRig(t, 100, disk.Options{})
	r.put(t, ids.RDD(1, 0), text("held", 100), MemoryAndDisk)
	e, _ := r.Get(ids.RDD(1, 0))
	if freed := r.Evict(100); freed != 0 {
		t.Fatalf("freed %d", freed)
	}
	if r.put(t, ids.RDD(2, 0), text("new", 50), MemoryOnly) {
		t.Fatal("stored at the price of a block that is read")
	}
	e.Release()
	e.Release()
	if freed := r.Evict(50); freed != 100 {
		t.Fatalf("freed %d", freed)
	}
	r.expect(t, ids.RDD(1, 0), "held", "file")
}

func TestMemoryOfARemovedBlockComesBackWithItsLastReader(t *testing.T) {
	r := newRig(t, 100, disk.Options{})
	r.put(t, ids.RDD(1, 0), text("held", 100), MemoryOnly)
	r.put(t, ids.RDD(1, 1), text("on disk", 100), DiskOnly)
	e, _ := r.Get(ids.RDD(1, 0))
	onDisk, _ := r.Get(ids.RDD(1, 1))
	if n := r.RemoveRDD(1); n != 2 {
		t.Fatalf("removed %d blocks", n)
	}
	r.expect(t, ids.RDD(1, 0), "", "nothing")
	if r.used() != 100 || fmt.Sprint(e.Rows) != "[held]" {
		t.Fatalf("used %d, rows %v", r.used(), e.Rows)
	}
	if data, err := io.ReadAll(onDisk.Reader()); err != nil || string(data) != "on disk" {
		t.Fatalf("%q, %v", data, err)
	}
	onDisk.Release()
	e.Release()
	if r.used() != 0 || r.Remove(ids.RDD(1, 0)) {
		t.Fatalf("used %d", r.used())
	}
}

func TestASecondPutKeepsTheFirst(t *testing.T) {
	r := newRig(t, 100, disk.Options{})
	r.put(t, ids.Result(9), Value{Encoded: []byte("first")}, MemoryAndDiskEncoded)
	if !r.put(t, ids.Result(9), Value{Encoded: []byte("second")}, MemoryAndDiskEncoded) {
		t.Fatal("a block that is there counts as stored")
	}
	r.expect(t, ids.Result(9), "first", "bytes")
}

func TestEncodedBytesMoveToAFileWhereMemoryEnds(t *testing.T) {
	r := newRig(t, 100<<10, disk.Options{})
	long := strings.Repeat("0123456789abcdef", 20<<10) // 320 KiB
	v := Value{Rows: []string{}, Encode: func(w io.Writer) error {
		for rest := long; rest != ""; {
			n := min(len(rest), 5000)
			if _, err := io.WriteString(w, rest[:n]); err != nil {
				return err
			}
			rest = rest[n:]
		}
		return nil
	}}
	if r.put(t, ids.RDD(1, 0), v, MemoryEncoded) {
		t.Fatal("stored in more memory than there is")
	}
	r.put(t, ids.RDD(1, 1), v, MemoryAndDiskEncoded)
	r.expect(t, ids.RDD(1, 1), long, "file")
	long = long[:90<<10]
	r.put(t, ids.RDD(1, 2), v, MemoryEncoded)
	r.expect(t, ids.RDD(1, 2), long, "bytes")
	if r.used() != 90<<10 {
		t.Fatalf("%d bytes accounted", r.used())
	}
}

func TestAnEmptyBlockIsABlock(t *testing.T) {
	for _, level := range []Level{MemoryOnly, MemoryEncoded, MemoryAndDisk, MemoryAndDiskEncoded, DiskOnly} {
		r := newRig(t, 100<<10, disk.Options{})
		r.put(t, ids.RDD(1, 0), text("", 0), level)
		if content, where := r.read(t, ids.RDD(1, 0)); content != "" || where == "nothing" {
			t.Fatalf("%v: %q in %s", level, content, where)
		}
	}
}

// onlyFile gives the one file that the store has.
func (r *rig) onlyFile(t testing.TB) (path string) {
	t.Helper()
	err := filepath.WalkDir(r.dir, func(p string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			if path != "" {
				t.Fatalf("two files: %s, %s", path, p)
			}
			path = p
		}
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return path
}

func TestADamagedFileCountsAsMissingAndIsComputedAgain(t *testing.T) {
	for name, damage := range map[string]func(data []byte) []byte{
		"flipped":       func(d []byte) []byte { d[len(d)/2] ^= 1; return d },
		"checksum":      func(d []byte) []byte { d[len(d)-1] ^= 1; return d },
		"truncated":     func(d []byte) []byte { return d[:len(d)/3] },
		"no checksum":   func(d []byte) []byte { return d[:len(d)-4] },
		"half checksum": func(d []byte) []byte { return d[:len(d)-2] },
		"empty":         func([]byte) []byte { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, 100, disk.Options{})
			content := strings.Repeat("kiln", 200<<10)
			r.put(t, ids.RDD(1, 0), text(content, 1), DiskOnly)
			path := r.onlyFile(t)
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, damage(data), 0o600); err != nil {
				t.Fatal(err)
			}
			e, computed, err := r.GetOrCompute(t.Context(), ids.RDD(1, 0), DiskOnly, func() (Value, error) { return text("again", 1), nil })
			if e != nil || !computed || err != nil {
				t.Fatalf("%v, %v, %v", e, computed, err)
			}
			var damaged *DamagedError
			if len(r.damages) != 1 || !errors.As(r.damages[0], &damaged) || damaged.Path != path {
				t.Fatalf("reported %v", r.damages)
			}
			r.expect(t, ids.RDD(1, 0), "again", "file")
		})
	}
}

func TestAFullDiskIsAnErrorOfThePutAndLeavesNothing(t *testing.T) {
	for _, full := range []disk.Op{disk.OpCreate, disk.OpWrite, disk.OpCommit} {
		t.Run(string(full), func(t *testing.T) {
			r := newRig(t, 100, disk.Options{Fault: func(op disk.Op, path string, n int) error {
				if op == full {
					return syscall.ENOSPC
				}
				return nil
			}})
			stored, err := r.Put(ids.RDD(1, 0), text("hello", 1000), MemoryAndDisk)
			if stored || !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), r.dir) || !strings.Contains(err.Error(), "rdd_1_0") {
				t.Fatalf("%v, %v", stored, err)
			}
			if left := r.onlyFile(t); left != "" || len(r.holds) != 0 {
				t.Fatalf("left %q, told %v", left, r.holds)
			}
			r.expect(t, ids.RDD(1, 0), "", "nothing")
			r.put(t, ids.RDD(2, 0), text("in memory", 100), MemoryAndDisk)
			if freed := r.Evict(1); freed != 100 || len(r.damages) != 1 {
				t.Fatalf("eviction to a full disk frees memory and reports the loss: %d, %v", freed, r.damages)
			}
			r.expect(t, ids.RDD(2, 0), "", "nothing")
		})
	}
}

func TestAnErrorOfTheEncoderLeavesNothing(t *testing.T) {
	boom := errors.New("boom")
	for _, level := range []Level{MemoryEncoded, MemoryAndDiskEncoded, DiskOnly} {
		r := newRig(t, 1<<20, disk.Options{})
		_, err := r.Put(ids.RDD(1, 0), Value{Rows: 1, Encode: func(w io.Writer) error {
			w.Write(make([]byte, 100<<10))
			return boom
		}}, level)
		if !errors.Is(err, boom) || r.onlyFile(t) != "" || r.used() != 0 {
			t.Fatalf("%v: %v, %q, %d", level, err, r.onlyFile(t), r.used())
		}
	}
}

func TestAClosedStoreTakesNothing(t *testing.T) {
	r := newRig(t, 100, disk.Options{})
	r.put(t, ids.RDD(1, 0), text("a", 10), MemoryOnly)
	r.Close()
	if _, err := r.Put(ids.RDD(1, 1), text("b", 10), MemoryOnly); err == nil {
		t.Fatal("stored")
	}
	r.expect(t, ids.RDD(1, 0), "", "nothing")
}

func TestLevelsReadBackWhatTheyPrint(t *testing.T) {
	valid := 0
	for n := range 256 {
		l := Level(n)
		got, err := ParseLevel(l.String())
		if l.Valid() != (err == nil) || l.Valid() && got != l {
			t.Fatalf("%d %v: %v, %v", n, l, got, err)
		}
		if l.Valid() {
			valid++
		}
	}
	if valid != 5 {
		t.Fatalf("%d levels", valid)
	}
	if _, err := Open(Config{}); err == nil {
		t.Fatal("a store without a directory")
	}
	if _, err := newRig(t, 1, disk.Options{}).Put(ids.RDD(0, 0), Value{}, 99); err == nil {
		t.Fatal("a level that is none")
	}
}

func TestOneCallerComputesAndTheOthersRead(t *testing.T) {
	r := newRig(t, 1000, disk.Options{})
	const callers = 8
	var computed, read int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			e, mine, err := r.GetOrCompute(t.Context(), ids.RDD(1, 0), MemoryOnly, func() (Value, error) { return text("once", 10), nil })
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				t.Error(err)
			case mine:
				computed++
			case fmt.Sprint(e.Rows) == "[once]":
				read++
				e.Release()
			}
		})
	}
	wg.Wait()
	if computed != 1 || read != callers-1 {
		t.Fatalf("%d computed, %d read", computed, read)
	}
}

func TestAWaiterComputesWhenTheFirstFailedOrStoredNothing(t *testing.T) {
	for name, first := range map[string]func() (Value, error){
		"failed":  func() (Value, error) { return Value{}, errors.New("boom") },
		"no room": func() (Value, error) { return text("too large", 1<<20), nil },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, 1000, disk.Options{})
			begun, goOn := make(chan struct{}), make(chan struct{})
			var wg sync.WaitGroup
			wg.Go(func() {
				_, _, err := r.GetOrCompute(t.Context(), ids.RDD(1, 0), MemoryOnly, func() (Value, error) {
					close(begun)
					<-goOn
					return first()
				})
				if (err != nil) != (name == "failed") {
					t.Error(err)
				}
			})
			<-begun
			ctx, cancel := context.WithCancelCause(t.Context())
			stop := errors.New("killed")
			cancel(stop)
			if _, _, err := r.GetOrCompute(ctx, ids.RDD(1, 0), MemoryOnly, nil); err != stop {
				t.Fatalf("a killed waiter: %v", err)
			}
			wg.Go(func() {
				if _, mine, err := r.GetOrCompute(t.Context(), ids.RDD(1, 0), MemoryOnly, func() (Value, error) { return text("second", 10), nil }); !mine || err != nil {
					t.Errorf("%v, %v", mine, err)
				}
			})
			close(goOn)
			wg.Wait()
			r.expect(t, ids.RDD(1, 0), "second", "rows")
		})
	}
}

func TestAPanicOfComputeFreesTheWaiters(t *testing.T) {
	r := newRig(t, 1000, disk.Options{})
	func() {
		defer func() { recover() }()
		r.GetOrCompute(t.Context(), ids.RDD(1, 0), MemoryOnly, func() (Value, error) { panic("boom") })
	}()
	_, mine, err := r.GetOrCompute(t.Context(), ids.RDD(1, 0), MemoryOnly, func() (Value, error) { return text("a", 1), nil })
	if !mine || err != nil {
		t.Fatalf("%v, %v", mine, err)
	}
}

func TestABlockComesBackFromDiskWhereThereIsRoom(t *testing.T) {
	r := newRig(t, 100, disk.Options{})
	r.put(t, ids.RDD(1, 0), text("a", 60), MemoryAndDisk)
	r.put(t, ids.RDD(1, 1), text("b", 60), MemoryAndDisk)
	r.expect(t, ids.RDD(1, 1), "b", "file")
	if r.Promote(ids.RDD(1, 1), text("b", 60)) {
		t.Fatal("promoted at the price of its own RDD")
	}
	r.Remove(ids.RDD(1, 0))
	for range 2 { // the second time it is there already
		if !r.Promote(ids.RDD(1, 1), text("b", 60)) {
			t.Fatal("not promoted")
		}
	}
	r.expect(t, ids.RDD(1, 1), "b", "rows")
	if freed := r.Evict(1); freed != 60 {
		t.Fatalf("freed %d", freed)
	}
	r.expect(t, ids.RDD(1, 1), "b", "file")
	r.put(t, ids.RDD(2, 0), text("c", 1), DiskOnly)
	if r.Promote(ids.RDD(2, 0), text("c", 1)) || r.Promote(ids.RDD(9, 9), text("", 1)) {
		t.Fatal("promoted what may not be in memory, or is not there")
	}
	half := &block{id: ids.RDD(3, 0), level: MemoryAndDisk, storing: true, held: 5}
	r.blocks[half.id] = half
	if r.Promote(half.id, text("d", 5)) {
		t.Fatal("promoted what is being stored")
	}
	delete(r.blocks, half.id)
}
