package hand

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/kilnproject/kiln/bench/data"
)

// entry stands for a record while sorting: the first eight bytes of its key, and which record it is.
type entry struct {
	prefix uint64
	record uint32
}

// Sort reads all records into memory, sorts entries of them, and writes them to 16 files. With more threads each one sorts the records
// between two keys. What it wrote is checked by [data.Sorted], outside the timing.
func Sort(in data.Input, threads int) (data.Result, error) {
	path, err := in.RecordFile()
	if err != nil {
		return data.Result{}, err
	}
	records, err := os.ReadFile(path)
	if err != nil {
		return data.Result{}, err
	}
	entries := entriesOf(records)
	parts := byKeyRange(entries, threads)
	errs := make([]error, threads)
	each(threads, func(thread int) {
		sortEntries(parts[thread], records)
		first, last := cut(data.Partitions, thread, threads), cut(data.Partitions, thread+1, threads)
		errs[thread] = writeFiles(in.Output, records, parts[thread], int(first), int(last))
	})
	return data.Result{}, errors.Join(errs...)
}

func entriesOf(records []byte) []entry {
	entries := make([]entry, len(records)/data.RecordLength)
	for i := range entries {
		entries[i] = entry{binary.BigEndian.Uint64(records[i*data.RecordLength:]), uint32(i)}
	}
	return entries
}

// byKeyRange deals the entries out, one slice per thread, at keys that a sample says cut them evenly.
func byKeyRange(entries []entry, threads int) [][]entry {
	if threads == 1 {
		return [][]entry{entries}
	}
	var sample []uint64
	for i := 0; i < len(entries); i += len(entries)/1000 + 1 {
		sample = append(sample, entries[i].prefix)
	}
	slices.Sort(sample)
	parts := make([][]entry, threads)
	for _, e := range entries {
		at, _ := slices.BinarySearch(sample, e.prefix)
		thread := min(at*threads/len(sample), threads-1)
		parts[thread] = append(parts[thread], e)
	}
	return parts
}

func sortEntries(entries []entry, records []byte) {
	slices.SortFunc(entries, func(a, b entry) int {
		if c := cmp.Compare(a.prefix, b.prefix); c != 0 {
			return c
		}
		return bytes.Compare(key(records, a), key(records, b))
	})
}

func key(records []byte, e entry) []byte {
	at := int(e.record) * data.RecordLength
	return records[at : at+data.KeyLength]
}

// writeFiles writes the records of sorted entries to files first to last-1.
func writeFiles(dir string, records []byte, entries []entry, first, last int) error {
	for file := first; file < last; file++ {
		part := entries[cut(int64(len(entries)), file-first, last-first):cut(int64(len(entries)), file-first+1, last-first)]
		if err := writeFile(filepath.Join(dir, fmt.Sprintf("part-%05d", file)), records, part); err != nil {
			return err
		}
	}
	return nil
}

func writeFile(path string, records []byte, entries []entry) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	out := bufio.NewWriterSize(f, 1<<20)
	for _, e := range entries {
		at := int(e.record) * data.RecordLength
		if _, err := out.Write(records[at : at+data.RecordLength]); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return f.Close()
}
