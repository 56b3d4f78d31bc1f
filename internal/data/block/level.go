package block

import "fmt"

// Level says where a block may be kept, and in which form. Its number travels in task bodies.
type Level uint8

const (
	inMemory Level = 1 << iota
	onDisk
	encoded
)

// The levels, as in Spark.
const (
	MemoryOnly           = inMemory                    // rows in memory; what does not fit is computed again
	MemoryEncoded        = inMemory | encoded          // encoded bytes in memory: smaller, and read at the price of decoding
	MemoryAndDisk        = inMemory | onDisk           // rows in memory; what does not fit goes to disk
	MemoryAndDiskEncoded = inMemory | onDisk | encoded // encoded bytes in memory or on disk
	DiskOnly             = onDisk | encoded            // encoded bytes on disk
)

var levelNames = [...]string{
	MemoryOnly: "MemoryOnly", MemoryEncoded: "MemoryEncoded", MemoryAndDisk: "MemoryAndDisk",
	MemoryAndDiskEncoded: "MemoryAndDiskEncoded", DiskOnly: "DiskOnly",
}

// Memory reports whether blocks of the level may be in memory.
func (l Level) Memory() bool { return l&inMemory != 0 }

// Disk reports whether blocks of the level may be on disk.
func (l Level) Disk() bool { return l&onDisk != 0 }

// Encoded reports whether blocks of the level are in memory as encoded bytes.
func (l Level) Encoded() bool { return l&encoded != 0 }

// Valid reports whether l is one of the levels above.
func (l Level) Valid() bool { return int(l) < len(levelNames) && levelNames[l] != "" }

// String gives the level's name.
func (l Level) String() string {
	if !l.Valid() {
		return fmt.Sprintf("level %d", uint8(l))
	}
	return levelNames[l]
}

// ParseLevel reads a level's name.
func ParseLevel(name string) (Level, error) {
	for l, n := range levelNames {
		if n == name && n != "" {
			return Level(l), nil
		}
	}
	return 0, fmt.Errorf("no storage level %q: use MemoryOnly, MemoryEncoded, MemoryAndDisk, MemoryAndDiskEncoded or DiskOnly", name)
}
