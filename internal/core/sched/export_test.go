package sched

import "testing"

// PlayScript plays a script as TestScripts does, and gives it with the actions that the core takes.
func PlayScript(t *testing.T, script string) string {
	return (&player{t: t, launched: map[string]Launch{}}).play(script)
}
