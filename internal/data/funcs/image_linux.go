//go:build linux && (amd64 || arm64)

package funcs

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

const (
	selfPath = "/proc/self/exe"

	auxEnd   = 0
	auxEntry = 9 // where the kernel placed the entry point of the executable

	maxProgs = 1024 // more program headers than any linker writes
	maxNote  = 64 << 10
)

// whichFile names a file by its place on this machine and its last change.
func whichFile(f *os.File) (string, error) {
	var s syscall.Stat_t
	if err := syscall.Fstat(int(f.Fd()), &s); err != nil {
		return "", err
	}
	return fmt.Sprintf("file:%d/%d of %d bytes, changed %d.%09d", s.Dev, s.Ino, s.Size, s.Ctim.Sec, s.Ctim.Nsec), nil
}

// readSegments finds where the executable lies in memory. The file says where each segment wants to be; the kernel says, in the
// auxiliary vector, where the entry point went; the difference is by how much a position-independent image was moved. No
// symbol table is needed, so stripped images are fine.
func readSegments() (segments, error) {
	f, err := os.Open(selfPath)
	if err != nil {
		return segments{}, fmt.Errorf("functions cannot be referred to: read the running executable: %w", err)
	}
	defer f.Close()
	entry, progs, err := programHeaders(f)
	if err != nil {
		return segments{}, fmt.Errorf("functions cannot be referred to: read the running executable: %w", err)
	}
	placed, err := placedEntry()
	if err != nil {
		return segments{}, fmt.Errorf("functions cannot be referred to: find the running executable in memory: %w", err)
	}
	s := place(progs, uintptr(placed-entry))
	if len(s.code) == 0 || len(s.frozen) == 0 {
		return segments{}, errors.New("functions cannot be referred to: the executable has no read-only data (position-independent programs need RELRO)")
	}
	return s, nil
}

// place moves the loaded segments by slide. What the dynamic linker seals after relocation (RELRO) is as good as read-only:
// position-independent images keep their function values and type descriptors there.
func place(progs []elf.Prog64, slide uintptr) segments {
	var s segments
	first := true
	for _, p := range progs {
		r := span{uintptr(p.Vaddr) + slide, uintptr(p.Vaddr+p.Filesz) + slide}
		flags := elf.ProgFlag(p.Flags)
		switch elf.ProgType(p.Type) {
		case elf.PT_LOAD:
			if first || r.lo < s.base {
				s.base, first = r.lo, false
			}
			if flags&elf.PF_X != 0 {
				s.code = append(s.code, r)
			}
			if flags&elf.PF_R != 0 && flags&elf.PF_W == 0 {
				s.frozen = append(s.frozen, r)
			}
		case elf.PT_GNU_RELRO:
			s.frozen = append(s.frozen, r)
		}
	}
	return s
}

// programHeaders reads no more of the file than its header and the table of segments: debug/elf's own reader would parse all
// sections, which stripped files need not have.
func programHeaders(f io.ReaderAt) (entry uint64, progs []elf.Prog64, err error) {
	var h elf.Header64
	if err := binary.Read(io.NewSectionReader(f, 0, int64(binary.Size(h))), binary.LittleEndian, &h); err != nil {
		return 0, nil, err
	}
	if string(h.Ident[:4]) != elf.ELFMAG || elf.Class(h.Ident[elf.EI_CLASS]) != elf.ELFCLASS64 || elf.Data(h.Ident[elf.EI_DATA]) != elf.ELFDATA2LSB {
		return 0, nil, errors.New("it is not a 64-bit little-endian ELF file")
	}
	size := binary.Size(elf.Prog64{})
	if int(h.Phentsize) != size || h.Phnum == 0 || h.Phnum > maxProgs {
		return 0, nil, fmt.Errorf("its table of %d segments of %d bytes is not one that Linux loads", h.Phnum, h.Phentsize)
	}
	progs = make([]elf.Prog64, h.Phnum)
	table := io.NewSectionReader(f, int64(h.Phoff), int64(size)*int64(h.Phnum))
	if err := binary.Read(table, binary.LittleEndian, progs); err != nil {
		return 0, nil, err
	}
	return h.Entry, progs, nil
}

// placedEntry reads the address of the executable's entry point from the vector that the kernel gave the process.
func placedEntry() (uint64, error) {
	vector, err := os.ReadFile("/proc/self/auxv")
	if err != nil {
		return 0, err
	}
	for ; len(vector) >= 16; vector = vector[16:] {
		switch binary.LittleEndian.Uint64(vector) {
		case auxEnd:
			return 0, errors.New("the kernel did not say where the program starts")
		case auxEntry:
			return binary.LittleEndian.Uint64(vector[8:]), nil
		}
	}
	return 0, errors.New("the kernel's auxiliary vector is cut short")
}

// goBuildID reads the id that the Go linker left in a note of the executable; empty if it left none.
func goBuildID(f io.ReaderAt) string {
	_, progs, err := programHeaders(f)
	if err != nil {
		return ""
	}
	for _, p := range progs {
		if elf.ProgType(p.Type) != elf.PT_NOTE || p.Filesz > maxNote {
			continue
		}
		notes := make([]byte, p.Filesz)
		if _, err := f.ReadAt(notes, int64(p.Off)); err != nil {
			continue
		}
		if id := noteIn(notes); id != "" {
			return id
		}
	}
	return ""
}

// noteIn walks notes: lengths of name and content, a type, the name and the content, each padded to four bytes.
func noteIn(notes []byte) string {
	const goNote = 4
	for len(notes) >= 12 {
		name := int(binary.LittleEndian.Uint32(notes))
		size := int(binary.LittleEndian.Uint32(notes[4:]))
		kind := binary.LittleEndian.Uint32(notes[8:])
		notes = notes[12:]
		padded := (name + 3) &^ 3
		if padded > len(notes) || size > len(notes)-padded {
			return ""
		}
		if kind == goNote && string(notes[:name]) == "Go\x00\x00" {
			return string(notes[padded : padded+size])
		}
		notes = notes[padded+min((size+3)&^3, len(notes)-padded):]
	}
	return ""
}
