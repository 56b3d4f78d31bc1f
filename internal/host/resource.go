package host

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// What a discovery script may print, and how long it may take.
const (
	maxDiscovered   = 1 << 20 // bytes
	maxAddresses    = 1 << 16
	maxAddress      = 1 << 10 // bytes of one address
	discoveryWithin = 30 * time.Second
)

// Discover runs a program that prints the addresses of a resource on this machine, as {"name": "gpu", "addresses": ["0", "1"]}, and gives
// the addresses. The program gets no arguments, and 30 seconds; what it prints on standard error stands in the error when it fails.
func Discover(ctx context.Context, name, script string) ([]string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, discoveryWithin, fmt.Errorf("it took longer than %v", discoveryWithin))
	defer cancel()
	out, complaints := bounded{most: maxDiscovered}, bounded{most: 1 << 10}
	cmd := exec.CommandContext(ctx, script)
	cmd.Stdout, cmd.Stderr = &out, &complaints
	cmd.WaitDelay = time.Second // a child of the script's may hold its output open
	if err := cmd.Run(); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		if said := strings.TrimSpace(complaints.kept.String()); said != "" {
			err = fmt.Errorf("%w: %s", err, said)
		}
		return nil, fmt.Errorf("discover resource %s with %s: %w", name, script, err)
	}
	if out.cut {
		return nil, fmt.Errorf("discover resource %s with %s: it printed more than %d bytes", name, script, maxDiscovered)
	}
	list, err := ParseDiscovery(name, out.kept.Bytes())
	if err != nil {
		return nil, fmt.Errorf("discover resource %s with %s: %w", name, script, err)
	}
	return list, nil
}

// ParseDiscovery reads what a discovery script printed about a resource.
func ParseDiscovery(name string, text []byte) ([]string, error) {
	var found struct {
		Name      *string  `json:"name"`
		Addresses []string `json:"addresses"`
	}
	if err := json.Unmarshal(text, &found); err != nil {
		return nil, fmt.Errorf(`it printed something else than {"name": %q, "addresses": ["0", "1"]}: %w`, name, err)
	}
	if found.Name == nil || *found.Name != name {
		return nil, fmt.Errorf(`its "name" is not %q`, name)
	}
	return found.Addresses, CheckAddresses(found.Addresses)
}

// CheckAddresses says what makes a list of addresses of one resource senseless, or nothing.
func CheckAddresses(list []string) error {
	if len(list) == 0 {
		return errors.New("there is no address")
	}
	if len(list) > maxAddresses {
		return fmt.Errorf("there are %d addresses, and may be %d", len(list), maxAddresses)
	}
	sorted := slices.Sorted(slices.Values(list))
	for i, a := range sorted {
		switch {
		case a == "":
			return errors.New("an address is empty")
		case !utf8.ValidString(a):
			return fmt.Errorf("address %q is not text", a)
		case len(a) > maxAddress:
			return fmt.Errorf("an address is longer than %d bytes", maxAddress)
		case i > 0 && a == sorted[i-1]:
			return fmt.Errorf("address %q comes twice", a)
		}
	}
	return nil
}

// bounded keeps the beginning of what is written to it.
type bounded struct {
	kept bytes.Buffer
	most int
	cut  bool
}

func (b *bounded) Write(p []byte) (int, error) {
	room := b.most - b.kept.Len()
	b.cut = b.cut || len(p) > room
	b.kept.Write(p[:min(len(p), room)])
	return len(p), nil
}
