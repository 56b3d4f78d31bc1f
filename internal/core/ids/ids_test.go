package ids

import "testing"

func TestBlockIDReadsBackWhatItPrints(t *testing.T) {
	for _, id := range []BlockID{RDD(3, 7), Shuffle(0, 1, 2), Segment(0, 1, 2, 3), Segment(1<<31-1, 1<<31-1, 7, 1<<31-1), Broadcast(4, 9), Result(1 << 40), Inputs(StageRef{Stage: 5, Attempt: 1}), Place(Broadcast(4, 9), 12), Place(Inputs(StageRef{Stage: 5, Attempt: 1}), Driver)} {
		got, err := ParseBlock(id.String())
		if err != nil || got != id {
			t.Errorf("%v: got %v, %v", id, got, err)
		}
	}
}

func TestParseBlockRefusesOtherForms(t *testing.T) {
	for _, s := range []string{"", "rdd_", "rdd_1", "rdd_1_2_3", "rdd_-1_2", "rdd_01_2", "shuffle_1_2", "shuffle_1_2_3_piece", "shuffle_1_2_3_piece-1", "shuffle_1_2_3_piece01", "shuffle_1_2_piece3", "shuffle_4294967297_2_3_piece4", "broadcast_1", "broadcast_1_2", "taskresult_x", "inputs_1", "other_1_2", "place_", "place_broadcast_4_piece9", "place_broadcast_4_piece9_x", "place_broadcast_4_piece9_01", "place_place_rdd_1_2_3_4", "shuffle_1_2_99999999999"} {
		if got, err := ParseBlock(s); err == nil {
			t.Errorf("%q was read as %v", s, got)
		}
	}
}

func FuzzParseBlock(f *testing.F) {
	f.Add("rdd_1_2")
	f.Add("shuffle_1_2_3")
	f.Add("inputs_1_2")
	f.Add("shuffle_1_2_3_piece4")
	f.Fuzz(func(t *testing.T, s string) {
		if id, err := ParseBlock(s); err == nil && id.String() != s {
			t.Fatalf("%q was read as %v", s, id)
		}
	})
}

func TestAPieceOfASegmentSaysOfWhich(t *testing.T) {
	if of, piece, ok := Segment(7, 1, 2, 3).AsSegment(); !ok || of != Shuffle(7, 1, 2) || piece != 3 {
		t.Errorf("got piece %d of %v, %v", piece, of, ok)
	}
	if _, _, ok := Shuffle(7, 1, 2).AsSegment(); ok {
		t.Error("a whole segment is taken for a piece")
	}
}

func TestAPlaceIsOfOneBlockForOneExecutor(t *testing.T) {
	b := Broadcast(4, 9)
	if of, asker, ok := Place(b, 7).AsPlace(); !ok || of != b || asker != 7 {
		t.Errorf("got %v for %v, %v", of, asker, ok)
	}
	if _, _, ok := b.AsPlace(); ok {
		t.Errorf("%v is taken for a place", b)
	}
	if Place(b, 7) == b || Place(b, 7) == Place(b, 8) {
		t.Error("two blocks have one name")
	}
}
