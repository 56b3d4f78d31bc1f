package codec

import (
	"bytes"
	"reflect"
	"sort"
	"unsafe"
)

// maps encodes lengths plus one, zero for nil, then all keys and all values. The entries of a map are in the order of their encoded
// keys, so that equal maps give equal bytes. Maps are read and made by reflection: they are for rows and environments that are
// maps by nature, not for hot loops.
type maps struct {
	typ          reflect.Type
	key, value   column
	keys, values reflect.Type // slices of them
}

func (m *maps) traits() traits {
	return traits{bytes: true, deep: m.key.traits().deep || m.value.traits().deep}
}

func (m *maps) append(e *encodeState, dst []byte, base unsafe.Pointer, n int, stride uintptr) (_ []byte, err error) {
	lengths := e.numbers(n)
	total := 0
	for i := range n {
		p := unsafe.Add(base, uintptr(i)*stride)
		v := reflect.NewAt(m.typ, p).Elem()
		lengths[i] = 0
		if !v.IsNil() {
			lengths[i] = uint64(v.Len()) + 1
			total += v.Len()
		}
	}
	dst = appendLengths(dst, lengths)
	e.giveBack(lengths)
	if total == 0 {
		return dst, nil
	}
	keys, values := reflect.MakeSlice(m.keys, total, total), reflect.MakeSlice(m.values, total, total)
	at := 0
	for i := range n {
		p := unsafe.Add(base, uintptr(i)*stride)
		v := reflect.NewAt(m.typ, p).Elem()
		if v.Len() == 0 {
			continue
		}
		if err := m.sorted(e, v, keys.Slice(at, at+v.Len()), values.Slice(at, at+v.Len())); err != nil {
			return dst, err
		}
		at += v.Len()
	}
	if dst, err = m.key.append(e, dst, keys.UnsafePointer(), total, m.typ.Key().Size()); err != nil {
		return dst, err
	}
	return m.value.append(e, dst, values.UnsafePointer(), total, m.typ.Elem().Size())
}

// sorted puts the entries of v into keys and values.
func (m *maps) sorted(e *encodeState, v, keys, values reflect.Value) error {
	i := 0
	for iter := v.MapRange(); iter.Next(); i++ {
		keys.Index(i).Set(iter.Key())
		values.Index(i).Set(iter.Value())
	}
	s := entries{encoded: make([][]byte, i), swapKeys: reflect.Swapper(keys.Interface()), swapValues: reflect.Swapper(values.Interface())}
	for j := range i {
		var err error
		if s.encoded[j], err = m.key.append(e, nil, keys.Index(j).Addr().UnsafePointer(), 1, m.typ.Key().Size()); err != nil {
			return err
		}
	}
	sort.Sort(s)
	return nil
}

type entries struct {
	encoded              [][]byte
	swapKeys, swapValues func(i, j int)
}

func (s entries) Len() int           { return len(s.encoded) }
func (s entries) Less(i, j int) bool { return bytes.Compare(s.encoded[i], s.encoded[j]) < 0 }
func (s entries) Swap(i, j int) {
	s.encoded[i], s.encoded[j] = s.encoded[j], s.encoded[i]
	s.swapKeys(i, j)
	s.swapValues(i, j)
}

func (m *maps) decode(d *decoding, base unsafe.Pointer, n int, stride uintptr) {
	lengths, sum := d.lengths(n, nil)
	total := int(sum)
	if d.err != nil || !d.plausible(total, m.key.traits()) || !d.plausible(total, m.value.traits()) {
		return
	}
	keys, values := reflect.MakeSlice(m.keys, total, total), reflect.MakeSlice(m.values, total, total)
	if total > 0 {
		m.key.decode(d, keys.UnsafePointer(), total, m.typ.Key().Size())
	}
	if total > 0 && d.err == nil {
		m.value.decode(d, values.UnsafePointer(), total, m.typ.Elem().Size())
	}
	if d.err != nil {
		return
	}
	at := 0
	for i, l := range lengths {
		row := unsafe.Add(base, uintptr(i)*stride)
		if l > 0 {
			v := reflect.MakeMapWithSize(m.typ, int(l-1))
			for range l - 1 {
				v.SetMapIndex(keys.Index(at), values.Index(at))
				at++
			}
			reflect.NewAt(m.typ, row).Elem().Set(v)
		}
	}
}

func (m *maps) detach(base unsafe.Pointer, n int, stride uintptr, a *Arena) {
	for i := range n {
		row := unsafe.Add(base, uintptr(i)*stride)
		if v := reflect.NewAt(m.typ, row).Elem(); !v.IsNil() {
			own := reflect.MakeMapWithSize(m.typ, v.Len())
			key, value := reflect.New(m.typ.Key()), reflect.New(m.typ.Elem())
			for iter := v.MapRange(); iter.Next(); {
				key.Elem().Set(iter.Key())
				value.Elem().Set(iter.Value())
				m.key.detach(key.UnsafePointer(), 1, m.typ.Key().Size(), a)
				m.value.detach(value.UnsafePointer(), 1, m.typ.Elem().Size(), a)
				own.SetMapIndex(key.Elem(), value.Elem())
			}
			v.Set(own)
		}
	}
}

func (m *maps) footprint(base unsafe.Pointer, n int, stride uintptr) (sum int64) {
	each := int64(m.typ.Key().Size()+m.typ.Elem().Size()) + 8
	for i := range n {
		row := unsafe.Add(base, uintptr(i)*stride)
		v := reflect.NewAt(m.typ, row).Elem()
		sum += int64(v.Len()) * each
		if v.Len() > 0 && !(m.key.traits().flat && m.value.traits().flat) {
			key, value := reflect.New(m.typ.Key()), reflect.New(m.typ.Elem())
			for iter := v.MapRange(); iter.Next(); {
				key.Elem().Set(iter.Key())
				value.Elem().Set(iter.Value())
				sum += m.key.footprint(key.UnsafePointer(), 1, 0) + m.value.footprint(value.UnsafePointer(), 1, 0)
			}
		}
	}
	return sum
}
