package partnercenter

import (
	"context"
	"io"
	"slices"

	"golang.org/x/sync/semaphore"
)

// Answers up to small bytes are read without asking. Larger ones take what they may come to, and as much again for what
// is made of them, out of allLarge, which bounds what all of them take at one time. Who finds too little left waits,
// with what it has read so far, until its deadline.
const (
	small    = 512 << 10
	allLarge = 48 << 20
)

// Lease is the memory of one answer. The zero Lease is that of a small one.
type Lease struct {
	from *semaphore.Weighted
	held int64
}

// Keep gives back what an answer no longer needs but n bytes; Keep(0) ends the lease.
func (l *Lease) Keep(n int) {
	if back := l.held - int64(n); back > 0 {
		l.from.Release(back)
		l.held = int64(n)
	}
}

// lease waits until there is room for an answer of at most n bytes. One that exceeds all the room there is has it alone.
func (c *Client) lease(ctx context.Context, n int64) (Lease, error) {
	weight := min(2*n, allLarge)
	if err := c.large.Acquire(ctx, weight); err != nil {
		return Lease{}, err
	}
	return Lease{c.large, weight}, nil
}

// readTo appends what comes to buffer until that has n bytes or more, or there is no more, which is io.EOF.
func readTo(body io.Reader, buffer []byte, n int) ([]byte, error) {
	for len(buffer) < n {
		if len(buffer) == cap(buffer) {
			buffer = slices.Grow(buffer, min(max(4<<10, len(buffer)), n-len(buffer)))
		}
		read, err := body.Read(buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+read]
		if err != nil {
			return buffer, err
		}
	}
	return buffer, nil
}
