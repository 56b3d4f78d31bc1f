package host

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// script writes a program and gives its path.
func script(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "discover.sh")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDiscoverGivesWhatAScriptPrints(t *testing.T) {
	got, err := Discover(t.Context(), "gpu", script(t, `echo '{"name": "gpu", "addresses": ["0", "1"], "more": {}}'`))
	if err != nil || !slices.Equal(got, []string{"0", "1"}) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestDiscoverSaysWhatIsWrongWithAScript(t *testing.T) {
	for want, body := range map[string]string{
		"exit status 3: no such device":  "echo no such device >&2; exit 3",
		"it printed more than":           "head -c 2000000 /dev/zero",
		"it printed something else than": "echo 0 1",
		`its "name" is not "gpu"`:        `echo '{"name": "fpga", "addresses": ["0"]}'`,
		"there is no address":            `echo '{"name": "gpu"}'`,
	} {
		if got, err := Discover(t.Context(), "gpu", script(t, body)); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "discover resource gpu with /") {
			t.Errorf("%s: %v, %v, want %q", body, got, err, want)
		}
	}
	if _, err := Discover(t.Context(), "gpu", "/no/such/file"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func TestDiscoverEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	if _, err := Discover(ctx, "gpu", script(t, "sleep 1000")); err == nil || !strings.Contains(err.Error(), "enough") {
		t.Error(err)
	}
}

func TestParseDiscoveryRefusesWhatIsSenseless(t *testing.T) {
	for want, text := range map[string]string{
		"comes twice":     `{"name": "gpu", "addresses": ["0", "1", "0"]}`,
		"is empty":        `{"name": "gpu", "addresses": ["0", ""]}`,
		"is longer than":  `{"name": "gpu", "addresses": ["` + strings.Repeat("x", 2000) + `"]}`,
		"something else":  `{"name": "gpu", "addresses": [0]}`,
		"something else ": ``,
	} {
		if got, err := ParseDiscovery("gpu", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v, want %q", text, got, err, want)
		}
	}
}

func FuzzParseDiscovery(f *testing.F) {
	f.Add([]byte(`{"name": "gpu", "addresses": ["0", "1"]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := ParseDiscovery("gpu", text)
		if err == nil && CheckAddresses(list) != nil {
			t.Errorf("%q gives %q", text, list)
		}
	})
}
