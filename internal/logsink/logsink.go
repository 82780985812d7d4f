// Package logsink writes a log to where it may get stuck. Write never waits: while the reader of a pipe does not read, or
// a disk is full, lines are kept up to a bound and dropped beyond it, and counted. When lines go out again, one says
// how many are missing. Lines keep their order and are never cut; what is kept when the process is killed is lost.
package logsink

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// capacity is how many bytes of lines wait for their reader.
const capacity = 1 << 20

// Sink is the writer. It is safe for concurrent use.
type Sink struct {
	out     io.Writer
	missing func(dropped int) []byte // the line that tells of dropped ones

	mu      sync.Mutex
	wake    *sync.Cond // lines wait, or the sink is closed
	lines   [][]byte
	waiting int // bytes of lines, and of those being written
	dropped int // lines since the last that told
	total   int // dropped ever
	closed  bool
	done    chan struct{}
}

// New returns a sink before out. The function makes the line that says how many lines have been dropped.
func New(out io.Writer, missing func(dropped int) []byte) *Sink {
	s := &Sink{out: out, missing: missing, done: make(chan struct{})}
	s.wake = sync.NewCond(&s.mu)
	go s.drain()
	return s
}

// Write takes one line, which it copies, or drops it. It never fails.
func (s *Sink) Write(line []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.waiting+len(line) > capacity {
		s.dropped++
		s.total++
		return len(line), nil
	}
	s.lines = append(s.lines, append([]byte(nil), line...))
	s.waiting += len(line)
	s.wake.Signal()
	return len(line), nil
}

// Dropped is how many lines have been dropped so far.
func (s *Sink) Dropped() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.total
}

// Close takes no more lines, and returns when those that wait have been written or the time is over.
func (s *Sink) Close(within time.Duration) error {
	s.mu.Lock()
	s.closed = true
	s.wake.Signal()
	s.mu.Unlock()
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-s.done:
		return nil
	case <-timer.C:
		return fmt.Errorf("logsink: the log cannot be written within %v", within)
	}
}

// drain writes lines until the sink is closed and empty. A line that cannot be written counts as dropped.
func (s *Sink) drain() {
	defer close(s.done)
	for {
		lines, ok := s.next()
		if !ok {
			return
		}
		for _, line := range lines {
			_, err := s.out.Write(line)
			s.mu.Lock()
			s.waiting -= len(line)
			if err != nil {
				s.dropped++
				s.total++
			}
			s.mu.Unlock()
		}
	}
}

// next returns the lines to write, behind them the one that tells of dropped ones; false: there will be none.
func (s *Sink) next() ([][]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.lines) == 0 && !s.closed {
		s.wake.Wait()
	}
	lines := s.lines
	s.lines = nil
	if len(lines) > 0 && s.dropped > 0 {
		line := s.missing(s.dropped)
		s.dropped = 0
		s.waiting += len(line)
		lines = append(lines, line)
	}
	return lines, len(lines) > 0
}
