package ids

import (
	"fmt"
	"strconv"
	"strings"
)

// BlockKind tells what a block holds.
type BlockKind uint8

// The kinds of blocks.
const (
	RDDBlock       BlockKind = iota + 1 // one cached partition: rdd_<rdd>_<partition>
	ShuffleBlock                        // what one map task left for one reduce partition: shuffle_<shuffle>_<map>_<reduce>
	BroadcastBlock                      // one piece of a broadcast: broadcast_<id>_piece<n>
	ResultBlock                         // a task result too large for a status message: taskresult_<tid>
	OutputBlock                         // one piece of all that one map task left: output_<shuffle>_<map>_piece<n>
	InputsBlock                         // where what a stage attempt reads lies, too large for a message: inputs_<stage>_<attempt>
	SegmentBlock                        // one piece of a large ShuffleBlock: shuffle_<shuffle>_<map>_<reduce>_piece<n>
)

// placeOf is in the kind of the block that says where another one is.
const placeOf BlockKind = 1 << 7

// BlockID names one unit of stored bytes. It is comparable; build one with the functions below.
type BlockID struct {
	Kind BlockKind
	A    int64 // rdd, shuffle, broadcast, task or stage id; of a piece of a ShuffleBlock the piece too, in the upper half
	B    int32 // partition, map partition, piece or stage attempt
	C    int32 // reduce partition, or piece of a map output; generation of a cached partition, which its name does not tell; who asks for a place
}

// RDD names the cached partition of an RDD.
func RDD(rdd RDDID, partition int) BlockID {
	return BlockID{Kind: RDDBlock, A: int64(rdd), B: int32(partition)}
}

// OfGeneration names the cached partition of a generation, which has nothing to do with that of another one: see task.Cached.
func (b BlockID) OfGeneration(g int32) BlockID {
	b.C = g
	return b
}

// Shuffle names what the map task mapPartition left for reducePartition.
func Shuffle(shuffle ShuffleID, mapPartition, reducePartition int) BlockID {
	return BlockID{Kind: ShuffleBlock, A: int64(shuffle), B: int32(mapPartition), C: int32(reducePartition)}
}

// Segment names one piece of what the map task mapPartition left for reducePartition.
func Segment(shuffle ShuffleID, mapPartition, reducePartition, piece int) BlockID {
	return BlockID{Kind: SegmentBlock, A: int64(piece)<<32 | int64(uint32(shuffle)), B: int32(mapPartition), C: int32(reducePartition)}
}

// AsSegment takes apart what Segment made: the piece is of the ShuffleBlock of. Ok is false for every other block.
func (b BlockID) AsSegment() (of BlockID, piece int, ok bool) {
	if b.Kind != SegmentBlock {
		return BlockID{}, 0, false
	}
	return BlockID{Kind: ShuffleBlock, A: int64(int32(b.A)), B: b.B, C: b.C}, int(b.A >> 32), true
}

// Broadcast names one piece of a broadcast value.
func Broadcast(id BroadcastID, piece int) BlockID {
	return BlockID{Kind: BroadcastBlock, A: int64(id), B: int32(piece)}
}

// Result names the stored result of a task attempt.
func Result(tid TaskID) BlockID { return BlockID{Kind: ResultBlock, A: int64(tid)} }

// Output names one piece of all that the map task mapPartition left.
func Output(shuffle ShuffleID, mapPartition, piece int) BlockID {
	return BlockID{Kind: OutputBlock, A: int64(shuffle), B: int32(mapPartition), C: int32(piece)}
}

// Inputs names the list of the map outputs that a stage attempt reads.
func Inputs(s StageRef) BlockID {
	return BlockID{Kind: InputsBlock, A: int64(s.Stage), B: int32(s.Attempt)}
}

// Place names the driver's answer to an executor that asks from whom it gets a piece of a broadcast or a list of map outputs.
func Place(of BlockID, asker ExecutorID) BlockID {
	return BlockID{Kind: of.Kind | placeOf, A: of.A, B: of.B, C: int32(asker)}
}

// AsPlace takes apart what Place made; ok is false for every other block.
func (b BlockID) AsPlace() (of BlockID, asker ExecutorID, ok bool) {
	if b.Kind&placeOf == 0 {
		return BlockID{}, 0, false
	}
	return BlockID{Kind: b.Kind &^ placeOf, A: b.A, B: b.B}, ExecutorID(b.C), true
}

// String gives Spark's name for the block, where Spark has such blocks.
func (b BlockID) String() string {
	if of, asker, ok := b.AsPlace(); ok {
		return fmt.Sprintf("place_%v_%d", of, int32(asker))
	}
	if of, piece, ok := b.AsSegment(); ok {
		return fmt.Sprintf("%v_piece%d", of, piece)
	}
	switch b.Kind {
	case RDDBlock:
		return fmt.Sprintf("rdd_%d_%d", b.A, b.B)
	case ShuffleBlock:
		return fmt.Sprintf("shuffle_%d_%d_%d", b.A, b.B, b.C)
	case BroadcastBlock:
		return fmt.Sprintf("broadcast_%d_piece%d", b.A, b.B)
	case ResultBlock:
		return fmt.Sprintf("taskresult_%d", b.A)
	case OutputBlock:
		return fmt.Sprintf("output_%d_%d_piece%d", b.A, b.B, b.C)
	case InputsBlock:
		return fmt.Sprintf("inputs_%d_%d", b.A, b.B)
	}
	return fmt.Sprintf("block_%d_%d_%d_%d", b.Kind, b.A, b.B, b.C)
}

// ParseBlock reads the form that String gives and refuses every other.
func ParseBlock(s string) (BlockID, error) {
	if of, asker, ok := cutPlace(s); ok {
		return Place(of, asker), nil
	}
	if id, ok := cutSegment(s); ok {
		return id, nil
	}
	for _, form := range []struct {
		prefix string
		kind   BlockKind
		seps   []string
	}{
		{"rdd_", RDDBlock, []string{"_"}},
		{"shuffle_", ShuffleBlock, []string{"_", "_"}},
		{"broadcast_", BroadcastBlock, []string{"_piece"}},
		{"taskresult_", ResultBlock, nil},
		{"output_", OutputBlock, []string{"_", "_piece"}},
		{"inputs_", InputsBlock, []string{"_"}},
	} {
		rest, ok := strings.CutPrefix(s, form.prefix)
		if !ok {
			continue
		}
		if id, ok := parseNumbers(form.kind, rest, form.seps); ok && id.String() == s {
			return id, nil
		}
	}
	return BlockID{}, fmt.Errorf("not a block id: %q", s)
}

// cutPlace reads the name of a place.
func cutPlace(s string) (of BlockID, asker ExecutorID, ok bool) {
	rest, isPlace := strings.CutPrefix(s, "place_")
	at := strings.LastIndexByte(rest, '_')
	if !isPlace || at < 0 || strings.HasPrefix(rest, "place_") {
		return BlockID{}, 0, false
	}
	of, err := ParseBlock(rest[:at])
	n, errNumber := strconv.ParseInt(rest[at+1:], 10, 32)
	asker = ExecutorID(n)
	return of, asker, err == nil && errNumber == nil && Place(of, asker).String() == s
}

// cutSegment reads the name of a piece of a ShuffleBlock.
func cutSegment(s string) (id BlockID, ok bool) {
	whole, number, has := strings.Cut(s, "_piece")
	if !has || !strings.HasPrefix(whole, "shuffle_") {
		return BlockID{}, false
	}
	of, err := ParseBlock(whole)
	piece, errNumber := strconv.ParseInt(number, 10, 32)
	id = Segment(ShuffleID(of.A), int(of.B), int(of.C), int(piece))
	return id, err == nil && errNumber == nil && piece >= 0 && id.String() == s
}

func parseNumbers(kind BlockKind, s string, seps []string) (BlockID, bool) {
	var nums [3]int64
	for i := 0; ; i++ {
		part := s
		if i < len(seps) {
			var ok bool
			if part, s, ok = strings.Cut(s, seps[i]); !ok {
				return BlockID{}, false
			}
		}
		bits := 32
		if i == 0 {
			bits = 64
		}
		n, err := strconv.ParseInt(part, 10, bits)
		if err != nil || n < 0 {
			return BlockID{}, false
		}
		nums[i] = n
		if i == len(seps) {
			return BlockID{Kind: kind, A: nums[0], B: int32(nums[1]), C: int32(nums[2])}, true
		}
	}
}
