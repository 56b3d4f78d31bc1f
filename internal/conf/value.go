package conf

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// Bytes is an amount of memory, disk or traffic.
type Bytes int64

// The binary units, as Spark counts: 1k is 1024 bytes.
const (
	KiB Bytes = 1 << (10 * (iota + 1))
	MiB
	GiB
	TiB
	PiB
)

// String gives the shortest exact form that ParseBytes reads: 48m, 1g, 1000.
func (b Bytes) String() string {
	n, units := int64(b), "kmgtp"
	if n == 0 {
		return "0"
	}
	unit := ""
	for i := 0; i < len(units) && n%1024 == 0; i++ {
		n, unit = n/1024, units[i:i+1]
	}
	return strconv.FormatInt(n, 10) + unit
}

// byteUnits are the units by their first letter; kb and kib mean k.
var byteUnits = map[string]Bytes{"": 1, "b": 1, "k": KiB, "m": MiB, "g": GiB, "t": TiB, "p": PiB}

// ParseBytes reads 1024, 512m, 4g, 16KiB: a whole number and a unit that counts by 1024. A bare number is bytes.
func ParseBytes(text string) (Bytes, error) {
	digits, unit := splitNumber(strings.ToLower(strings.TrimSpace(text)))
	if strings.Contains(digits, ".") {
		return 0, errors.New("is a fraction: use the next smaller unit, as in 1536m for 1.5g")
	}
	if len(unit) > 1 && (unit[1:] == "b" || unit[1:] == "ib") && unit[0] != 'b' && unit[0] != 'i' {
		unit = unit[:1]
	}
	scale, ok := byteUnits[unit]
	if !ok || digits == "" {
		return 0, errors.New("is not an amount of bytes such as 1024, 512m or 4g (units b, k, m, g, t, p)")
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n > math.MaxInt64/int64(scale) || n < math.MinInt64/int64(scale) {
		return 0, errors.New("is too large for a number of bytes")
	}
	return Bytes(n) * scale, nil
}

// durationUnits are Spark's units and Go's.
var durationUnits = map[string]time.Duration{
	"ns": time.Nanosecond, "us": time.Microsecond, "µs": time.Microsecond, "ms": time.Millisecond,
	"s": time.Second, "sec": time.Second, "m": time.Minute, "min": time.Minute, "h": time.Hour, "d": 24 * time.Hour,
}

// ParseDuration reads 10s, 2min, 200ms, 1.5h, 1m30s and 0. A bare number other than 0 is refused: it says no unit.
func ParseDuration(text string) (time.Duration, error) {
	malformed := errors.New("is not a duration such as 200ms, 10s or 2min (units us, ms, s, min, h, d)")
	rest := strings.ToLower(strings.TrimSpace(text))
	if rest == "0" {
		return 0, nil
	}
	negative := strings.HasPrefix(rest, "-")
	rest = strings.TrimPrefix(rest, "-")
	if rest == "" {
		return 0, malformed
	}
	var sum float64
	for rest != "" {
		digits, tail := splitNumber(rest)
		end := strings.IndexAny(tail, "0123456789")
		if end < 0 {
			end = len(tail)
		}
		scale, ok := durationUnits[strings.TrimSpace(tail[:end])]
		n, err := strconv.ParseFloat(digits, 64)
		switch {
		case err == nil && tail == "":
			return 0, errors.New("has no unit: write " + text + "s for seconds, " + text + "ms for milliseconds")
		case err != nil || !ok || strings.HasPrefix(digits, "-"):
			return 0, malformed
		}
		sum += n * float64(scale)
		rest = tail[end:]
	}
	if sum >= math.MaxInt64 {
		return 0, errors.New("is too long a duration")
	}
	if negative {
		sum = -sum
	}
	return time.Duration(math.Round(sum)), nil
}

// FormatDuration gives the shortest exact form that ParseDuration reads: 2min, 90s, 200ms.
func FormatDuration(d time.Duration) string {
	for _, unit := range []string{"d", "h", "min", "s", "ms", "us"} {
		if scale := durationUnits[unit]; d != 0 && d%scale == 0 {
			return strconv.FormatInt(int64(d/scale), 10) + unit
		}
	}
	if d == 0 {
		return "0"
	}
	return strconv.FormatInt(int64(d), 10) + "ns"
}

// splitNumber cuts a number off the front of a text, and the spaces behind it.
func splitNumber(text string) (digits, rest string) {
	i := 0
	for i < len(text) && (text[i] >= '0' && text[i] <= '9' || text[i] == '.' || i == 0 && text[i] == '-') {
		i++
	}
	return text[:i], strings.TrimLeft(text[i:], " ")
}

func parseInt(text string) (int, error) {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if errors.Is(err, strconv.ErrRange) {
		return 0, errors.New("is too large")
	}
	if err != nil {
		return 0, errors.New("is not a whole number")
	}
	return n, nil
}

func parseFloat(text string) (float64, error) {
	f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil {
		return 0, errors.New("is not a number")
	}
	return f, nil
}

func parseBool(text string) (bool, error) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, errors.New("is neither true nor false")
}
