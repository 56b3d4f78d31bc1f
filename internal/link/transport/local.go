package transport

import (
	"context"
	"fmt"
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// LocalFetcher fetches inside this process: lookup gives the provider that would serve an address, or nil when there is none any more.
// It copies, as a connection does, so that a store never shares its bytes.
func LocalFetcher(lookup func(addr string) Provider) Fetcher { return localFetcher(lookup) }

type localFetcher func(addr string) Provider

// Fetch implements Fetcher.
func (f localFetcher) Fetch(ctx context.Context, addr string, want []ids.BlockID, got func(i int, data []byte, err error)) error {
	return f.FetchInto(ctx, addr, want, nil, got)
}

// FetchInto implements Fetcher.
func (f localFetcher) FetchInto(
	ctx context.Context, addr string, want []ids.BlockID, room func(i int, size int64) []byte, got func(i int, data []byte, err error),
) error {
	for i, id := range want {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		p := f(addr)
		if p == nil {
			return fmt.Errorf("fetching blocks from %s: %w", addr, ErrGone)
		}
		data, err := readLocal(p, id, func(size int64) (data []byte) {
			if room != nil {
				data = room(i, size)
			}
			return data
		})
		if err != nil {
			err = fmt.Errorf("%v at %s: %w", id, addr, err)
		}
		got(i, data, err)
	}
	return nil
}

func readLocal(p Provider, id ids.BlockID, room func(size int64) []byte) ([]byte, error) {
	b, err := p.OpenBlock(id)
	if err != nil {
		return nil, err
	}
	defer b.release()
	size := b.length()
	if size < 0 || size > largestBlock {
		return nil, fmt.Errorf("a block of %d bytes can not travel: %d are the most", size, int64(largestBlock))
	}
	data := room(size)
	if data == nil {
		data = make([]byte, size)
	}
	if err := b.readAt(data, 0); err != nil {
		return nil, err
	}
	if b.Sealed && size > 0 && !sealHolds(data) || b.Sums != nil && !slices.Equal(b.Sums, Sums(data)) {
		return nil, fmt.Errorf("%w: its checksum is wrong", ErrCorruptFrame)
	}
	return data, nil
}
