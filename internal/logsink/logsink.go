// Package logsink decouples logging from a slow or blocked output, such as a pipe that is not read
// or a full disk. Write never blocks: lines wait in a buffer of bounded size, and lines that do not
// fit are dropped and counted. When the output accepts lines again, one line reports how many were
// dropped. Lines keep their order and are written whole. Lines that are still in the buffer when
// the process is killed are lost.
package logsink

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// capacity bounds the buffered lines, in bytes.
const capacity = 1 << 20

// A Sink is a buffered io.Writer that never blocks. It is safe for concurrent use. Each Write must
// be one line.
type Sink struct {
	out     io.Writer
	missing func(dropped int) []byte // returns the line that reports dropped lines

	mu      sync.Mutex
	wake    *sync.Cond // signals new lines and closing
	lines   [][]byte
	waiting int // bytes of lines, including those being written
	dropped int // lines dropped and not reported yet
	total   int // lines dropped since the start
	closed  bool
	done    chan struct{} // closed when drain returns
}

// New returns a Sink that writes to out in the background. missing returns the line that reports
// dropped lines. The caller closes the Sink.
func New(out io.Writer, missing func(dropped int) []byte) *Sink {
	s := &Sink{out: out, missing: missing, done: make(chan struct{})}
	s.wake = sync.NewCond(&s.mu)
	go s.drain()
	return s
}

// Write copies line to the buffer, or drops it if it does not fit. It never returns an error,
// because a logger could not handle it.
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

// Dropped returns the number of lines that have been dropped since the start.
func (s *Sink) Dropped() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.total
}

// Close drops all further lines and waits until the buffered ones are written. It returns an error
// if that takes longer than within. It does not close out.
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
		return fmt.Errorf("write the remaining log: not done within %v", within)
	}
}

// drain writes lines until the sink is closed and its buffer is empty. A line whose write fails
// counts as dropped.
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

// next blocks until there are lines and returns them, followed by a report of dropped lines if
// there are any. It returns false when the sink is closed and its buffer is empty.
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
