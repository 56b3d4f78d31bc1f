package conf

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseBytes(t *testing.T) {
	for text, want := range map[string]Bytes{
		"0": 0, "1024": 1024, "512m": 512 * MiB, "4g": 4 * GiB, " 4 GB ": 4 * GiB, "16KiB": 16 * KiB, "1T": TiB, "2p": 2 * PiB, "7b": 7, "-1": -1,
	} {
		if got, err := ParseBytes(text); err != nil || got != want {
			t.Errorf("%q: got %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "m", "1x", "1.5g", "1 g g", "0x10", "1e3", "8192p", "9223372036854775808", "--1", "1bb", "1ib", "1mm"} {
		if got, err := ParseBytes(text); err == nil {
			t.Errorf("%q was read as %d", text, got)
		}
	}
}

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0": 0, "10s": 10 * time.Second, "2min": 2 * time.Minute, "2m": 2 * time.Minute, "200ms": 200 * time.Millisecond,
		"1m30s": 90 * time.Second, "1.5h": 90 * time.Minute, " 3 S ": 3 * time.Second, "1d": 24 * time.Hour, "-5s": -5 * time.Second, "50us": 50 * time.Microsecond, "7ns": 7,
	} {
		if got, err := ParseDuration(text); err != nil || got != want {
			t.Errorf("%q: got %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "10", "s", "-", "1x", "1..5s", "1s-1s", "400000d", "99999999999999999999h", "1s 2"} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("%q was read as %v", text, got)
		}
	}
}

func TestWhatIsPrintedIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := Bytes(rapid.Int64().Draw(t, "bytes") >> rapid.IntRange(0, 62).Draw(t, "shift"))
		if got, err := ParseBytes(b.String()); (err != nil || got != b) && b != math.MinInt64 {
			t.Fatalf("%d became %q became %d, %v", b, b.String(), got, err)
		}
		// Whole microseconds up to a month are exact.
		d := time.Duration(rapid.Int64Range(0, 30*24*3600*1e6).Draw(t, "us")) * time.Microsecond
		if got, err := ParseDuration(FormatDuration(d)); err != nil || got != d {
			t.Fatalf("%v became %q became %v, %v", d, FormatDuration(d), got, err)
		}
	})
}

func FuzzParsersNeverPanic(f *testing.F) {
	for _, seed := range []string{"512m", "1m30s", "local[4,2]", "local-cluster[2,1,1g]", "kiln://a:1,b:2", "kiln.a = b\n", "--kiln.master=x", "λ[", "-"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if b, err := ParseBytes(text); err == nil {
			if again, err := ParseBytes(b.String()); err != nil || again != b {
				t.Errorf("%q: %v, %v", text, again, err)
			}
		}
		ParseDuration(text)
		if m, err := ParseMaster(text); err == nil && (m.Slots < 0 || m.Slots > mostSlots || m.Executors > mostExecutors) {
			t.Errorf("%q gave %+v", text, m)
		}
		parseProperties("f", []byte(text))
		FromArgs([]string{text})
		Parse(Layers{Code: []Given{{Key: text, Value: text}}})
	})
}

func TestDistanceCountsEdits(t *testing.T) {
	for _, one := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"kitten", "sitting", 3}, {"ab", "ba", 1}, {"zstd", "ztsd", 1}} {
		if got := distance(one.a, one.b); got != one.want || distance(one.b, one.a) != got {
			t.Errorf("%q to %q: got %d, want %d both ways", one.a, one.b, got, one.want)
		}
	}
}
