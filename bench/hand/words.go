package hand

import (
	"bufio"
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/kilnproject/kiln/bench/data"
)

// longestLine bounds what the scanner of the word count buffers, in bytes.
const longestLine = 16 << 20

// counted is a word and how often it occurs.
type counted struct {
	word  string
	count int64
}

// WordCount counts the words of all files and answers the most frequent ones, ties by the word.
func WordCount(in data.Input, threads int) (data.Result, error) {
	dir, err := in.Words()
	if err != nil {
		return data.Result{}, err
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return data.Result{}, err
	}
	counts, errs := make([]map[string]*int64, threads), make([]error, threads)
	var next atomic.Int64
	each(threads, func(thread int) {
		counts[thread] = make(map[string]*int64)
		for i := next.Add(1) - 1; i < int64(len(paths)) && errs[thread] == nil; i = next.Add(1) - 1 {
			errs[thread] = countFile(paths[i], counts[thread])
		}
	})
	for _, err := range errs {
		if err != nil {
			return data.Result{}, err
		}
	}
	for _, more := range counts[1:] {
		for word, n := range more {
			count(counts[0], word, *n)
		}
	}
	return top(counts[0]), nil
}

// countFile adds the words of one file to counts.
func countFile(path string, counts map[string]*int64) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		for _, word := range strings.Fields(lines.Text()) {
			count(counts, word, 1)
		}
	}
	return lines.Err()
}

// count adds n to a word. The map keeps a clone, because a word aliases its line.
func count(counts map[string]*int64, word string, n int64) {
	if c := counts[word]; c != nil {
		*c += n
		return
	}
	c := new(int64)
	*c = n
	counts[strings.Clone(word)] = c
}

// top answers the most frequent words.
func top(counts map[string]*int64) (r data.Result) {
	all := make([]counted, 0, len(counts))
	for word, n := range counts {
		all = append(all, counted{word, *n})
	}
	slices.SortFunc(all, func(a, b counted) int {
		return cmp.Or(cmp.Compare(b.count, a.count), strings.Compare(a.word, b.word))
	})
	for _, c := range all[:min(data.TopWords, len(all))] {
		r.Rows++
		r.Checksum += data.SumOfWord(c.word, c.count)
	}
	return r
}
