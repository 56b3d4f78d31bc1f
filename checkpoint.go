package kiln

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"

	"github.com/kilnproject/kiln/internal/conf"
	"github.com/kilnproject/kiln/internal/core/plan"
	"github.com/kilnproject/kiln/internal/data/op"
	"github.com/kilnproject/kiln/storage"
)

// checkpointing is a node's wish to be written to files, and to forget its parents then.
type checkpointing struct {
	local bool
	load  []byte
}

func (n *node) checkpoint(local bool) {
	n.made("Checkpoint")
	if !local && conf.CheckpointDir.Of(n.s.conf) == "" {
		panic(&BuildError{Verb: "Checkpoint", Site: userSite(), Cause: errors.New("kiln.checkpoint.dir is not set: set it to a directory that every executor sees, or use LocalCheckpoint")})
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.base != nil {
		panic(&BuildError{Verb: "Checkpoint", Site: userSite(), Cause: errors.New("a job has run on this RDD already: ask for the checkpoint before the first action")})
	}
	if n.check == nil {
		n.check = &checkpointing{local: local, load: n.encodeOp(op.Source(&op.LoadBlocks{Rows: n.row}))}
	}
}

func (c *checkpointing) note() string {
	if c.local {
		return "local checkpoint"
	}
	return "checkpoint"
}

// write runs the job that writes the files, and gives the step that reads them.
func (c *checkpointing) write(ctx context.Context, n *node, base *plan.RDD) (*plan.RDD, error) {
	dir := conf.CheckpointDir.Of(n.s.conf)
	if c.local {
		dir = filepath.Join(n.s.dir, "checkpoints")
	}
	dir = join(dir, n.s.appID, fmt.Sprintf("rdd-%d", n.id))
	// The job runs on a node of its own, which has the step that is to be cut away.
	whole := &node{s: n.s, id: n.id, verb: n.verb, site: n.site, row: n.row, counted: base.Partitions, base: base, laid: base}
	a := &action{n: whole, verb: "Checkpoint", site: n.site}
	_, err := whole.write(ctx, a, dir, true, func(g op.Target) op.Output {
		return &op.SaveBlocks{Rows: n.row, Target: g}
	})
	if err != nil {
		return nil, err
	}
	files, err := storage.List(ctx, escapeList(dir))
	if err != nil {
		return nil, err
	}
	if len(files) != base.Partitions {
		return nil, fmt.Errorf("the checkpoint %s has %d files for %d partitions", dir, len(files), base.Partitions)
	}
	r := &plan.RDD{ID: base.ID, Verb: base.Verb, Name: base.Name, Site: base.Site, Note: c.note(), Partitions: base.Partitions, Op: c.load}
	for _, f := range files {
		r.Splits = append(r.Splits, []byte(f.Path))
	}
	return r, nil
}

// join joins path elements below a directory that may be a URL.
func join(dir string, elem ...string) string {
	if storage.Scheme(dir) == storage.FileScheme {
		return filepath.Join(append([]string{dir}, elem...)...)
	}
	return dir + "/" + path.Join(elem...)
}

// escapeList makes a path out of which SplitList makes one pattern again.
func escapeList(p string) string {
	var b []byte
	for i := range len(p) {
		if p[i] == ',' {
			b = append(b, '\\')
		}
		b = append(b, p[i])
	}
	return string(b)
}
