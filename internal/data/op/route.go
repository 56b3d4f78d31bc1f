package op

import (
	"fmt"
	"reflect"
	"unsafe"

	"github.com/kilnproject/kiln/internal/data/key"
)

// Route says which of N partitions (0: as many as the shuffle has) a key belongs to: by its hash, or, when Ranged, by its place among Bounds, which ascend.
// Partition i of an ascending range has the keys that are not greater than Bounds[i] and greater than the bound before.
type Route[K comparable] struct {
	N                  int
	Bounds             []K
	Ranged, Descending bool
}

// router is a Route made ready. It works on keys that lie stride bytes apart.
type router struct {
	n      int
	ranges *ranges // nil when keys go by hash
}

func newRouter[K comparable](t *Task, r Route[K]) (*router, error) {
	n := r.N
	if n == 0 && t.Stage != nil {
		n = t.Stage.Reduces // it is known only now
	}
	if t.Stage != nil && t.Stage.IsMap && t.Stage.Reduces != n {
		return nil, fmt.Errorf("the route has %d partitions, the shuffle %d", n, t.Stage.Reduces)
	}
	if !r.Ranged {
		return &router{n: n}, nil
	}
	if len(r.Bounds) >= n {
		return nil, fmt.Errorf("%d bounds make more ranges than %d partitions", len(r.Bounds), n)
	}
	rs, err := newRanges(r.Bounds, r.Descending)
	return &router{n: n, ranges: rs}, err
}

// parts gives the partition of each key; hashes are theirs, and not looked at when keys go by range.
func (r *router) parts(base unsafe.Pointer, n int, stride uintptr, hashes []uint64, out []int32) {
	if r.ranges != nil {
		r.ranges.parts(base, n, stride, out)
		return
	}
	out = out[:n]
	for i, h := range hashes[:n] {
		out[i] = int32(key.Partition(h, r.n))
	}
}

// ranges finds keys among ascending bounds, by their prefixes and, where these tie and do not say everything, by themselves.
type ranges struct {
	order      *order
	keep       any // the bounds, for the garbage collector
	bounds     unsafe.Pointer
	size       uintptr
	prefixes   []uint64
	descending bool
	scratch    []uint64
}

func newRanges[K comparable](bounds []K, descending bool) (*ranges, error) {
	o, err := orderOf(reflect.TypeFor[K]())
	if err != nil {
		return nil, err
	}
	r := &ranges{order: o, keep: bounds, bounds: firstAt(bounds), size: unsafe.Sizeof(*new(K)), descending: descending}
	r.prefixes = make([]uint64, len(bounds))
	o.prefix(r.bounds, len(bounds), int(r.size), r.prefixes)
	return r, nil
}

func (r *ranges) parts(base unsafe.Pointer, n int, stride uintptr, out []int32) {
	r.scratch = room(r.scratch, n)
	r.order.prefix(base, n, int(stride), r.scratch)
	last := int32(len(r.prefixes))
	for i, p := range r.scratch {
		at := below(r.prefixes, p)
		if !r.order.exact && int(at) < len(r.prefixes) && r.prefixes[at] == p {
			at = r.among(at, p, unsafe.Add(base, uintptr(i)*stride))
		}
		if r.descending {
			at = last - at
		}
		out[i] = at
	}
}

// below counts the bounds whose prefix is less than p.
func below(bounds []uint64, p uint64) int32 {
	lo, hi := 0, len(bounds)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if bounds[mid] < p {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return int32(lo)
}

// among goes on from bound at, the first with prefix p, to the first that is not less than the key.
func (r *ranges) among(at int32, p uint64, k unsafe.Pointer) int32 {
	lo, hi := int(at), len(r.prefixes)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if r.prefixes[mid] == p && r.order.compare(unsafe.Add(r.bounds, uintptr(mid)*r.size), k) < 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return int32(lo)
}
