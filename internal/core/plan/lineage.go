package plan

import (
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/profile"
)

// RDD is one node of the lineage. It is immutable once it is part of a job.
type RDD struct {
	ID         ids.RDDID
	Verb       string // the verb that made it, for people
	Name       string // given by the user, or empty
	Site       string // the user's file:line
	Note       string // storage level and the like, for Explain
	Partitions int
	Op         []byte   // the encoded operator
	Splits     [][]byte // for sources that need one: what each partition reads
	Sizes      []int64  // bytes that each partition reads of files; nil when nobody knows
	Deps       []Dependency
	Kept       bool            // its partitions are cached when they are first computed
	Profile    profile.Profile // what its tasks ask for; zero when it does not matter
	Barrier    bool            // the tasks that compute it run at the same time
}

// Dependency ties an RDD to one of its parents. With Shuffle set every partition needs every partition of Parent, through that
// exchange; else Map says which partitions it needs.
type Dependency struct {
	Parent  *RDD
	Map     Mapping
	Shuffle *Shuffle
}

// Shuffle is the exchange between the map stage that writes it and the stages that read it.
type Shuffle struct {
	ID      ids.ShuffleID
	Reduces int
	Write   []byte // the encoded output operator of the map stage
	Site    string
}

// MappingKind tells how partitions of a child lie over those of a parent.
type MappingKind uint8

// The kinds of narrow mappings.
const (
	OneToOne   MappingKind = iota // p needs p
	Range                         // p in [Start, Start+Length) needs p-Start, others nothing: union
	Groups                        // p needs Sets[p]: coalesce
	Quotient                      // p needs p / Length: left side of a Cartesian product
	Remainder                     // p needs p mod Length: right side
	Everything                    // p needs [0, Length)
)

// Mapping says which partitions of a parent one partition of a child needs. The zero value is one to one.
type Mapping struct {
	Kind   MappingKind
	Start  int32
	Length int32
	Sets   [][]int32
}

// Of appends the parent's partitions that partition p needs.
func (m Mapping) Of(p int32, to []int32) []int32 {
	switch m.Kind {
	case OneToOne:
		return append(to, p)
	case Range:
		if p >= m.Start && p-m.Start < m.Length {
			return append(to, p-m.Start)
		}
	case Groups:
		if int(p) < len(m.Sets) {
			return append(to, m.Sets[p]...)
		}
	case Quotient:
		return append(to, p/max(m.Length, 1))
	case Remainder:
		return append(to, p%max(m.Length, 1))
	case Everything:
		for q := range m.Length {
			to = append(to, q)
		}
	}
	return to
}
