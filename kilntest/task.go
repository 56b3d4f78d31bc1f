package kilntest

// Task is what switches may know of a task attempt that is about to run.
type Task struct {
	Executor     int    // where it runs
	Job          string // the job's description, as kiln.WithJobGroup gave it
	Group        string // the job's group
	Stage        int
	StageAttempt int
	Partition    int
	Attempt      int  // of this task, from zero
	Writes       bool // it writes map outputs of a shuffle; else it gives a result
	Reads        bool // it reads map outputs of a shuffle
}

// Match chooses tasks.
type Match func(Task) bool

// AnyTask matches every task.
func AnyTask(Task) bool { return true }

// MapTasks matches the tasks that write map outputs.
func MapTasks(t Task) bool { return t.Writes }

// ReduceTasks matches the tasks that read map outputs.
func ReduceTasks(t Task) bool { return t.Reads }

// ResultTasks matches the tasks that answer an action.
func ResultTasks(t Task) bool { return !t.Writes }

// Partition matches the tasks of one partition.
func Partition(n int) Match { return func(t Task) bool { return t.Partition == n } }

// On matches the tasks of one executor.
func On(executor int) Match { return func(t Task) bool { return t.Executor == executor } }

// Both matches what all of the given matches match.
func Both(all ...Match) Match {
	return func(t Task) bool {
		for _, m := range all {
			if !m(t) {
				return false
			}
		}
		return true
	}
}
