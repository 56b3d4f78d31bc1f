package wire

import "github.com/kilnproject/kiln/internal/core/task"

// JoinDown is how many messages at the front of batch, at least one, may travel as one of not much more than limit bytes. The
// receiver takes a message field by field, so nothing may overtake what it must not: a stage attempt that is sent again must
// not arrive before it is forgotten, and a task must not run, and a copy not begin, before the blocks are dropped that are to be made anew. A kill and
// the launch of another attempt may change places.
func JoinDown(batch []*Down, limit int) int {
	late, bytes := false, 0
	for i, d := range batch {
		bytes += d.Weight()
		if i > 0 {
			early := len(d.Stages) > 0 || len(d.Launches) > 0 || len(d.Kills) > 0 || len(d.Copies) > 0
			if d.Welcome != nil || late && early || bytes > limit {
				return i
			}
		}
		if d.Stop {
			return i + 1
		}
		late = late || len(d.Forget) > 0 || len(d.Drop) > 0
	}
	return len(batch)
}

// JoinUp is as JoinDown. Ends and block changes may change places, and a later heartbeat stands for those before it.
func JoinUp(batch []*Up, limit int) int {
	bytes := 0
	for i, u := range batch {
		bytes += u.Weight()
		if i > 0 && (u.Hello != nil || bytes > limit) {
			return i
		}
		if u.Failure != "" {
			return i + 1
		}
	}
	return len(batch)
}

// Weight is about how many bytes the message takes on its way.
func (d *Down) Weight() int {
	n := 64 * (1 + len(d.Launches) + len(d.Kills) + len(d.Forget) + len(d.Drop) + len(d.Copies))
	for i := range d.Launches {
		n += len(d.Launches[i].Split)
	}
	var before *task.Reply
	for i := range d.Replies {
		n += weight(&d.Replies[i], before)
		before = &d.Replies[i]
	}
	for _, s := range d.Stages {
		n += 64 + len(s.Body) + 16*len(s.Hosts)
		n += WeightOfInputs(s.Inputs)
	}
	return n
}

// Weight is about how many bytes the message takes on its way.
func (u *Up) Weight() int {
	n := 64 * (1 + len(u.Ends) + len(u.Blocks) + len(u.Copied))
	for i := range u.Ends {
		e := &u.Ends[i]
		n += len(e.Result) + len(e.Sizes.Codes) + 16*len(e.Sizes.Exact)
		for _, up := range e.Updates {
			n += 8 + len(up.Value)
		}
		if e.Reason.Error != nil {
			n += len(e.Reason.Error.Text) + len(e.Reason.Error.Stack) + len(e.Reason.Error.Value)
		}
	}
	for i := range u.Copied {
		n += len(u.Copied[i].Error)
	}
	for i := range u.Calls {
		n += 64 + len(u.Calls[i].Message)
	}
	if u.Heartbeat != nil {
		n += 16 * len(u.Heartbeat.Running)
	}
	return n
}
