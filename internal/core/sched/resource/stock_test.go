package resource

import (
	"fmt"
	"slices"
	"strconv"
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

// plainStock is the dumb second version: every address is a row of parts, each of which somebody has or nobody.
type plainStock map[string][][]int // by name and address: who has each part, or -1

const plainParts = 12

func (s plainStock) take(who int, name string, parts int) (addresses []int, ok bool) {
	left := parts
	for a, row := range s[name] {
		var free []int
		for i, has := range row {
			if has < 0 {
				free = append(free, i)
			}
		}
		if each := min(parts, plainParts); left > 0 && len(free) >= each {
			for _, i := range free[:each] {
				row[i] = who
			}
			left -= each
			addresses = append(addresses, a)
		}
	}
	if left > 0 {
		s.give(who)
		return nil, false
	}
	return addresses, true
}

func (s plainStock) give(who int) {
	for _, rows := range s {
		for _, row := range rows {
			for i := range row {
				if row[i] == who {
					row[i] = -1
				}
			}
		}
	}
}

func TestTasksGetTheAddressesThatADumbCountGivesThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plain, offers := plainStock{}, []Offer(nil)
		for _, name := range []string{"a", "b"} {
			o := Offer{Name: name}
			for a := range rapid.IntRange(0, 4).Draw(t, "addresses") {
				o.Addresses = append(o.Addresses, fmt.Sprint(a))
				plain[name] = append(plain[name], []int{-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1})
			}
			offers = append(offers, o)
		}
		s, had, next := NewStock(offers), map[int]Grant{}, 0
		t.Repeat(map[string]func(*rapid.T){
			"take": func(t *rapid.T) {
				name := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name")
				parts := rapid.SampledFrom([]int{1, 2, 3, 4, 6, 7, 12, 24, 36}).Draw(t, "parts")
				needs := []Need{{name, int64(parts) * Unit / plainParts}}
				want, ok := plain.take(next, name, parts)
				if s.Fits(needs) != ok {
					t.Fatalf("%d parts of %s fit: %v", parts, name, !ok)
				}
				if !ok {
					return
				}
				had[next] = s.Take(needs)
				var got []int
				for _, p := range had[next].parts {
					got = append(got, int(p.address))
				}
				if !slices.Equal(got, want) {
					t.Fatalf("%d parts of %s: addresses %v, want %v", parts, name, got, want)
				}
				next++
			},
			"give": func(t *rapid.T) {
				who := rapid.IntRange(0, max(0, next-1)).Draw(t, "who")
				s.Give(had[who])
				delete(had, who)
				plain.give(who)
			},
			"": func(*rapid.T) {},
		})
	})
}

// TestMostIsAsManyAsCanBeTaken: Most says beforehand how often Take can follow.
func TestMostIsAsManyAsCanBeTaken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := []string{"gpu", "fpga"}
		var offers []Offer
		for _, n := range names {
			o := Offer{Name: n}
			for i := range rapid.IntRange(0, 4).Draw(t, n) {
				o.Addresses = append(o.Addresses, strconv.Itoa(i))
			}
			offers = append(offers, o)
		}
		amounts := rapid.SampledFrom([]int64{Unit / 10, Unit / 3, Unit / 2, Unit, 2 * Unit})
		draw := func(label string) (needs []Need) {
			for _, n := range names {
				if rapid.Bool().Draw(t, label+n) {
					needs = append(needs, Need{n, amounts.Draw(t, label+" amount of "+n)})
				}
			}
			return needs
		}
		s := NewStock(offers)
		alone := draw("needs")
		if len(alone) == 0 {
			return
		}
		for range rapid.IntRange(0, 3).Draw(t, "others") {
			if other := draw("others' needs"); s.Fits(other) {
				s.Take(other)
			}
		}
		want := s.Most(alone)
		for i := range want {
			if !s.Fits(alone) {
				t.Fatalf("%d of %d tasks have what they need, and the next one has not", i, want)
			}
			s.Take(alone)
		}
		if s.Fits(alone) {
			t.Fatalf("more than %d tasks can have what they need", want)
		}
		fresh := NewStock(offers)
		if got, want := s.MostAlone(alone), fresh.Most(alone); got != want {
			t.Fatalf("%d tasks alone, %d when nobody has taken anything", got, want)
		}
	})
}
