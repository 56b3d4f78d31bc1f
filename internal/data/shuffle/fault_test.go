package shuffle

import "testing"

func TestAnAttemptTakesThePlaceOfADamagedOutput(t *testing.T) {
	for name, memory := range map[string]int64{"in memory": 1 << 20, "in a file": -1} {
		st := newStore(t, Config{MemoryEach: memory})
		entries := []entry{{0, "first"}, {2, "second"}}
		write(t, st, 1, 0, 3, &allowance{limit: 1 << 20}, entries...)
		if n, err := st.CorruptSome(5); n != 1 || err != nil {
			t.Fatalf("%s: harmed %d outputs, want 1: %v", name, n, err)
		}
		w := st.NewWriter(1, 0, 3, 77, &allowance{limit: 1 << 20})
		for _, e := range entries {
			if err := w.Append(e.reduce, []byte(e.block)); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := w.Commit(0); err != nil {
			t.Fatal(err)
		}
		out, err := st.lookup(1, 0)
		if err != nil || !st.whole(out) {
			t.Errorf("%s: the damaged output stayed (%v)", name, err)
		}
	}
}

func TestLosingAllOutputsLeavesNone(t *testing.T) {
	st := newStore(t, Config{})
	write(t, st, 1, 0, 1, &allowance{limit: 1 << 20}, entry{0, "a"})
	write(t, st, 2, 3, 1, &allowance{limit: 1 << 20}, entry{0, "b"})
	if n := st.LoseAll(); n != 2 {
		t.Errorf("lost %d outputs, want 2", n)
	}
	if _, err := st.lookup(2, 3); err == nil {
		t.Error("an output is still there")
	}
}
