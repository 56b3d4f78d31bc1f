package funcs

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
)

// Identity says which image a process runs. References made in one process mean the same in another only if both identities
// are equal. It is a plain value, comparable and fit for messages.
type Identity struct {
	SHA256       string // of the executable file, in hex
	BuildID      string // Go build id; empty if the linker was told to leave it out
	GOOS, GOARCH string
}

// SelfIdentity gives the identity of this process. The first call reads the whole executable; later calls are free. It stays right
// when the file on disk is replaced meanwhile. Safe for concurrent use.
func SelfIdentity() (Identity, error) { return selfIdentity() }

var selfIdentity = sync.OnceValues(func() (Identity, error) {
	path := selfPath
	if path == "" {
		var err error
		if path, err = os.Executable(); err != nil {
			return Identity{}, fmt.Errorf("identify the running program: %w", err)
		}
	}
	f, err := os.Open(path)
	if err != nil {
		return Identity{}, fmt.Errorf("identify the running program: %w", err)
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return Identity{}, fmt.Errorf("identify the running program: %w", err)
	}
	return Identity{
		SHA256:  hex.EncodeToString(sum.Sum(nil)),
		BuildID: goBuildID(f),
		GOOS:    runtime.GOOS,
		GOARCH:  runtime.GOARCH,
	}, nil
})

// Check gives an error of one line that names both images when b is not the same program as a; a is the one who asks.
func (a Identity) Check(b Identity) error {
	if a == b {
		return nil
	}
	return fmt.Errorf("different programs: this process runs %v, the other runs %v; driver and executors must run the same executable", a, b)
}

// String names the image briefly.
func (a Identity) String() string {
	return fmt.Sprintf("%s/%s image %s (Go build id %s)", orNone(a.GOOS), orNone(a.GOARCH), orNone(short(a.SHA256)), orNone(short(a.BuildID)))
}

func short(s string) string { return s[:min(12, len(s))] }

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
