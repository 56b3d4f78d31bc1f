package sim

import "time"

// mostSpans is how many spans of time Busy keeps apart.
const mostSpans = 128

// Busy is how many slots were busy, or there, by spans of time of equal length. The spans grow with the time that is to be shown.
type Busy struct {
	Span Time
	area []float64 // slots x time, of each span
	at   Time
}

// until says that so many slots were busy from the last moment until this one.
func (b *Busy) until(now Time, slots int) {
	if b.Span == 0 {
		b.Span = time.Millisecond
	}
	for b.at < now {
		i := int(b.at / b.Span)
		if i >= mostSpans {
			b.merge()
			continue
		}
		for i >= len(b.area) {
			b.area = append(b.area, 0)
		}
		end := min(now, Time(i+1)*b.Span)
		b.area[i] += float64(end-b.at) * float64(slots)
		b.at = end
	}
}

// merge makes the spans twice as long.
func (b *Busy) merge() {
	for i := range (len(b.area) + 1) / 2 {
		sum := b.area[2*i]
		if 2*i+1 < len(b.area) {
			sum += b.area[2*i+1]
		}
		b.area[i] = sum
	}
	b.area = b.area[:(len(b.area)+1)/2]
	b.Span *= 2
}

// Slots gives the mean number of busy slots in each span.
func (b *Busy) Slots() []float64 {
	mean := make([]float64, len(b.area))
	for i, area := range b.area {
		span := min(b.Span, b.at-Time(i)*b.Span)
		mean[i] = area / float64(span)
	}
	return mean
}
