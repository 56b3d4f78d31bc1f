package codec

import (
	"bytes"
	"reflect"
	"sort"
	"unsafe"
)

// maps encodes lengths plus one, zero for nil, then all keys and all values. The entries of a map are in the order of their encoded
// keys, then values, so that equal maps give equal bytes. Maps are read and made by reflection: they are for rows and environments
// that are maps by nature, not for hot loops.
type maps struct {
	typ          reflect.Type
	of           traits // of keys and values
	keys, values half
	dynamic      bool // a key may turn out not to be comparable
}

// half is the keys or the values of maps.
type half struct {
	column
	size uintptr
	many reflect.Type // a slice of them
}

func (h *half) all(e *appending, dst []byte, v reflect.Value) ([]byte, error) {
	return h.append(e, dst, v.UnsafePointer(), v.Len(), h.size)
}

func (m *maps) traits() traits      { return m.of.behind() }
func (*maps) least(n uint64) uint64 { return leastOfNumbers(n) }

func (m *maps) at(base unsafe.Pointer, i int, stride uintptr) reflect.Value {
	return reflect.NewAt(m.typ, unsafe.Add(base, uintptr(i)*stride)).Elem()
}

func (m *maps) append(e *appending, dst []byte, base unsafe.Pointer, n int, stride uintptr) (_ []byte, err error) {
	lengths := e.numbers(n)
	total := 0
	for i := range lengths {
		lengths[i] = 0
		if v := m.at(base, i, stride); !v.IsNil() {
			lengths[i] = uint64(v.Len()) + 1
			total += v.Len()
		}
	}
	dst = appendLengths(dst, lengths)
	e.giveBack(lengths)
	if total == 0 {
		return dst, nil
	}
	if err := countable(total, 1); err != nil {
		return dst, err
	}
	keys, values := reflect.MakeSlice(m.keys.many, total, total), reflect.MakeSlice(m.values.many, total, total)
	at := 0
	for i := range n {
		if v := m.at(base, i, stride); v.Len() > 0 {
			if err := m.sorted(e, v, keys.Slice(at, at+v.Len()), values.Slice(at, at+v.Len())); err != nil {
				return dst, err
			}
			at += v.Len()
		}
	}
	if dst, err = m.keys.all(e, dst, keys); err != nil {
		return dst, err
	}
	return m.values.all(e, dst, values)
}

// sorted puts the entries of v into keys and values.
func (m *maps) sorted(e *appending, v, keys, values reflect.Value) error {
	i := 0
	for iter := v.MapRange(); iter.Next(); i++ {
		keys.Index(i).SetIterKey(iter)
		values.Index(i).SetIterValue(iter)
	}
	s := entries{swapKeys: reflect.Swapper(keys.Interface()), swapValues: reflect.Swapper(values.Interface())}
	if err := s.encode(e, &m.keys, keys); err != nil {
		return err
	}
	sort.Sort(&s)
	for from := 0; from < i; {
		to := from + 1
		for to < i && bytes.Equal(s.text(from), s.text(to)) {
			to++
		}
		if to-from > 1 { // NaN, or pointers to equal values
			twins := entries{swapKeys: reflect.Swapper(keys.Slice(from, to).Interface()), swapValues: reflect.Swapper(values.Slice(from, to).Interface())}
			if err := twins.encode(e, &m.values, values.Slice(from, to)); err != nil {
				return err
			}
			sort.Sort(&twins)
		}
		from = to
	}
	return nil
}

// entries sorts entries by what one half of them is encoded as.
type entries struct {
	encoded              []byte
	spans                [][2]int // of encoded
	swapKeys, swapValues func(i, j int)
}

func (s *entries) encode(e *appending, h *half, v reflect.Value) (err error) {
	s.spans = make([][2]int, v.Len())
	for i := range s.spans {
		from := len(s.encoded)
		if s.encoded, err = h.append(e, s.encoded, v.Index(i).Addr().UnsafePointer(), 1, h.size); err != nil {
			return err
		}
		s.spans[i] = [2]int{from, len(s.encoded)}
	}
	return nil
}

func (s *entries) text(i int) []byte  { return s.encoded[s.spans[i][0]:s.spans[i][1]] }
func (s *entries) Len() int           { return len(s.spans) }
func (s *entries) Less(i, j int) bool { return bytes.Compare(s.text(i), s.text(j)) < 0 }
func (s *entries) Swap(i, j int) {
	s.spans[i], s.spans[j] = s.spans[j], s.spans[i]
	s.swapKeys(i, j)
	s.swapValues(i, j)
}

func (m *maps) decode(d *decoding, base unsafe.Pointer, n int, stride uintptr) {
	lengths, sum := d.marked(n)
	total := int(sum)
	for _, l := range lengths {
		if m.keys.size == 0 && l > 2 {
			d.fail("a map of %d equal keys", l-1)
		}
	}
	if !d.plausible(total, m.keys.size, m.keys) || !d.plausible(total, m.values.size, m.values) || !d.enter() {
		return
	}
	keys, values := reflect.MakeSlice(m.keys.many, total, total), reflect.MakeSlice(m.values.many, total, total)
	if total > 0 {
		m.keys.decode(d, keys.UnsafePointer(), total, m.keys.size)
	}
	if total > 0 && d.plausible(total, m.values.size, m.values) {
		m.values.decode(d, values.UnsafePointer(), total, m.values.size)
	}
	d.leave()
	at := 0
	for i, l := range lengths {
		if l > 0 && d.err == nil {
			m.at(base, i, stride).Set(m.filled(d, keys.Slice(at, at+int(l-1)), values.Slice(at, at+int(l-1))))
			at += int(l - 1)
		}
	}
	d.giveBack(lengths)
}

func (m *maps) filled(d *decoding, keys, values reflect.Value) reflect.Value {
	v := reflect.MakeMapWithSize(m.typ, keys.Len())
	for i := range keys.Len() {
		if m.dynamic && !keys.Index(i).Comparable() {
			d.fail("a key of %v that cannot be one", m.typ)
			break
		}
		v.SetMapIndex(keys.Index(i), values.Index(i))
	}
	return v
}

func (m *maps) detach(o *owning, base unsafe.Pointer, n int, stride uintptr) {
	key, value := reflect.New(m.typ.Key()), reflect.New(m.typ.Elem())
	for i := range n {
		v := m.at(base, i, stride)
		if v.IsNil() {
			continue
		}
		own := reflect.MakeMapWithSize(m.typ, v.Len())
		for iter := v.MapRange(); iter.Next(); {
			key.Elem().SetIterKey(iter)
			value.Elem().SetIterValue(iter)
			m.keys.detach(o, key.UnsafePointer(), 1, m.keys.size)
			m.values.detach(o, value.UnsafePointer(), 1, m.values.size)
			own.SetMapIndex(key.Elem(), value.Elem())
		}
		v.Set(own)
	}
}

func (m *maps) footprint(g *guard, base unsafe.Pointer, n int, stride uintptr) (sum int64) {
	each := int64(m.keys.size+m.values.size) + 8
	key, value := reflect.New(m.typ.Key()), reflect.New(m.typ.Elem())
	for i := range n {
		v := m.at(base, i, stride)
		sum += int64(v.Len()) * each
		if m.of.flat {
			continue
		}
		for iter := v.MapRange(); iter.Next(); {
			key.Elem().SetIterKey(iter)
			value.Elem().SetIterValue(iter)
			sum += m.keys.footprint(g, key.UnsafePointer(), 1, m.keys.size) + m.values.footprint(g, value.UnsafePointer(), 1, m.values.size)
		}
	}
	return sum
}
