package logsink_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partner-center/connector/internal/logsink"
)

func missing(n int) []byte { return fmt.Appendf(nil, "missing %d\n", n) }

// gate lets writes through when it is open.
type gate struct {
	open chan struct{}
	mu   sync.Mutex
	text bytes.Buffer
	err  error
}

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

// TestStuck writes far more than is kept while nothing goes out: no write waits, the first lines stay whole and in
// order, and one says how many are missing.
func TestStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan struct{})}
		s := logsink.New(g, missing)
		line := strings.Repeat("x", 1023) + "\n"
		const lines = 3000
		for i := range lines {
			fmt.Fprintf(s, "%04d%s", i, line[4:])
		}
		if s.Dropped() != lines-1024 {
			t.Errorf("%d dropped", s.Dropped())
		}
		close(g.open)
		synctest.Wait()
		io.WriteString(s, "after\n")
		if err := s.Close(time.Second); err != nil {
			t.Error(err)
		}
		got := strings.Split(g.text.String(), "\n")
		if len(got) != 1024+1+1+1 || got[1024] != fmt.Sprint("missing ", lines-1024) || got[1025] != "after" {
			t.Fatalf("%d lines, the last of them %.20q", len(got), got[max(0, len(got)-4):])
		}
		for i, line := range got[:1024] {
			if !strings.HasPrefix(line, fmt.Sprintf("%04d", i)) || len(line) != 1023 {
				t.Fatalf("line %d is %.20q", i, line)
			}
		}
	})
}

// TestFull counts lines that cannot be written, and goes on when they can.
func TestFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan struct{}), err: errors.New("no space left")}
		close(g.open)
		s := logsink.New(g, missing)
		io.WriteString(s, "lost\n")
		synctest.Wait()
		g.fail(nil)
		io.WriteString(s, "kept\n")
		if err := s.Close(time.Second); err != nil || g.text.String() != "kept\nmissing 1\n" || s.Dropped() != 1 {
			t.Errorf("%q, %d dropped, %v", g.text.String(), s.Dropped(), err)
		}
	})
}

// TestCloseGivesUp does not wait longer than it may.
func TestCloseGivesUp(t *testing.T) {
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
}

func BenchmarkWrite(b *testing.B) {
	s := logsink.New(io.Discard, missing)
	line := []byte(strings.Repeat("x", 400) + "\n")
	for b.Loop() {
		s.Write(line)
	}
	s.Close(time.Second)
}
