package local

import (
	"path/filepath"
	"strconv"
	"time"

	"github.com/kilnproject/kiln/internal/conf"
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/data/codec"
	"github.com/kilnproject/kiln/internal/data/shuffle"
	"github.com/kilnproject/kiln/internal/executor"
)

// directResult is the largest task result that a process sends in a status message.
const directResult = 1 << 20

// GCPercent is how much garbage may pile up, in percent of what lives, while memory is plenty: batches are short-lived, and collecting
// more often than this costs more than it saves.
const GCPercent = 200

// executorConfig is what the settings say of one executor with so many slots and so much memory of any kind.
func executorConfig(c *conf.Conf, id ids.ExecutorID, slots int, memory int64, appDir string) executor.Config {
	compression, err := codec.ParseCompression(conf.Codec.Of(c))
	if err != nil {
		compression = codec.S2 // conf has checked the names: it does not come to this
	}
	managed := float64(memory) * conf.MemoryFraction.Of(c)
	return executor.Config{
		ID: id, Slots: slots,
		Memory:    int64(managed),
		Protected: int64(managed * conf.StorageFraction.Of(c)),
		Dir:       filepath.Join(appDir, "executor-"+strconv.Itoa(int(id))),
		Reading: shuffle.ReadConfig{
			MaxBytesInFlight: int64(conf.MaxBytesInFlight.Of(c)),
			MaxSegment:       int64(conf.MaxSegmentInMemory.Of(c)),
			Retries:          conf.FetchRetries.Of(c),
			RetryWait:        conf.FetchRetryWait.Of(c),
		},
		CheckRows:   conf.CheckRows.Of(c),
		Compression: compression,
		Heartbeat:   heartbeat(c),
	}
}

// progressPeriod is how often executors tell how far their tasks are when slow ones are looked for.
const progressPeriod = time.Second

// heartbeat is how often an executor reports.
func heartbeat(c *conf.Conf) time.Duration {
	every, said := conf.HeartbeatInterval.Lookup(c)
	if !said && conf.Speculation.Of(c) {
		return progressPeriod
	}
	return every
}
