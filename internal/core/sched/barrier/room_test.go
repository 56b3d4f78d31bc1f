package barrier

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

func call(i, try, seq int32, kind task.CallKind) *task.Call {
	return &task.Call{
		Ref: ids.TaskRef{Partition: i, Try: ids.TaskAttempt(try)}, Seq: seq, Kind: kind, Message: fmt.Appendf(nil, "m%d.%d", i, seq),
	}
}

// texts says what replies say, in order.
func texts(replies []task.Reply) string {
	var b strings.Builder
	for _, r := range replies {
		fmt.Fprintf(&b, "%d.%d/%d", r.Ref.Partition, r.Ref.Try, r.Seq)
		if r.Refused != "" {
			b.WriteString(" refused: " + r.Refused)
		}
		for _, m := range r.Messages {
			fmt.Fprintf(&b, " %s", m)
		}
		b.WriteString("; ")
	}
	return b.String()
}

func want(t *testing.T, got []task.Reply, parts ...string) {
	t.Helper()
	text := texts(got)
	if len(got) != len(parts) {
		t.Fatalf("%d replies, want %d: %s", len(got), len(parts), text)
	}
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("replies lack %q: %s", p, text)
		}
	}
}

func TestTheLastOneLetsEverybodyGoOn(t *testing.T) {
	r := New(3, 0)
	want(t, r.Come(0, 1, call(1, 0, 0, task.Meet)))
	want(t, r.Come(0, 0, call(0, 0, 0, task.Meet)))
	want(t, r.Come(0, 2, call(2, 0, 0, task.Meet)), "0.0/0", "1.0/0", "2.0/0")
}

func TestGatherGivesWhatEveryoneSaidByPartitionInEveryRound(t *testing.T) {
	r := New(2, 0)
	for round := range int32(3) {
		want(t, r.Come(0, 1, call(1, 0, round, task.Gather)))
		all := fmt.Sprintf(" m0.%d m1.%d", round, round)
		want(t, r.Come(0, 0, call(0, 0, round, task.Gather)), fmt.Sprintf("0.0/%d%s", round, all), fmt.Sprintf("1.0/%d%s", round, all))
	}
}

func TestADifferentCallFailsTheRound(t *testing.T) {
	r := New(3, 0)
	r.Come(0, 0, call(0, 0, 0, task.Meet))
	r.Come(0, 1, call(1, 0, 0, task.Meet))
	want(t, r.Come(0, 2, call(2, 0, 0, task.Gather)), "0.0/0 refused", "1.0/0 refused", "2.0/0 refused: task 2 called AllGather while others wait in Barrier")
}

func TestWhoEndsIsNotWaitedFor(t *testing.T) {
	r := New(3, 0)
	r.Come(0, 0, call(0, 0, 0, task.Meet))
	want(t, r.Leave(2), "0.0/0 refused: a task of the barrier stage (the one in place 2) has ended")
	want(t, r.Come(0, 1, call(1, 0, 0, task.Meet)), "1.0/0 refused")
}

func TestARoundEndsWithItsTime(t *testing.T) {
	r := New(2, time.Minute)
	if _, ok := r.Wake(); ok {
		t.Error("nobody waits, and the room wants to be woken")
	}
	r.Come(time.Second, 0, call(0, 0, 0, task.Gather))
	if at, ok := r.Wake(); !ok || at != 61*time.Second {
		t.Errorf("wakes at %v, %v", at, ok)
	}
	want(t, r.Expire(60*time.Second))
	want(t, r.Expire(61*time.Second), "0.0/0 refused: only 1 of 2 tasks called AllGather within 1m0s")
	want(t, r.Expire(time.Hour))
}

func TestACallThatComesTwiceCountsOnceAndANewAttemptTakesItsPlace(t *testing.T) {
	r := New(2, 0)
	r.Come(0, 0, call(0, 0, 0, task.Meet))
	want(t, r.Come(0, 0, call(0, 0, 0, task.Meet)))
	want(t, r.Come(0, 0, call(0, 1, 0, task.Meet)))
	want(t, r.Come(0, 1, call(1, 0, 0, task.Meet)), "0.1/0", "1.0/0")
}

func TestACallThatComesAgainAfterItsAnswerIsNoCall(t *testing.T) {
	r := New(2, 0)
	r.Come(0, 0, call(0, 0, 0, task.Meet))
	want(t, r.Come(0, 1, call(1, 0, 0, task.Meet)), "0.0/0", "1.0/0")
	want(t, r.Come(0, 0, call(0, 0, 0, task.Meet)))
	want(t, r.Come(0, 1, call(1, 0, 1, task.Meet)))
	want(t, r.Come(0, 0, call(0, 0, 1, task.Meet)), "0.0/1", "1.0/1")
}

// TestNobodyWaitsForNothing: whatever happens, each call is answered once at most, and all are once every task has ended.
func TestNobodyWaitsForNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int32Range(1, 5).Draw(t, "tasks")
		r := New(int(n), time.Duration(rapid.IntRange(0, 3).Draw(t, "patience"))*time.Second)
		now, open, seq := Time(0), map[string]bool{}, int32(0)
		take := func(replies []task.Reply) {
			for _, p := range replies {
				key := fmt.Sprint(p.Ref, p.Seq)
				if !open[key] {
					t.Fatalf("%s was answered, and nobody waits for that", key)
				}
				delete(open, key)
			}
		}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			now += time.Duration(rapid.IntRange(0, 2).Draw(t, "time")) * time.Second
			i := rapid.Int32Range(0, n-1).Draw(t, "task")
			switch what := rapid.IntRange(0, 9).Draw(t, "what"); {
			case what == 0:
				take(r.Leave(i))
				for key := range open {
					if strings.HasPrefix(key, fmt.Sprint(ids.TaskRef{Partition: i})) {
						delete(open, key) // it has ended: nobody is there to be answered
					}
				}
			case what == 1:
				take(r.Expire(now))
			default:
				seq++
				c := call(i, 0, seq, rapid.SampledFrom([]task.CallKind{task.Meet, task.Meet, task.Meet, task.Gather}).Draw(t, "kind"))
				for key := range open { // a task waits in one call at a time
					if strings.HasPrefix(key, fmt.Sprint(c.Ref)) {
						delete(open, key)
					}
				}
				open[fmt.Sprint(c.Ref, c.Seq)] = true
				take(r.Come(now, i, c))
			}
		}
		for i := range n {
			for key := range open {
				if strings.HasPrefix(key, fmt.Sprint(ids.TaskRef{Partition: i})) {
					delete(open, key)
				}
			}
			take(r.Leave(i))
		}
		if len(open) > 0 {
			t.Fatalf("nobody answered %v", open)
		}
	})
}
