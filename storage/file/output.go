package file

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/kilnproject/kiln/storage"
)

// output grows beside its place, in the directory staging: one directory for each attempt, and "out" once the winners are known.
type output struct {
	target    string // absolute; a symbolic link is followed, so that the rename replaces the directory and not the link
	staging   string
	overwrite bool
	parents   []string // directories that Create made, outermost first
}

const stagingPrefix = "_temporary."

// Create implements [storage.FS].
func (FS) Create(ctx context.Context, dir string, overwrite bool) (storage.Output, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	target, err := absolute("write", dir)
	if err != nil {
		return nil, err
	}
	if target, err = free(target, overwrite); err != nil {
		return nil, err
	}
	o := &output{target: target, overwrite: overwrite}
	o.staging = filepath.Join(filepath.Dir(target), stagingName(filepath.Base(target)))
	if o.parents, err = makeParents(filepath.Dir(target)); err == nil {
		err = os.Mkdir(o.staging, 0o777)
	}
	if err != nil {
		o.removeParents()
		return nil, failed("write", dir, err)
	}
	return o, nil
}

// free refuses a target that must not be replaced, and gives the directory behind symbolic links.
func free(target string, overwrite bool) (string, error) {
	info, err := os.Stat(target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Lstat(target); err == nil {
			return "", &storage.Error{Op: "write", Path: target, Err: fmt.Errorf("a symbolic link that leads nowhere is there: %w", fs.ErrExist)}
		}
		return target, nil
	case err != nil:
		return "", failed("write", target, err)
	case !info.IsDir():
		return "", &storage.Error{Op: "write", Path: target, Err: fmt.Errorf("a file is there: %w", fs.ErrExist), Hint: "the output is a directory; choose another path"}
	case !overwrite:
		return "", &storage.Error{Op: "write", Path: target, Err: fmt.Errorf("the directory is there already: %w", fs.ErrExist), Hint: "remove it, choose another path, or ask to overwrite it"}
	}
	real, err := filepath.EvalSymlinks(target)
	if err == nil && real == "/" {
		err = errors.New("the root directory cannot be replaced")
	}
	return real, failed("write", target, err)
}

// stagingName is hidden, tells people what it belongs to, and is not used twice.
func stagingName(base string) string {
	var id [8]byte
	rand.Read(id[:]) // never fails
	return stagingPrefix + base[:min(len(base), 128)] + "." + hex.EncodeToString(id[:])
}

// makeParents makes dir and gives the directories that were missing, also when it fails half-way.
func makeParents(dir string) (made []string, err error) {
	var missing []string
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Stat(d); err == nil || !errors.Is(err, fs.ErrNotExist) {
			break
		}
		missing = append(missing, d)
	}
	for i := len(missing) - 1; i >= 0; i-- {
		switch err := os.Mkdir(missing[i], 0o777); {
		case err == nil:
			made = append(made, missing[i])
		case !errors.Is(err, fs.ErrExist): // another job may have made it meanwhile
			return made, err
		}
	}
	return made, nil
}

// removeParents removes the directories that Create made and that are still empty.
func (o *output) removeParents() {
	for i := len(o.parents) - 1; i >= 0; i-- {
		if os.Remove(o.parents[i]) != nil {
			return
		}
	}
}

// Token is the staging directory.
func (o *output) Token() string { return o.staging }

// Commit implements [storage.Output].
func (o *output) Commit(ctx context.Context, receipts []string) error {
	err := o.gather(ctx, receipts)
	if err == nil {
		err = o.publish()
	}
	if err != nil {
		return errors.Join(failed("commit", o.target, err), o.Abort(ctx))
	}
	o.clear() // the output stands: what cannot be removed of the rest is hidden and no reason to call it failed
	return nil
}

// gather moves the parts of the winners into "out".
func (o *output) gather(ctx context.Context, receipts []string) error {
	out := o.staged("out")
	if err := os.Mkdir(out, 0o777); err != nil {
		return err
	}
	seen := make(map[string]string)
	for _, receipt := range receipts {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		name, parts, err := readReceipt(receipt)
		if err != nil {
			return err
		}
		for _, part := range parts {
			if first, twice := seen[part]; twice {
				return fmt.Errorf("attempts %s and %s both made %s", first, name, part)
			}
			seen[part] = name
			if err := os.Rename(filepath.Join(o.attempt(name), part), filepath.Join(out, part)); err != nil {
				return err
			}
		}
	}
	if err := os.WriteFile(filepath.Join(out, storage.Success), nil, 0o666); err != nil {
		return err
	}
	return syncDir(out)
}

// publish renames "out" to the target: the moment at which readers see it. What was there is kept outside of the staging
// directory meanwhile, where no Abort reaches it.
func (o *output) publish() error {
	old := o.staging + ".old"
	_, err := os.Lstat(o.target)
	there := err == nil
	if there && !o.overwrite {
		return fmt.Errorf("someone else made it while this job ran: %w", fs.ErrExist)
	}
	if there {
		if err := os.Rename(o.target, old); err != nil {
			return err
		}
	}
	if err := os.Rename(o.staged("out"), o.target); err != nil {
		if there {
			err = errors.Join(err, os.Rename(old, o.target))
		}
		return err
	}
	if there {
		os.RemoveAll(old) // hidden from listings, should it stay
	}
	return syncDir(filepath.Dir(o.target))
}

// Abort implements [storage.Output].
func (o *output) Abort(context.Context) error {
	err := o.clear()
	o.removeParents()
	return failed("abort writing", o.target, err)
}

// clear removes the staging directory. It is renamed first, so that an attempt that still writes cannot put a file into it while
// it is being emptied.
func (o *output) clear() error {
	gone := o.staging + ".gone"
	if err := os.Rename(o.staging, gone); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	return os.RemoveAll(gone)
}

func (o *output) staged(name string) string { return filepath.Join(o.staging, name) }

func (o *output) attempt(name string) string { return attemptDir(o.staging, name) }

// attemptDir keeps the names of attempts apart from "out".
func attemptDir(staging, name string) string { return filepath.Join(staging, "attempt-"+name) }

// receipt and readReceipt: the attempt's name and its parts, which are plain names, joined by "/".
func receipt(name string, parts []string) string {
	return strings.Join(append([]string{name}, parts...), "/")
}

func readReceipt(s string) (name string, parts []string, err error) {
	fields := strings.Split(s, "/")
	for i, f := range fields {
		if !plain(f) || i > 0 && storage.Hidden(f) {
			return "", nil, fmt.Errorf("%q is no receipt of an attempt", s)
		}
	}
	return fields[0], fields[1:], nil
}

// plain tells whether a name is one part of a path and no way out of it.
func plain(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.ContainsAny(name, "/\x00")
}
