package broadcast

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// theList is a block that is all of its item.
var theList = ids.Inputs(ids.StageRef{Stage: 4, Attempt: 1})

// village is a driver and other executors as one executor sees them, by their addresses.
type village struct {
	places []Place // the driver's answers, one after the other, and the last for ever
	asked  []string
	give   map[string]func(ctx context.Context) ([]byte, error)
}

func (v *village) FetchInto(ctx context.Context, addr string, want []ids.BlockID, _ func(int, int64) []byte, got func(int, []byte, error)) error {
	if _, asker, ok := want[0].AsPlace(); ok {
		if addr != "driver" || asker != 3 {
			return errBroken
		}
		p := v.places[0]
		if len(v.places) > 1 {
			v.places = v.places[1:]
		}
		got(0, p.Append(nil), nil)
		return nil
	}
	if len(v.asked) == 0 || v.asked[len(v.asked)-1] != addr {
		v.asked = append(v.asked, addr)
	}
	data, err := v.give[addr](ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	got(0, data, err)
	return nil
}

func (v *village) exchange() *Exchange {
	return NewExchange(ExchangeConfig{
		Self: 3, Driver: "driver", Fetch: v, Sums: sums, Memory: &account{room: 1 << 20}, Patience: Patience, Wait: Wait,
	})
}

var good = []byte("where map outputs are")

func at(addr string) Place { return Place{Addr: addr, Shared: true, Sums: sums(good)} }

func gives(data []byte, err error) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) { return data, err }
}

func silence(ctx context.Context) ([]byte, error) {
	<-ctx.Done()
	return nil, nil
}

func TestABlockComesFromElsewhereWhereOneDoesNotGiveIt(t *testing.T) {
	for name, c := range map[string]struct {
		first  func(context.Context) ([]byte, error)
		places []Place
		asked  string
		takes  time.Duration
	}{
		"it gives it":                     {gives(good, nil), []Place{at("one")}, "one", 0},
		"it fails":                        {gives(nil, errBroken), []Place{at("one"), at("two")}, "one two", 0},
		"it gives another":                {gives([]byte("another"), nil), []Place{at("one"), at("two")}, "one two", 0},
		"it is silent":                    {silence, []Place{at("one"), at("two")}, "one two", Patience},
		"it says for ever that it waits":  {gives(nil, nil), []Place{at("one"), at("two")}, "one two", 0},
		"it is named again":               {gives(nil, errBroken), []Place{at("one"), at("one"), at("two")}, "one two", 0},
		"it is named for ever":            {gives(nil, errBroken), []Place{at("one")}, "one driver", 0},
		"the driver is named after it":    {gives(nil, errBroken), []Place{at("one"), at("")}, "one driver", 0},
		"the driver gives it to everyone": {gives(nil, errBroken), []Place{{Sums: sums(good)}}, "driver", 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			v := &village{places: c.places, give: map[string]func(context.Context) ([]byte, error){
				"one": c.first, "two": gives(good, nil), "driver": gives(good, nil),
			}}
			x, began := v.exchange(), time.Now()
			data, err := x.Bring(t.Context(), theList)
			if err != nil || !bytes.Equal(data, good) || strings.Join(v.asked, " ") != c.asked || time.Since(began) != c.takes {
				t.Errorf("%s: %q, %v from %v after %v", name, data, err, v.asked, time.Since(began))
			}
			data, known, err := x.Open(t.Context(), theList)
			if kept := c.places[0].Shared; kept != (err == nil) || kept && (!bytes.Equal(data, good) || known[0] != sums(good)[0]) {
				t.Errorf("%s: others are given %q, %v", name, data, err)
			}
		})
	}
}

func TestWhoWaitsForABlockThatIsOnItsWayAsksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, left := time.Now(), 4
		v := &village{places: []Place{at("one")}, give: map[string]func(context.Context) ([]byte, error){
			"one": func(context.Context) ([]byte, error) {
				time.Sleep(Patience - time.Second)
				if left--; left > 0 {
					return nil, nil
				}
				return good, nil
			},
		}}
		data, err := v.exchange().Bring(t.Context(), theList)
		if err != nil || !bytes.Equal(data, good) || len(v.asked) != 1 || time.Since(began) != 4*(Patience-time.Second) {
			t.Errorf("%q, %v, from %v after %v", data, err, v.asked, time.Since(began))
		}
	})
}

// A list may have changed between the driver's two answers; what is given on then must agree with its own checksums.
func TestWhatTheDriverGivesIsGivenOnAsItIs(t *testing.T) {
	v := &village{places: []Place{at("")}, give: map[string]func(context.Context) ([]byte, error){"driver": gives([]byte("newer"), nil)}}
	x := v.exchange()
	if data, err := x.Bring(t.Context(), theList); err != nil || string(data) != "newer" {
		t.Fatalf("%q, %v", data, err)
	}
	if data, known, err := x.Open(t.Context(), theList); err != nil || string(data) != "newer" || known[0] != sums(data)[0] {
		t.Errorf("%q, %v, %v", data, known, err)
	}
	x.DropInputs(ids.StageRef{Stage: 4, Attempt: 1})
	if _, _, err := x.Open(t.Context(), theList); !errors.Is(err, errAbsent) {
		t.Errorf("after its end: %v", err)
	}
}

func TestTheDriversErrorIsTheOneThatIsTold(t *testing.T) {
	for name, places := range map[string][]Place{"alone": {{}}, "shared": {at("")}, "after another": {at("one")}} {
		v := &village{places: places, give: map[string]func(context.Context) ([]byte, error){
			"one": gives(nil, errors.New("that of another")), "driver": gives(nil, errBroken),
		}}
		x := v.exchange()
		if data, err := x.Bring(t.Context(), theList); !errors.Is(err, errBroken) || data != nil {
			t.Errorf("%s: %q, %v", name, data, err)
		}
		if _, _, err := x.Open(t.Context(), theList); !errors.Is(err, errAbsent) {
			t.Errorf("%s: others are told %v", name, err)
		}
	}
}

func TestOthersWaitForWhatIsOnItsWay(t *testing.T) {
	type answer struct {
		data  []byte
		err   error
		after time.Duration
	}
	for name, c := range map[string]struct {
		takes time.Duration
		err   error
		want  answer
	}{
		"it comes in time":  {Wait / 2, nil, answer{good, nil, Wait / 2}},
		"it does not come":  {Wait / 2, errBroken, answer{nil, errAbsent, Wait / 2}},
		"it comes too late": {2 * Wait, nil, answer{nil, nil, Wait}},
	} {
		synctest.Test(t, func(t *testing.T) {
			v := &village{places: []Place{at("")}, give: map[string]func(context.Context) ([]byte, error){
				"driver": func(context.Context) ([]byte, error) { time.Sleep(c.takes); return good, c.err },
			}}
			x, began := v.exchange(), time.Now()
			go x.Bring(t.Context(), theList)
			synctest.Wait()
			data, _, err := x.Open(t.Context(), theList)
			if !bytes.Equal(data, c.want.data) || !errors.Is(err, c.want.err) || time.Since(began) != c.want.after {
				t.Errorf("%s: %q, %v after %v", name, data, err, time.Since(began))
			}
			time.Sleep(time.Minute)
		})
	}
}

func TestAnExecutorThatEndsAnswersThoseWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &village{places: []Place{at("")}, give: map[string]func(context.Context) ([]byte, error){"driver": silence}}
		x := v.exchange()
		ctx, cancel := context.WithCancelCause(t.Context())
		go x.Bring(ctx, theList)
		synctest.Wait()
		time.AfterFunc(Wait/2, func() { cancel(errBroken) })
		began := time.Now()
		if _, _, err := x.Open(ctx, theList); err == nil || time.Since(began) != Wait/2 {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}

// Two fetches of one list overlap when the driver tells of a newer one: the later one is what others get.
func TestALaterFetchTakesThePlaceOfAnEarlierOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		v := &village{places: []Place{at("")}, give: map[string]func(context.Context) ([]byte, error){
			"driver": func(context.Context) ([]byte, error) {
				if n++; n == 1 {
					time.Sleep(time.Hour)
					return []byte("older"), nil
				}
				return good, nil
			},
		}}
		x := v.exchange()
		go x.Bring(t.Context(), theList)
		synctest.Wait()
		if _, err := x.Bring(t.Context(), theList); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Hour)
		if data, _, err := x.Open(t.Context(), theList); err != nil || !bytes.Equal(data, good) {
			t.Errorf("others get %q, %v", data, err)
		}
		if freed := x.Evict(1 << 20); freed != int64(len(good)) {
			t.Errorf("%d bytes were kept", freed)
		}
	})
}

// An executor that does not work costs its time once, however many pieces it was to give.
func TestAnExecutorThatIsSilentIsWaitedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &village{places: []Place{at("one"), at("two"), at("one"), at("two"), at("one"), at("")}, give: map[string]func(context.Context) ([]byte, error){
			"one": silence, "two": gives(good, nil), "driver": gives(good, nil),
		}}
		began := time.Now()
		e := v.exchange().begin(ids.Broadcast(7, 0), 3)
		for piece := range 3 {
			if data, err := e.bring(t.Context(), ids.Broadcast(7, piece), nil); err != nil || !bytes.Equal(data, good) {
				t.Errorf("piece %d: %q, %v", piece, data, err)
			}
		}
		if took := time.Since(began); took != Patience || strings.Join(v.asked, " ") != "one two driver" {
			t.Errorf("it took %v, from %v", took, v.asked)
		}
	})
}

func TestAPlaceReadsBackAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Place{Addr: rapid.String().Draw(t, "addr"), Shared: rapid.Bool().Draw(t, "shared")}
		if n := rapid.IntRange(0, 9).Draw(t, "sums"); n > 0 {
			p.Sums = rapid.SliceOfN(rapid.Uint32(), n, n).Draw(t, "values")
		}
		data := p.Append([]byte("front"))[5:]
		got, err := ParsePlace(data)
		if err != nil || got.Addr != p.Addr || got.Shared != p.Shared || len(got.Sums) != len(p.Sums) || !bytes.Equal(got.Append(nil), data) {
			t.Fatalf("%+v came back as %+v, %v", p, got, err)
		}
	})
}

func FuzzParsePlace(f *testing.F) {
	f.Add(Place{Addr: "unix:///run/s", Shared: true, Sums: []uint32{1, 2}}.Append(nil))
	f.Add([]byte{2, 0, 0, 0, 0})
	f.Add([]byte{0, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ParsePlace(data)
		if err != nil {
			if !errors.Is(err, ErrPlace) {
				t.Fatalf("got %v", err)
			}
			return
		}
		if !bytes.Equal(p.Append(nil), data) {
			t.Fatalf("%x is read as %+v", data, p)
		}
	})
}
