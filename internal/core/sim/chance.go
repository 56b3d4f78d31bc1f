package sim

import "slices"

// Chance is asked by name, not in turn: what happens to one task attempt does not depend on what was asked about others. So a scenario
// from which something is taken away goes on much as before, which is what makes it possible to shrink one (see Shrink).

// what is what a question to chance is about.
type what uint8

const (
	comingTime     what = iota // how long an executor takes to come
	shapeOf                    // its host, slots, accelerators and speed
	downTime                   // how long a message takes to an executor
	upTime                     // and from one
	readTime                   // how long a task attempt reads the first half
	workTime                   // and works
	meetTime                   // and takes to come to the others of its barrier stage
	commitTime                 // and takes to commit
	toldTime                   // how long it says that it took
	rowsOf                     // what rows come of it, where chance has a say
	storedIs                   // whether its result stays at its executor
	noticeTime                 // when what has gone is missed, or looked at
	fails                      // mishaps from here: the task attempt fails
	failsForGood               // and its failure is final
	crashes                    // it brings its executor down
	isDeaf                     // it ends as if it had not been killed
	comesTwice                 // a message comes twice
	isLost                     // a message is lost, and its link with it
	straggles                  // it takes much longer than others
	isAbsent                   // it does not come to the others of its barrier stage
	isForgotten                // its result is gone when it is fetched
	isNeverStarted             // the cluster manager does not start an executor that it was asked for
	isNotCopied                // a block is not copied as it was ordered
	moreTime                   // no mishaps from here: how long a task attempt reads the other half
	copyTime                   // how long a copy of a block takes
	askTime                    // how long a question takes where a cached partition is
	keepTime                   // and the news that there is one
)

var mishapNames = map[what]string{
	fails: "fails", failsForGood: "fails for good", crashes: "brings its executor down", isDeaf: "does not listen when it is killed",
	comesTwice: "is told twice", isLost: "is lost with its link", straggles: "straggles", isAbsent: "does not come to the others", isForgotten: "is forgotten before it is fetched",
	isNeverStarted: "is never started", isNotCopied: "is not copied",
}

// name is one question: what, about whom.
type name struct {
	what    what
	a, b, c int64
}

// draw gives 64 random bits. The same seed and name give the same ones.
func (w *World) draw(n name) uint64 {
	x := scramble(w.Seed ^ uint64(n.what)<<48)
	for _, v := range [...]int64{n.a, n.b, n.c} {
		x = scramble(x ^ uint64(v))
	}
	return x
}

// scramble is the output function of splitmix64 (Steele, Lea, Flood 2014).
func scramble(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func (w *World) upTo(d Time, of name) Time { return Time(w.draw(of) % uint64(d+1)) }

func (w *World) likely(chance float64, of name) bool {
	return float64(w.draw(of)>>11)/(1<<53) < chance
}

// mishap says whether something goes wrong, which it does as long as faults happen, and in a plan that was shrunk only when it is one of
// those that are left.
func (w *World) mishap(chance float64, of name) bool {
	if w.now >= w.Faults || !w.likely(chance, of) || w.Only != nil && !slices.Contains(w.Only, of) {
		return false
	}
	w.mishaps = append(w.mishaps, of)
	w.note("%s %s", w.subject(of), mishapNames[of.what])
	return true
}
