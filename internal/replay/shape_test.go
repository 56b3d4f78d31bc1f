package replay

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/kilnproject/kiln/internal/core/sched"
)

// fill gives a value any contents: extremes, nil, empty. Opaque bytes are zero, as they come back.
func fill(r *rand.Rand, v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		bits := v.Type().Bits()
		v.SetInt([]int64{0, 1, -1, int64(r.IntN(1000)), 1<<(bits-1) - 1, -1 << (bits - 1)}[r.IntN(6)])
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint([]uint64{0, 1, 1<<(v.Type().Bits()-1) - 1 + 1<<(v.Type().Bits()-1)}[r.IntN(3)])
	case reflect.Float64:
		v.SetFloat([]float64{0, -1.5, math.Inf(1), math.MaxFloat64}[r.IntN(4)])
	case reflect.String:
		v.SetString([]string{"", "a", "täxt\x00\n"}[r.IntN(3)])
	case reflect.Slice:
		if r.IntN(3) > 0 && depth < 6 {
			n := r.IntN(4)
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				if v.Type() != reflect.TypeFor[[]byte]() {
					fill(r, v.Index(i), depth+1)
				}
			}
		}
	case reflect.Map:
		if r.IntN(3) > 0 {
			v.Set(reflect.MakeMap(v.Type()))
			for range r.IntN(4) {
				value := reflect.New(v.Type().Elem()).Elem()
				fill(r, value, depth+1)
				v.SetMapIndex(reflect.ValueOf(fmt.Sprint(r.IntN(9))), value)
			}
		}
	case reflect.Pointer:
		if r.IntN(2) == 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(r, v.Elem(), depth+1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(r, v.Field(i), depth+1)
		}
	default:
		panic(v.Kind())
	}
}

func TestEveryEventComesBackAsItWas(t *testing.T) {
	for kind, of := range events.types {
		r := rand.New(rand.NewPCG(1, uint64(kind)))
		for range 200 {
			v := reflect.New(of).Elem()
			fill(r, v, 0)
			now := time.Duration(r.Int64N(1 << 60))
			rec := NewRecorder(sched.Config{}, "", 0)
			rec.Step(now, v.Interface().(sched.Event), nil)
			l, err := Open(rec.Take(true))
			if err != nil {
				t.Fatal(err)
			}
			c, got := &contents{log: l}, []Record(nil)
			for rec := range c.all() {
				got = append(got, rec)
			}
			if c.err != nil || len(got) != 1 || got[0].Now != now || !reflect.DeepEqual(got[0].Event, v.Interface()) {
				t.Fatalf("%v: %v\n%+v\nwant\n%+v", of, c.err, got, v)
			}
		}
	}
}

func TestEveryConfigurationComesBackAsItWas(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 3))
	for range 200 {
		var cfg sched.Config
		fill(r, reflect.ValueOf(&cfg).Elem(), 0)
		l, err := Open(NewRecorder(cfg, "about", 0).Take(false))
		if err != nil || !reflect.DeepEqual(l.Config, cfg) || l.About != "about" {
			t.Fatalf("%+v, %v; want %+v", l, err, cfg)
		}
	}
}

// TestEveryOrderCounts changes one field of an order after the other: the digest is another each time.
func TestEveryOrderCounts(t *testing.T) {
	for _, of := range orders.types {
		r := rand.New(rand.NewPCG(4, 5))
		seen := map[uint64]reflect.Value{}
		for range 50 {
			v := reflect.New(of).Elem()
			fill(r, v, 0)
			d := newDigest()
			order, ok := v.Interface().(sched.Action)
			if !ok {
				order = v.Addr().Interface().(sched.Action) // it is given as a pointer
			}
			if !d.add([]sched.Action{order}) {
				t.Fatalf("%v has no shape", of)
			}
			if other, ok := seen[d.sum]; ok && !reflect.DeepEqual(other.Interface(), v.Interface()) {
				t.Errorf("%+v and %+v have the same digest", other, v)
			}
			seen[d.sum] = v
		}
	}
}
