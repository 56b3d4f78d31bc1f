package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// functionsOfType is how many functions one more element type of the wide program may cost the compiler. The methods of RDD[T] alone
// are more than half of them: the compiler makes all of them, with wrappers, for each type that occurs, whether they are called or not.
// What they mention counts too, so it belongs behind a RowType of package op and not into its generic operators.
const functionsOfType = 325

func TestOneMoreElementTypeCostsFewFunctions(t *testing.T) {
	few, more := compiledFunctions(t, 2), compiledFunctions(t, 4)
	if of := (more - few) / 2; of > functionsOfType {
		t.Errorf("one more element type makes the compiler compile %d functions, more than %d", of, functionsOfType)
	}
}

// compiledFunctions counts the functions in the object file of a program over this many element types.
func compiledFunctions(t *testing.T, types int) int {
	t.Helper()
	module, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	scratch := t.TempDir()
	source, object := filepath.Join(scratch, "wide.go"), filepath.Join(scratch, "wide.a")
	// Only a package that is not a program has an object file of its own.
	program := bytes.Replace(wideProgram(types), []byte("package main"), []byte("package wide"), 1)
	if err := os.WriteFile(source, program, 0o600); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(module, "bench", "wide")
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(dir, "wide.go"): source}})
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(scratch, "overlay.json")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	b := build{module: module, scratch: scratch}
	if err := b.goBuild("-overlay", list, "-o", object, dir); err != nil {
		t.Fatal(err)
	}
	symbols, err := exec.Command("go", "tool", "nm", object).Output()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(symbols)) {
		if f := strings.Fields(line); len(f) > 2 && strings.EqualFold(f[1], "t") {
			n++
		}
	}
	return n
}
