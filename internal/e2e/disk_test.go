package e2e

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// smallDisk gives the command that runs a program whose directory for temporary files takes little, and what the system then says: a
// disk of eight megabytes in a mount namespace of the program's own, or, where the system gives none, a limit on the size of files.
func smallDisk(dir string) (command, complaint []string) {
	const run = `"$@"; code=$?; find "$dir" -mindepth 1 | sed 's/^/left: /' >&2; exit $code`
	unshare := []string{"unshare", "-m"}
	if os.Getuid() != 0 {
		unshare = []string{"unshare", "-r", "-m"}
	}
	const mount = `dir=$1; shift; mount -t tmpfs -o size=8m tmpfs "$dir" || exit 99; `
	try := append(unshare, "sh", "-c", mount+"true", "sh", dir)
	if exec.Command(try[0], try[1:]...).Run() == nil {
		return append(unshare, "sh", "-c", mount+run, "sh", dir), []string{"no space left on device", "kiln.local.dir"}
	}
	return []string{"sh", "-c", "dir=$1; shift; ulimit -f 512; " + run, "sh", dir}, []string{"file too large"}
}

func TestAFullDiskIsOneClearErrorAndNothingIsLeft(t *testing.T) {
	for _, master := range []string{"local[2]", "local-cluster[2,1,64m]"} {
		dir := shortDir(t)
		command, complaint := smallDisk(dir)
		command = append(command, pipeline(t), "--kiln.local.dir="+dir, "--kiln.executor.memory=64m", "--kiln.io.compression.codec=none", "--kiln.master="+master, "group")
		cmd := exec.Command(command[0], command[1:]...)
		out, err := cmd.CombinedOutput()
		text := string(out)
		if code := cmd.ProcessState.ExitCode(); code != 1 {
			t.Errorf("%s: exit code %d (%v), want 1:\n%s", master, code, err, text)
		}
		for _, word := range append(complaint, dir, "main.go:") {
			if !strings.Contains(text, word) {
				t.Errorf("%s: the error lacks %q:\n%s", master, word, text)
			}
		}
		if strings.Contains(text, "left: ") || strings.Contains(text, "goroutine ") {
			t.Errorf("%s: something is left, or it is a stack:\n%s", master, text)
		}
	}
}
