package sim

import (
	"flag"
	"fmt"
	"testing"
)

var seed = flag.Int64("sim.seed", -1, "play this seed only, and tell what happens")
var seeds = flag.Int("sim.seeds", 1000, "how many seeds TestSeeds plays; with -short a third of them")

func TestSeeds(t *testing.T) {
	if *seed >= 0 {
		p := Draw(Random(uint64(*seed)))
		tape, err := Record(p)
		t.Logf("%+v\n%s", p, tape.Script("what happens"))
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	var total Report
	played := *seeds
	if testing.Short() {
		played /= 3
	}
	for s := range played {
		r, err := Run(Draw(Random(uint64(s))))
		if err != nil {
			t.Fatalf("seed %d: %v\nits story, shrunk: go run ./cmd/kiln sim --seeds=1 --seed=%d", s, err, s)
		}
		total.Add(r)
	}
	t.Logf("%d seeds, %v of virtual time, %d events, %d actions, %d jobs completed, %d failed, %d copies of which %d won",
		played, total.Took, total.Steps, total.Actions, total.Completed, total.Failed, total.Copies.Copies, total.Copies.Won)
	if total.Completed == 0 || total.Failed == 0 || total.Mishaps == 0 || total.Copies.Won == 0 || total.Copies.Won == total.Copies.Copies {
		t.Fatalf("the scenarios are one-sided: %+v", total)
	}
}

func TestTheSameSeedGivesTheSameActions(t *testing.T) {
	for s := range uint64(20) {
		a, err := Run(Draw(Random(s)))
		if err != nil {
			t.Fatal(err)
		}
		b, _ := Run(Draw(Random(s)))
		if a != b {
			t.Fatalf("seed %d gives %+v and then %+v", s, a, b)
		}
	}
}

// What no seed brings about proves nothing: every accident and mishap happens, and every oracle of allocation sees executors come and go.
func TestTheSeedsBringEverythingAbout(t *testing.T) {
	kinds, mishaps, elastic := map[AccidentKind]bool{}, map[what]bool{}, false
	missing := func() (list []string) {
		for k := range accidents {
			if !kinds[k] {
				list = append(list, fmt.Sprintf("accident %d never happens", k))
			}
		}
		for m, text := range mishapNames {
			if !mishaps[m] {
				list = append(list, "nothing ever "+text)
			}
		}
		if !elastic {
			list = append(list, "executors never come with the load")
		}
		return list
	}
	for s := uint64(0); s < 300 && len(missing()) > 0; s++ {
		w := newWorld(Draw(Random(s)), nil)
		w.core = newCore(w.Sched)
		w.play()
		for _, a := range w.Accidents {
			kinds[a.Kind] = true
		}
		for _, n := range w.mishaps {
			mishaps[n.what] = true
		}
		elastic = elastic || w.Elastic != nil && w.elastic.asked > 2
	}
	for _, text := range missing() {
		t.Error(text)
	}
}
