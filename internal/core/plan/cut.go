package plan

import (
	"encoding/binary"
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// Stage is a run of operators between shuffles.
type Stage struct {
	Top        *RDD
	Shuffle    *Shuffle // the exchange that it writes; nil for the stage of the action itself
	Parents    []ids.ShuffleID
	Partitions int
	Body       Body

	nodes []*RDD // beside Body.Nodes
}

// Cut gives the stages that an action on final needs, parents before children; the last one is the action's own and ends in
// the encoded operator output. Stages that write the same shuffle appear once.
func Cut(final *RDD, output []byte) []*Stage {
	c := cutter{done: map[ids.ShuffleID]bool{}}
	c.stage(final, nil, output)
	return c.stages
}

// CutMap gives the stages that fill a shuffle over parent; the last one is its map stage.
func CutMap(parent *RDD, shuffle *Shuffle) []*Stage {
	c := cutter{done: map[ids.ShuffleID]bool{}}
	c.stage(parent, shuffle, shuffle.Write)
	return c.stages
}

type cutter struct {
	stages []*Stage
	done   map[ids.ShuffleID]bool
}

func (c *cutter) stage(top *RDD, shuffle *Shuffle, output []byte) {
	s := &Stage{Top: top, Shuffle: shuffle, Partitions: top.Partitions}
	s.Body.Output = output
	b := builder{cutter: c, stage: s, index: map[*RDD]int32{}}
	b.node(top)
	c.stages = append(c.stages, s)
}

// builder collects the nodes of one stage, inputs before the nodes that read them.
type builder struct {
	*cutter
	stage *Stage
	index map[*RDD]int32
}

func (b *builder) node(r *RDD) int32 {
	if at, ok := b.index[r]; ok {
		return at
	}
	n := Node{RDD: r.ID, Verb: r.Verb, Site: r.Site, Op: r.Op}
	for _, d := range r.Deps {
		if d.Shuffle != nil {
			b.parent(d)
			continue
		}
		n.In = append(n.In, Edge{Node: b.node(d.Parent), Map: d.Map})
	}
	at := int32(len(b.stage.nodes))
	b.index[r] = at
	b.stage.nodes = append(b.stage.nodes, r)
	b.stage.Body.Nodes = append(b.stage.Body.Nodes, n)
	return at
}

func (b *builder) parent(d Dependency) {
	if !slices.Contains(b.stage.Parents, d.Shuffle.ID) {
		b.stage.Parents = append(b.stage.Parents, d.Shuffle.ID)
	}
	if !b.done[d.Shuffle.ID] {
		b.done[d.Shuffle.ID] = true
		b.cutter.stage(d.Parent, d.Shuffle, d.Shuffle.Write)
	}
}

// Splits gives, for each partition, the encoded splits that its task reads, or nil when no source of the stage has any.
func (s *Stage) Splits() [][]byte {
	some := slices.ContainsFunc(s.nodes, func(r *RDD) bool { return r.Splits != nil })
	if !some {
		return nil
	}
	all := make([][]byte, s.Partitions)
	for p := range all {
		s.reads(int32(p), func(node, q int32) (below bool) {
			if r := s.nodes[node]; int(q) < len(r.Splits) {
				all[p] = appendSplit(all[p], node, q, r.Splits[q])
			}
			return true
		})
	}
	return all
}

// Sizes gives, for each partition, how many bytes of files its task reads, or nil when no source of the stage knows.
func (s *Stage) Sizes() []int64 {
	if !slices.ContainsFunc(s.nodes, func(r *RDD) bool { return r.Sizes != nil }) {
		return nil
	}
	all := make([]int64, s.Partitions)
	for p := range all {
		s.reads(int32(p), func(node, q int32) (below bool) {
			if r := s.nodes[node]; int(q) < len(r.Sizes) {
				all[p] += r.Sizes[q]
			}
			return true
		})
	}
	return all
}

func appendSplit(dst []byte, node, partition int32, split []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(node))
	dst = binary.AppendUvarint(dst, uint64(partition))
	dst = binary.AppendUvarint(dst, uint64(len(split)))
	return append(dst, split...)
}
