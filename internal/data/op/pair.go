package op

import "unsafe"

// pairLayout is how the rows of KV[K, V] lie in memory.
type pairLayout struct {
	row, key, val *layout
	valAt         uintptr // the key is at the front
}

// pairOf is the layout of rows that are a KV.
func pairOf(rows RowType) (p pairLayout, err error) {
	if p.row, err = layoutFor(Reflect(rows)); err != nil {
		return p, err
	}
	key, val := p.row.typ.Field(0), p.row.typ.Field(1)
	if p.key, err = layoutFor(key.Type); err != nil {
		return p, err
	}
	p.val, err = layoutFor(val.Type)
	p.valAt = val.Offset
	return p, err
}

// fill makes n pairs of keys and values that lie side by side, or at the places that a list names.
func (p *pairLayout) fill(dst, keys unsafe.Pointer, key []int32, vals unsafe.Pointer, n int) {
	p.key.move(dst, p.row.size, nil, keys, p.key.size, key, n)
	p.val.move(unsafe.Add(dst, p.valAt), p.row.size, nil, vals, p.val.size, nil, n)
}
