package plan

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// Body is what every task of a stage runs: a tree of encoded operators, inputs first, and the output operator on top of the last.
type Body struct {
	Nodes  []Node
	Output []byte
}

// Node is one operator of a body.
type Node struct {
	RDD  ids.RDDID
	Verb string
	Site string
	Op   []byte
	In   []Edge
}

// Edge is one narrow input of a node: an earlier node, and which of its partitions are read.
type Edge struct {
	Node int32
	Map  Mapping
}

// ErrBody is what a damaged body or split gives.
var ErrBody = errors.New("damaged stage body")

const bodyVersion = 1

// Append encodes the body.
func (b *Body) Append(dst []byte) []byte {
	dst = append(dst, bodyVersion)
	dst = appendBytes(dst, b.Output)
	dst = binary.AppendUvarint(dst, uint64(len(b.Nodes)))
	for i := range b.Nodes {
		dst = b.Nodes[i].append(dst)
	}
	return dst
}

func (n *Node) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(n.RDD))
	dst = appendBytes(dst, n.Verb)
	dst = appendBytes(dst, n.Site)
	dst = appendBytes(dst, n.Op)
	dst = binary.AppendUvarint(dst, uint64(len(n.In)))
	for _, e := range n.In {
		dst = binary.AppendUvarint(dst, uint64(e.Node))
		dst = append(dst, byte(e.Map.Kind))
		dst = binary.AppendUvarint(dst, uint64(e.Map.Start))
		dst = binary.AppendUvarint(dst, uint64(e.Map.Length))
		dst = binary.AppendUvarint(dst, uint64(len(e.Map.Sets)))
		for _, set := range e.Map.Sets {
			dst = binary.AppendUvarint(dst, uint64(len(set)))
			for _, p := range set {
				dst = binary.AppendUvarint(dst, uint64(p))
			}
		}
	}
	return dst
}

func appendBytes[S ~string | ~[]byte](dst []byte, s S) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}

// DecodeBody reads what Append wrote. Byte slices alias src.
func DecodeBody(src []byte) (*Body, error) {
	r := reader{src: src}
	if v := r.byte(); v != bodyVersion && r.err == nil {
		return nil, fmt.Errorf("%w: version %d, want %d", ErrBody, v, bodyVersion)
	}
	b := &Body{Output: r.bytes()}
	b.Nodes = make([]Node, r.count(5))
	for i := range b.Nodes {
		r.node(&b.Nodes[i], int32(i))
	}
	if r.err == nil && (len(r.src) != 0 || len(b.Nodes) == 0) {
		r.fail()
	}
	if r.err != nil {
		return nil, r.err
	}
	return b, nil
}

// Split finds what the node's partition reads among the splits that Stage.Splits encoded for one task.
func Split(splits []byte, node, partition int32) ([]byte, error) {
	r := reader{src: splits}
	for len(r.src) > 0 && r.err == nil {
		n, p, s := r.number(), r.number(), r.bytes()
		if r.err == nil && n == node && p == partition {
			return s, nil
		}
	}
	return nil, r.err
}

// reader takes numbers and byte strings off src; its first error stays. No count that it gives exceeds the bytes left.
type reader struct {
	src []byte
	err error
}

func (r *reader) fail() { r.src, r.err = nil, ErrBody }

func (r *reader) byte() byte {
	if len(r.src) == 0 {
		r.fail()
		return 0
	}
	b := r.src[0]
	r.src = r.src[1:]
	return b
}

func (r *reader) number() int32 {
	n, w := binary.Uvarint(r.src)
	if w <= 0 || n > 1<<31-1 {
		r.fail()
		return 0
	}
	r.src = r.src[w:]
	return int32(n)
}

func (r *reader) count(bytesEach int) int {
	n := int(r.number())
	if n > len(r.src)/bytesEach {
		r.fail()
		return 0
	}
	return n
}

func (r *reader) bytes() []byte {
	n := r.count(1)
	s := r.src[:n:n]
	r.src = r.src[n:]
	return s
}

func (r *reader) node(n *Node, at int32) {
	n.RDD = ids.RDDID(r.number())
	n.Verb, n.Site, n.Op = string(r.bytes()), string(r.bytes()), r.bytes()
	n.In = make([]Edge, r.count(5))
	for i := range n.In {
		e := &n.In[i]
		e.Node = r.number()
		e.Map.Kind = MappingKind(r.byte())
		e.Map.Start, e.Map.Length = r.number(), r.number()
		if sets := r.count(1); sets > 0 {
			e.Map.Sets = make([][]int32, sets)
		}
		for j := range e.Map.Sets {
			e.Map.Sets[j] = make([]int32, r.count(1))
			for k := range e.Map.Sets[j] {
				e.Map.Sets[j][k] = r.number()
			}
		}
		if e.Node >= at || e.Map.Kind > Everything {
			r.fail()
		}
	}
}
