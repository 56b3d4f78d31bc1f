//go:build linux && (amd64 || arm64)

package funcs

import (
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestSegmentsAgreeWithDebugELF(t *testing.T) {
	raw, err := os.Open(selfPath)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	entry, progs, err := programHeaders(raw)
	if err != nil {
		t.Fatal(err)
	}
	want, err := elf.NewFile(raw)
	if err != nil {
		t.Fatal(err)
	}
	if entry != want.Entry || len(progs) != len(want.Progs) {
		t.Fatalf("entry %#x and %d segments, want %#x and %d", entry, len(progs), want.Entry, len(want.Progs))
	}
	for i, p := range progs {
		w := want.Progs[i]
		if elf.ProgType(p.Type) != w.Type || elf.ProgFlag(p.Flags) != w.Flags || p.Vaddr != w.Vaddr || p.Filesz != w.Filesz || p.Off != w.Off {
			t.Errorf("segment %d: %+v, want %+v", i, p, w.ProgHeader)
		}
	}
}

// TestFrozenBytesAreThoseOfTheFile holds for images that are not moved; in others the loader adjusts addresses.
func TestFrozenBytesAreThoseOfTheFile(t *testing.T) {
	m := loaded(t)
	raw, err := elf.Open(selfPath)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if raw.Type != elf.ET_EXEC {
		return
	}
	for _, p := range raw.Progs {
		if p.Type != elf.PT_LOAD || p.Flags&elf.PF_W != 0 {
			continue
		}
		file := make([]byte, p.Filesz)
		if _, err := p.ReadAt(file, 0); err != nil {
			t.Fatal(err)
		}
		memory, ok := m.readable(uintptr(p.Vaddr), uintptr(p.Filesz))
		if !ok || !bytes.Equal(memory, file) {
			t.Errorf("segment at %#x differs from the file (readable: %v)", p.Vaddr, ok)
		}
	}
}

func TestTheBuildIDIsTheOneThatGoToolReads(t *testing.T) {
	id, err := SelfIdentity()
	if err != nil {
		t.Fatal(err)
	}
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	want, err := exec.CommandContext(t.Context(), "go", "tool", "buildid", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	if id.BuildID == "" || id.BuildID != strings.TrimSpace(string(want)) {
		t.Errorf("got %q, want %q", id.BuildID, want)
	}
}

func TestAFileIsToldFromACopyOfIt(t *testing.T) {
	own, err := SelfFile()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := SelfFile(); err != nil || again != own || !strings.HasPrefix(own.Image, "file:") {
		t.Errorf("got %+v, then %+v, %v", own, again, err)
	}
	program, err := os.ReadFile(selfPath)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "copy")
	if err := os.WriteFile(path, program, 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if copied, err := whichFile(f); err != nil || copied == own.Image {
		t.Errorf("a copy is %q, %v", copied, err)
	}
}

func FuzzProgramHeaders(f *testing.F) {
	file, err := os.Open(selfPath)
	if err != nil {
		f.Fatal(err)
	}
	defer file.Close()
	start := make([]byte, 8192)
	if _, err := file.ReadAt(start, 0); err != nil {
		f.Fatal(err)
	}
	f.Add(start)
	f.Add(start[:64])
	f.Add([]byte("#!/bin/sh"))
	f.Fuzz(func(t *testing.T, src []byte) {
		in := bytes.NewReader(src)
		if _, progs, err := programHeaders(in); err == nil {
			if len(progs) > maxProgs {
				t.Fatalf("%d segments", len(progs))
			}
			place(progs, 0)
		}
		goBuildID(in)
		noteIn(src)
	})
}
