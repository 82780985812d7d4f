package logsink_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partner-center/connector/internal/logsink"
)

func missing(n int) []byte { return fmt.Appendf(nil, "missing %d\n", n) }

// gate blocks writes until it is open, and then fails them with err if that is set.
type gate struct {
	open chan struct{}
	mu   sync.Mutex
	text bytes.Buffer
	err  error
}

// Write blocks until the gate is open.
func (g *gate) Write(b []byte) (int, error) {
	<-g.open
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err != nil {
		return 0, g.err
	}
	return g.text.Write(b)
}

func (g *gate) fail(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.err = err
}

func TestBlockedOutput(t *testing.T) {
	const (
		written = 3000
		kept    = 1024 // of 1 KiB each
	)
	tail := strings.Repeat("x", 1019) + "\n"
	var dropped int
	g := new(gate)
	synctest.Test(t, func(t *testing.T) {
		g.open = make(chan struct{})
		s := logsink.New(g, missing)
		for i := range written {
			fmt.Fprintf(s, "%04d%s", i, tail)
			if i == 0 {
				synctest.Wait() // until the first line blocks in the output
			}
		}
		dropped = s.Dropped()
		close(g.open)
		synctest.Wait()
		io.WriteString(s, "after\n")
		if err := s.Close(time.Second); err != nil {
			t.Error(err)
		}
	})
	lines := strings.Split(strings.TrimSuffix(g.text.String(), "\n"), "\n")
	if len(lines) != kept+2 {
		t.Fatalf("%d lines, want %d, a report and a line after it", len(lines), kept)
	}

	t.Run("counts the dropped lines", func(t *testing.T) {
		if dropped != written-kept {
			t.Errorf("%d dropped, want %d", dropped, written-kept)
		}
	})
	t.Run("keeps the first lines whole and in order", func(t *testing.T) {
		for i, line := range lines[:kept] {
			if want := fmt.Sprintf("%04d%s", i, tail[:len(tail)-1]); line != want {
				t.Fatalf("line %d is %.20q of %d bytes", i, line, len(line))
			}
		}
	})
	t.Run("reports the dropped lines and continues", func(t *testing.T) {
		want := []string{fmt.Sprint("missing ", written-kept), "after"}
		if got := lines[kept:]; !slices.Equal(got, want) {
			t.Errorf("the last lines are %q, want %q", got, want)
		}
	})
}

func TestFailingOutput(t *testing.T) {
	t.Run("loses and counts lines, and then continues", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			g := &gate{open: make(chan struct{}), err: errors.New("no space left")}
			close(g.open)
			s := logsink.New(g, missing)
			io.WriteString(s, "lost\n")
			synctest.Wait()
			g.fail(nil)
			io.WriteString(s, "kept\n")
			if err := s.Close(time.Second); err != nil {
				t.Error(err)
			}
			if got := g.text.String(); got != "kept\nmissing 1\n" || s.Dropped() != 1 {
				t.Errorf("%q, %d dropped", got, s.Dropped())
			}
		})
	})
}

func TestClose(t *testing.T) {
	t.Run("gives up after its time limit", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			g := &gate{open: make(chan struct{})}
			s := logsink.New(g, missing)
			io.WriteString(s, "stuck\n")
			began := time.Now()
			if err := s.Close(time.Second); err == nil || time.Since(began) != time.Second {
				t.Errorf("%v after %v", err, time.Since(began))
			}
			close(g.open)
		})
	})
	t.Run("drops lines that come later", func(t *testing.T) {
		var text bytes.Buffer
		s := logsink.New(&text, missing)
		io.WriteString(s, "kept\n")
		if err := s.Close(time.Minute); err != nil {
			t.Error(err)
		}
		if n, err := io.WriteString(s, "late\n"); n != 5 || err != nil {
			t.Errorf("a late line: %d, %v", n, err)
		}
		if text.String() != "kept\n" || s.Dropped() != 1 {
			t.Errorf("%q, %d dropped", &text, s.Dropped())
		}
	})
}

func BenchmarkWrite(b *testing.B) {
	s := logsink.New(io.Discard, missing)
	line := []byte(strings.Repeat("x", 400) + "\n")
	for b.Loop() {
		s.Write(line)
	}
	s.Close(time.Second)
}
