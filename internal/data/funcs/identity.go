package funcs

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
)

// Identity says which image a process runs. References made in one process mean the same in another only if both identities
// are equal. It is a plain value, comparable and fit for messages.
type Identity struct {
	Image        string // the executable: "sha256:" and its hash in hex, or "file:" and which file of this machine it is
	BuildID      string // Go build id; empty if the linker was told to leave it out
	GOOS, GOARCH string
}

// SelfIdentity gives the identity of this process by the hash of its executable. The first call reads all of it; later calls are
// free. It stays right when the file on disk is replaced meanwhile. Safe for concurrent use.
func SelfIdentity() (Identity, error) { return selfIdentity() }

var selfIdentity = sync.OnceValues(func() (Identity, error) {
	return identify(func(f *os.File) (string, error) {
		sum := sha256.New()
		_, err := io.Copy(sum, f)
		return "sha256:" + hex.EncodeToString(sum.Sum(nil)), err
	})
})

// SelfFile gives the identity of this process as other processes on this machine can tell it: by the very file that it runs, which
// nobody can write to meanwhile. That takes no time.
func SelfFile() (Identity, error) { return identify(whichFile) }

// identify reads the executable of this process.
func identify(image func(*os.File) (string, error)) (Identity, error) {
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
	name, err := image(f)
	if err != nil {
		return Identity{}, fmt.Errorf("identify the running program: %w", err)
	}
	return Identity{Image: name, BuildID: goBuildID(f), GOOS: runtime.GOOS, GOARCH: runtime.GOARCH}, nil
}

// Check gives an error of one line that names both images when b is not the same program as a; a is the one who asks.
func (a Identity) Check(b Identity) error {
	if a == b {
		return nil
	}
	return fmt.Errorf("different programs: this process runs %v, the other runs %v; driver and executors must run the same executable", a, b)
}

// String names the image briefly.
func (a Identity) String() string {
	return fmt.Sprintf("%s/%s image %s (Go build id %s)", orNone(a.GOOS), orNone(a.GOARCH), orNone(a.shortImage()), orNone(short(a.BuildID)))
}

// shortImage is enough of Image for people to tell two apart.
func (a Identity) shortImage() string {
	if hash, ok := strings.CutPrefix(a.Image, "sha256:"); ok {
		return short(hash)
	}
	return a.Image
}

func short(s string) string { return s[:min(12, len(s))] }

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
