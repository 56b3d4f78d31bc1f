package storage

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// FileScheme is the scheme of paths that name none.
const FileScheme = "file"

var registry struct {
	sync.RWMutex
	of map[string]FS
}

// Register offers a place for paths that begin with scheme and "://". It is called from the init function of the package that
// implements it; a scheme that is taken already is a programming error and panics.
func Register(scheme string, place FS) {
	registry.Lock()
	defer registry.Unlock()
	if _, taken := registry.of[scheme]; taken {
		panic("storage: scheme " + scheme + " is registered twice")
	}
	if registry.of == nil {
		registry.of = make(map[string]FS)
	}
	registry.of[scheme] = place
}

// For gives the FS that the path belongs to. The error names the schemes that this program knows.
func For(path string) (FS, error) {
	scheme := Scheme(path)
	registry.RLock()
	defer registry.RUnlock()
	if place, ok := registry.of[scheme]; ok {
		return place, nil
	}
	known := slices.Sorted(maps.Keys(registry.of))
	return nil, &Error{
		Op: "use", Path: path,
		Err:  fmt.Errorf("this program has no storage for %s://", scheme),
		Hint: "it knows " + strings.Join(known, ", ") + "; import the package that registers " + scheme,
	}
}

// Scheme gives what stands before "://" in a path, and FileScheme for a path without it.
func Scheme(path string) string {
	scheme, _, ok := strings.Cut(path, "://")
	if !ok || scheme == "" {
		return FileScheme
	}
	for i, c := range []byte(scheme) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", rune(c))) {
			return FileScheme
		}
	}
	return strings.ToLower(scheme)
}

// List gives the files that a comma-separated list of patterns names, sorted by path, each FS asked for its own. A file named
// twice is listed twice. A comma that belongs to a name is written "\,".
func List(ctx context.Context, paths string) ([]File, error) {
	var all []File
	for _, pattern := range SplitList(paths) {
		place, err := For(pattern)
		if err != nil {
			return nil, err
		}
		files, err := place.List(ctx, pattern)
		if err != nil {
			return nil, err
		}
		all = append(all, files...)
	}
	if len(all) == 0 {
		return nil, &Error{Op: "list", Path: fmt.Sprintf("%q", paths), Err: ErrNoFiles, Hint: "no path is given"}
	}
	slices.SortStableFunc(all, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return all, nil
}

// SplitList cuts a comma-separated list into its patterns, without the spaces around them and without empty ones.
func SplitList(paths string) []string {
	var list []string
	var one strings.Builder
	flush := func() {
		if p := strings.TrimSpace(one.String()); p != "" {
			list = append(list, p)
		}
		one.Reset()
	}
	for i := 0; i < len(paths); i++ {
		switch {
		case paths[i] == ',':
			flush()
		case paths[i] == '\\' && i+1 < len(paths) && paths[i+1] == ',':
			one.WriteByte(',')
			i++
		default:
			one.WriteByte(paths[i])
		}
	}
	flush()
	return list
}
