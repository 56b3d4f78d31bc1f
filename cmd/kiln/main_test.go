package main

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func call(args ...string) (code int, out, errs string) {
	var o, e bytes.Buffer
	code = dispatch(args, &o, &e)
	return code, o.String(), e.String()
}

func TestHelpNamesEveryCommand(t *testing.T) {
	code, out, _ := call("--help")
	for _, c := range commands {
		if code != 0 || !strings.Contains(out, c.name) || !strings.Contains(out, c.help) {
			t.Errorf("%d, %s", code, out)
		}
		if code, out, _ := call(c.name, "--help"); code != 0 || !strings.Contains(out, c.help) {
			t.Errorf("%s: %d, %s", c.name, code, out)
		}
	}
}

func TestMistakesAreUsageErrors(t *testing.T) {
	for _, args := range [][]string{{}, {"vett"}, {"settings", "x"}, {"version", "-o", "xml"}} {
		if code, out, errs := call(args...); code != exitUsage || out != "" || errs == "" {
			t.Errorf("%q: %d, %q, %q", args, code, out, errs)
		}
	}
	if _, _, errs := call("vett"); !strings.Contains(errs, `"vet"`) {
		t.Errorf("no suggestion: %s", errs)
	}
}

func TestVersionIsJSONWhenAsked(t *testing.T) {
	code, out, _ := call("version", "-o", "json")
	var v version
	if err := json.Unmarshal([]byte(out), &v); code != 0 || err != nil || v.Go == "" {
		t.Errorf("%d, %v, %s", code, err, out)
	}
}

// full is a device with no room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestOutputThatCannotBeWrittenIsAFailure(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"version"}, {"version", "-o", "json"}, {"settings"}, {"settings", "-o", "json"}, {"sim", "--help"}, {"sim", "--executors=2", "--tasks=10"}, {"sim", "--seeds=1"}} {
		var errs bytes.Buffer
		if code := dispatch(args, full{}, &errs); code != exitFailed || !strings.Contains(errs.String(), "no space left") {
			t.Errorf("%q: %d, %q", args, code, errs.String())
		}
	}
}

func TestVersionReadsWell(t *testing.T) {
	code, out, _ := call("--version")
	if code != 0 || !strings.HasPrefix(out, "kiln ") || strings.Contains(out, " ,") || strings.Contains(out, "  ") {
		t.Errorf("%d, %q", code, out)
	}
}

func TestSettingsAreJSONWhenAsked(t *testing.T) {
	code, out, _ := call("settings", "-o", "json")
	var all []map[string]string
	if err := json.Unmarshal([]byte(out), &all); code != 0 || err != nil {
		t.Fatalf("%d, %v, %s", code, err, out)
	}
	for _, s := range all {
		if s["key"] == "kiln.locality.wait" && s["kind"] == "duration" && s["default"] == "3s" && s["spark"] == "spark.locality.wait" && s["doc"] != "" {
			return
		}
	}
	t.Error("kiln.locality.wait is not there, or not whole")
}

func TestSettingsAreListed(t *testing.T) {
	if code, out, _ := call("settings"); code != 0 || !strings.Contains(out, "kiln.executor.memory") {
		t.Errorf("%d, %s", code, out)
	}
}

// The examples must be clean under the analyzer, run as users run it.
func TestTheExamplesAreClean(t *testing.T) {
	kiln := filepath.Join(t.TempDir(), "kiln")
	for _, args := range [][]string{
		{"go", "build", "-o", kiln, "."},
		{kiln, "vet", "../../examples/wordcount", "../../examples/kmeans"},
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%q: %v\n%s", args, err, out)
		}
	}
}
