package replay

import (
	"testing"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/task"
)

func TestOfWhatTasksAskOnlyRefusalsAreTold(t *testing.T) {
	ref := ids.TaskRef{StageRef: ids.StageRef{Stage: 3}, Partition: 2}
	if words := wordsOfEvent(sched.TaskCalled{Executor: 1, Call: task.Call{Ref: ref, Kind: task.Commit}}); words != "" {
		t.Errorf("a call: %s", words)
	}
	for refused, want := range map[string]string{
		"":                              "",
		"another attempt may, task 2.1": "-> what task 2.0 in stage 3.0 on executor 1 asks for is refused: another attempt may, task 2.1",
	} {
		if words := wordsOfAction(sched.AnswerCall{Executor: 1, Reply: task.Reply{Ref: ref, Refused: refused}}); words != want {
			t.Errorf("%q instead of %q", words, want)
		}
	}
}

func TestCopiesAreTold(t *testing.T) {
	for _, c := range []struct{ words, want string }{
		{wordsOfAction(sched.CopyBlock{Executor: 1, Copy: task.Copy{Block: ids.Output(3, 4, 0), From: task.Location{Executor: 2}}}), "-> executor 1 is to copy map output 4 of shuffle 3 from executor 2"},
		{wordsOfAction(sched.CopyBlock{Executor: 1, Copy: task.Copy{Block: ids.RDD(3, 4), From: task.Location{Executor: 2}}}), "-> executor 1 is to copy cached partition 4 of RDD 3 from executor 2"},
		{wordsOfEvent(sched.CopyEnded{Executor: 1, Copied: task.Copied{Block: ids.Output(3, 4, 0), From: 2}}), "executor 1 has a copy of map output 4 of shuffle 3, taken from executor 2"},
		{wordsOfEvent(sched.CopyEnded{Executor: 1, Copied: task.Copied{Block: ids.RDD(3, 4), From: 2, Error: "there is no room"}}), "executor 1 could not copy cached partition 4 of RDD 3 from executor 2: there is no room"},
	} {
		if c.words != c.want {
			t.Errorf("%q instead of %q", c.words, c.want)
		}
	}
}
