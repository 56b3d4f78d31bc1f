package resource

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestWhatIsTakenIsOnlyOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var offers []Offer
		for i := range rapid.IntRange(0, 3).Draw(t, "kinds") {
			o := Offer{Name: string(rune('a' + i))}
			for a := range rapid.IntRange(0, 3).Draw(t, "addresses") {
				o.Addresses = append(o.Addresses, fmt.Sprint(a))
			}
			offers = append(offers, o)
		}
		s := NewStock(offers)
		had := map[string]int64{}
		var grants []Grant
		count := func(g Grant, sign int64) {
			for _, p := range g.parts {
				key := fmt.Sprint(p.offer, p.address)
				if had[key] += sign * p.amount; had[key] < 0 || had[key] > Unit {
					t.Fatalf("address %s is taken %d times in %d", key, had[key], Unit)
				}
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"take": func(t *rapid.T) {
				needs := []Need{{rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "name"), rapid.SampledFrom([]int64{1, Unit / 3, Unit / 2, Unit, 2 * Unit}).Draw(t, "amount")}}
				if !s.Fits(needs) {
					return
				}
				if !s.Could(needs) {
					t.Fatal("it fits and never could")
				}
				g := s.Take(needs)
				var sum int64
				for _, p := range g.parts {
					sum += p.amount
				}
				if names := s.Names(g); sum != needs[0].Amount || len(names) != 1 || len(names[0].Addresses) != len(g.parts) {
					t.Fatalf("%d was asked for and %d given: %v", needs[0].Amount, sum, names)
				}
				count(g, 1)
				grants = append(grants, g)
			},
			"give": func(t *rapid.T) {
				if len(grants) == 0 {
					t.Skip("nothing is taken")
				}
				i := rapid.IntRange(0, len(grants)-1).Draw(t, "which")
				s.Give(grants[i])
				count(grants[i], -1)
				grants = append(grants[:i], grants[i+1:]...)
			},
			"": func(t *rapid.T) {
				if s.Untaken() != (len(grants) == 0) {
					t.Fatalf("%d grants, nothing taken: %v", len(grants), s.Untaken())
				}
			},
		})
	})
}

func TestThreeThirdsFitAndAFourthDoesNot(t *testing.T) {
	s := NewStock([]Offer{{"gpu", []string{"0"}}})
	third := []Need{{"gpu", Unit / 3}}
	for range 3 {
		if !s.Fits(third) {
			t.Fatal("a third does not fit")
		}
		s.Take(third)
	}
	if s.Fits(third) || !s.Could(third) || s.Could([]Need{{"gpu", 2 * Unit}}) || s.Fits([]Need{{"fpga", 1}}) {
		t.Fatal("more fits than there is")
	}
}

func TestCheckSaysWhatIsWrong(t *testing.T) {
	for want, needs := range map[string][]Need{
		"without a name": {{"", Unit}},
		"1.5 of":         {{"gpu", Unit * 3 / 2}},
		"-1 of":          {{"gpu", -Unit}},
		"twice":          {{"gpu", Unit}, {"gpu", Unit / 2}},
	} {
		if got := Check(needs); !strings.Contains(got, want) {
			t.Errorf("%v: %q, want %q", needs, got, want)
		}
	}
	if got := Check([]Need{{"gpu", Unit / 2}, {"fpga", 3 * Unit}}); got != "" {
		t.Error(got)
	}
}
