package op

// loserTree finds the least of several runs again and again, with one comparison for each doubling of their number. Runs are
// compared by prefixes and, where these tie, by tie; run i goes before run j > i when they are equal.
type loserTree struct {
	nodes  []int32 // nodes[0] is the winner; the others hold who lost there
	prefix []uint64
	done   []bool
	tie    func(a, b int) int // nil when prefixes say everything
}

func newLoserTree(runs int, tie func(a, b int) int) *loserTree {
	return &loserTree{nodes: make([]int32, max(runs, 1)), prefix: make([]uint64, runs), done: make([]bool, runs), tie: tie}
}

// build plays all matches; prefix and done are set.
func (t *loserTree) build() {
	n := len(t.prefix)
	winners := make([]int32, 2*n)
	for i := range n {
		winners[n+i] = int32(i)
	}
	for at := n - 1; at > 0; at-- {
		a, b := winners[2*at], winners[2*at+1]
		if t.less(b, a) {
			a, b = b, a
		}
		winners[at], t.nodes[at] = a, b
	}
	if n > 1 {
		t.nodes[0] = winners[1]
	}
}

// top is the run with the least row; ok is false when all runs are done.
func (t *loserTree) top() (run int, ok bool) {
	run = int(t.nodes[0])
	return run, len(t.done) > 0 && !t.done[run]
}

// fix plays the matches of the winner again, after its prefix or done changed.
func (t *loserTree) fix() {
	winner := t.nodes[0]
	for at := (int(winner) + len(t.prefix)) / 2; at > 0; at /= 2 {
		if t.less(t.nodes[at], winner) {
			winner, t.nodes[at] = t.nodes[at], winner
		}
	}
	t.nodes[0] = winner
}

func (t *loserTree) less(a, b int32) bool {
	if t.done[a] || t.done[b] {
		return !t.done[a] || t.done[b] && a < b
	}
	if pa, pb := t.prefix[a], t.prefix[b]; pa != pb {
		return pa < pb
	}
	if t.tie != nil {
		if c := t.tie(int(a), int(b)); c != 0 {
			return c < 0
		}
	}
	return a < b
}
