package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
)

// version is what this binary was built from.
type version struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
}

func runVersion(args []string, out, errs io.Writer) int {
	v := version{Version: "unknown", Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		v.Version = info.Main.Version
		if i := slices.IndexFunc(info.Settings, func(s debug.BuildSetting) bool { return s.Key == "vcs.revision" }); i >= 0 {
			v.Revision = info.Settings[i].Value
		}
	}
	switch {
	case len(args) == 0:
		fmt.Fprintf(out, "kiln %s, %s %s/%s\n", strings.TrimSpace(v.Version+" "+v.Revision), v.Go, v.OS, v.Arch)
		return 0
	case asksJSON(args):
		return printJSON(v, out, errs)
	}
	fmt.Fprintf(errs, "kiln version takes -o json, not %q\n", args)
	return exitUsage
}

// asksJSON says that the arguments of a command are -o json.
func asksJSON(args []string) bool {
	return slices.Equal(args, []string{"-o", "json"}) || slices.Equal(args, []string{"-o=json"})
}

func printJSON(v any, out, errs io.Writer) (code int) {
	if err := json.NewEncoder(out).Encode(v); err != nil {
		fmt.Fprintln(errs, err)
		return exitFailed
	}
	return 0
}
