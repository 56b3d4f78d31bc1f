package op

import (
	"errors"
	"fmt"

	"github.com/kilnproject/kiln/internal/core/plan"
	"github.com/kilnproject/kiln/internal/data/funcs"
)

// Run runs the body of t's stage for one partition and gives the task's answer. Operators are decoded afresh, which is what binds
// accumulators and broadcasts in their environments to this task. It returns the error of the user's code or of the engine; a panic
// passes through after the output was aborted.
func Run(t *Task, body *plan.Body, partition int, splits []byte) (a Answer, err error) {
	p := &program{t: t, body: body, ops: make([]any, len(body.Nodes)), splits: splits}
	t.Part = partition
	output, err := decode[Output](t, body.Output)
	if err != nil {
		return Answer{}, fmt.Errorf("decode the output operator of %v: %w", t.Ref, err)
	}
	sink, done, err := output.Open(t)
	if err != nil {
		return Answer{}, err
	}
	finished := false
	defer func() {
		if !finished {
			done.Abort()
		}
	}()
	if err := p.run(int32(len(body.Nodes)-1), int32(partition), sink); err != nil && !errors.Is(err, ErrStop) {
		return Answer{}, err
	}
	if err := sink.close(); err != nil && !errors.Is(err, ErrStop) {
		return Answer{}, err
	}
	if err := t.Err(); err != nil {
		return Answer{}, err
	}
	finished = true
	return done.Finish()
}

// program is one task's decoded body.
type program struct {
	t      *Task
	body   *plan.Body
	ops    []any
	splits []byte
}

func (p *program) op(node int32) (any, error) {
	if p.ops[node] == nil {
		n := &p.body.Nodes[node]
		o, rest, err := funcs.DecodeOp(p.t, n.Op)
		if err == nil && len(rest) != 0 {
			err = fmt.Errorf("%d bytes are left over", len(rest))
		}
		if err != nil {
			return nil, fmt.Errorf("decode operator %s of %v at %s: %w", n.Verb, p.t.Ref, n.Site, err)
		}
		p.ops[node] = o
	}
	return p.ops[node], nil
}

func decode[O any](t *Task, src []byte) (O, error) {
	var none O
	o, rest, err := funcs.DecodeOp(t, src)
	if err != nil {
		return none, err
	}
	typed, ok := o.(O)
	if !ok || len(rest) != 0 {
		return none, fmt.Errorf("%T cannot stand here", o)
	}
	return typed, nil
}

// run pushes the rows of one partition of a node into sink.
func (p *program) run(node, partition int32, sink *Sink) error {
	o, err := p.op(node)
	if err != nil {
		return err
	}
	p.t.Part = int(partition)
	switch o := o.(type) {
	case Transform:
		up, err := o.Wire(p.t, sink)
		if err != nil {
			return err
		}
		err = p.inputs(node, partition)[0].Run(up)
		if err != nil && !errors.Is(err, ErrStop) {
			return err
		}
		if endErr := up.close(); endErr != nil {
			return endErr
		}
		return err
	case Source:
		split, err := plan.Split(p.splits, node, partition)
		if err != nil {
			return err
		}
		return o.Read(p.t, int(partition), split, sink)
	case Combine:
		return o.Run(p.t, p.inputs(node, partition), sink)
	}
	return fmt.Errorf("%T is not an operator", o)
}

func (p *program) inputs(node, partition int32) []Input {
	edges := p.body.Nodes[node].In
	in := make([]Input, len(edges))
	for i, e := range edges {
		in[i] = &input{p: p, node: e.Node, parts: e.Map.Of(partition, nil)}
	}
	return in
}

// input is one edge of a node with the partitions chosen for one task.
type input struct {
	p     *program
	node  int32
	parts []int32
}

func (in *input) Parts() int { return len(in.parts) }

func (in *input) Run(sink *Sink) error {
	for i := range in.parts {
		if err := in.RunPart(i, sink); err != nil {
			return err
		}
	}
	return nil
}

func (in *input) RunPart(i int, sink *Sink) error { return in.p.run(in.node, in.parts[i], sink) }
