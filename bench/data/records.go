package data

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// RecordFile is a file of [Input.Records] records in random order, made when it is not there.
func (in Input) RecordFile() (string, error) {
	path := in.path("records.txt")
	return path, once(path, func(w io.Writer) error {
		record := make([]byte, RecordLength)
		for i := range in.Records() {
			in.fillRecord(record, uint64(i))
			if _, err := w.Write(record); err != nil {
				return err
			}
		}
		return nil
	})
}

// fillRecord writes record i: a random key, then letters that follow from it.
func (in Input) fillRecord(record []byte, i uint64) {
	const letters = 94 // printable ASCII without the space
	h := random(in.Seed, streamRecord, i)
	for at := 0; at < RecordLength-1; at++ {
		if at%KeyLength == 0 {
			h = Mix(h + golden)
		}
		record[at] = byte('!' + below(h, letters))
		h = h<<6 | h>>58
	}
	record[RecordLength-1] = '\n'
}

// Records is the checksum of the records of one file, in any order: what a sort of it must have too.
func Records(path string) (Result, error) {
	var r Result
	err := eachRecord(path, func(record []byte) error {
		r.Rows++
		r.Checksum += SumOfRecord(record)
		return nil
	})
	return r, err
}

// Sorted reads the files that a sort left in dir, one after another in the order of their names, and checks that together they are in
// the order of their keys. Names that begin with '.' or '_' are left out. That they hold the records of the input is for the caller to
// compare, with [Records].
func Sorted(dir string) (Result, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return Result{}, err
	}
	var all Result
	last := make([]byte, KeyLength)
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") || strings.HasPrefix(entry.Name(), "_") || entry.IsDir() {
			continue
		}
		path := filepath.Join(dir, entry.Name())
		err := eachRecord(path, func(record []byte) error {
			if bytes.Compare(last, record[:KeyLength]) > 0 {
				return fmt.Errorf("%s: record %d of the output has key %q after %q", path, all.Rows, record[:KeyLength], last)
			}
			copy(last, record)
			all.Rows++
			all.Checksum += SumOfRecord(record)
			return nil
		})
		if err != nil {
			return Result{}, err
		}
	}
	return all, nil
}

// eachRecord calls visit with the records of a file; the slice is only valid during the call.
func eachRecord(path string, visit func(record []byte) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 1<<20)
	record := make([]byte, RecordLength)
	for {
		switch _, err := io.ReadFull(in, record); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("%s: the last record is cut off: %w", path, err)
		}
		if err := visit(record); err != nil {
			return err
		}
	}
}
