package executor

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/data/block"
	"github.com/kilnproject/kiln/internal/link/transport"
)

func TestRowsAreEncodedForFewOthersAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, err := New(Config{Slots: 1, Memory: 1 << 20, Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		fails := errors.New("cannot be encoded")
		for p, encode := range []func(io.Writer) error{
			func(w io.Writer) error { _, err := w.Write([]byte("rows")); return err },
			func(io.Writer) error { return fails },
		} {
			if stored, err := e.blocks.Put(ids.RDD(7, p), block.Value{Rows: []int{p}, Size: 8, Encode: encode}, block.MemoryOnly); !stored || err != nil {
				t.Fatal(stored, err)
			}
		}
		for range 2 * mostEncoded { // what fails holds up nobody
			if _, err := e.Blocks().OpenBlock(ids.RDD(7, 1)); !errors.Is(err, fails) {
				t.Fatalf("got %v", err)
			}
		}
		opened := make(chan transport.Block)
		for range mostEncoded + 2 {
			go func() {
				if b, err := e.Blocks().OpenBlock(ids.RDD(7, 0)); err == nil && string(b.Data) == "rows" {
					opened <- b
				}
			}()
		}
		sent := <-opened
		for range mostEncoded - 1 {
			<-opened
		}
		synctest.Wait()
		select {
		case <-opened:
			t.Fatal("one more was encoded")
		default:
		}
		sent.Release()
		<-opened
		e.cancel(context.Canceled)
		synctest.Wait() // nobody waits for an executor that ends
	})
}
