package pool

import (
	"container/heap"
	"iter"
)

// line is items in a binary heap that know their places in it: the first one is at hand, and an item that changes is moved in
// logarithmic time.
type line[T comparable] struct {
	items  []T
	before func(a, b T) bool // a total order
	place  func(T) *int32    // where an item keeps its place; absent when it is not in line
}

// absent is the place of an item that is not in line.
const absent = -1

// Len is part of heap.Interface.
func (l *line[T]) Len() int { return len(l.items) }

// Less is part of heap.Interface.
func (l *line[T]) Less(i, j int) bool { return l.before(l.items[i], l.items[j]) }

// Swap is part of heap.Interface.
func (l *line[T]) Swap(i, j int) {
	l.items[i], l.items[j] = l.items[j], l.items[i]
	*l.place(l.items[i]), *l.place(l.items[j]) = int32(i), int32(j)
}

// Push is part of heap.Interface.
func (l *line[T]) Push(x any) {
	item := x.(T)
	*l.place(item) = int32(len(l.items))
	l.items = append(l.items, item)
}

// Pop is part of heap.Interface.
func (l *line[T]) Pop() any {
	last := len(l.items) - 1
	item := l.items[last]
	var none T
	l.items[last] = none
	l.items = l.items[:last]
	*l.place(item) = absent
	return item
}

// add puts an item in line, if it is not there.
func (l *line[T]) add(item T) {
	if *l.place(item) == absent {
		heap.Push(l, item)
	}
}

// remove takes an item out of line, if it is there.
func (l *line[T]) remove(item T) {
	if at := *l.place(item); at != absent {
		heap.Remove(l, int(at))
	}
}

// moved says that an item may have another place in the order now.
func (l *line[T]) moved(item T) {
	if at := *l.place(item); at != absent {
		heap.Fix(l, int(at))
	}
}

// all gives the items in order. Who stops after k of them pays for about k only: in a heap nothing is before what stands above
// it, so only the children of what was given need to be compared.
func (l *line[T]) all() iter.Seq[T] {
	return func(yield func(T) bool) {
		if len(l.items) == 0 || !yield(l.items[0]) {
			return
		}
		next := &frontier[T]{line: l}
		for at := int32(0); ; at = heap.Pop(next).(int32) {
			for child := 2*at + 1; child <= 2*at+2 && int(child) < len(l.items); child++ {
				heap.Push(next, child)
			}
			if len(next.at) == 0 || !yield(l.items[next.at[0]]) {
				return
			}
		}
	}
}

// frontier is places in a line of which the first is next.
type frontier[T comparable] struct {
	line *line[T]
	at   []int32
}

// Len is part of heap.Interface.
func (f *frontier[T]) Len() int { return len(f.at) }

// Less is part of heap.Interface.
func (f *frontier[T]) Less(i, j int) bool { return f.line.Less(int(f.at[i]), int(f.at[j])) }

// Swap is part of heap.Interface.
func (f *frontier[T]) Swap(i, j int) { f.at[i], f.at[j] = f.at[j], f.at[i] }

// Push is part of heap.Interface.
func (f *frontier[T]) Push(x any) { f.at = append(f.at, x.(int32)) }

// Pop is part of heap.Interface.
func (f *frontier[T]) Pop() any {
	last := len(f.at) - 1
	at := f.at[last]
	f.at = f.at[:last]
	return at
}
