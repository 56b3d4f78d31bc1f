package transport

import "io"

// joinLimit is about how many bytes messages are joined up to. More than that gains nothing and makes the first of them wait.
const joinLimit = 256 << 10

// pumpOut sends what is put into q until q has ended and is empty, which gives nil, or send fails. While one message is on its
// way out others gather, and go together next: join tells how many.
func pumpOut[M any](q *queue[M], join func(batch []*M, limit int) int, send func(batch ...*M) error) error {
	var batch []*M
	for {
		clear(batch)
		var err error
		if batch, err = q.take(batch[:0]); err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
		for rest := batch; len(rest) > 0; {
			n := join(rest, joinLimit)
			if err := send(rest[:n]...); err != nil {
				return err
			}
			rest = rest[n:]
		}
	}
}

// pumpIn puts what recv gives into q until recv fails, and gives that error. What comes after q has ended is thrown away: the other
// end may still have to notice.
func pumpIn[M any](q *queue[M], weigh func(*M) int, recv func() (*M, error)) error {
	for {
		m, err := recv()
		if err != nil {
			return err
		}
		_ = q.put(m, weigh(m), true)
	}
}
