package ratelimit_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/ratelimit"
)

// TestMillionIdentities has a million keys call once each: memory stays bounded, what has been counted is kept, and who
// finds no room is told so.
func TestMillionIdentities(t *testing.T) {
	before := heap()
	l := newLimiter(t, 100, time.Minute)
	first := named("the first")
	take(t, l, first)
	refused := 0
	for i := range 1_000_000 {
		if _, err := l.Take(t.Context(), ratelimit.Key{Identity: fmt.Sprintf("%08x-0000-4000-8000-000000000000/user/client", i), Name: "c"}); err == ratelimit.ErrFull {
			refused++
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if refused == 0 {
		t.Error("none refused")
	}
	if d := take(t, l, first); d.Remaining != 98 {
		t.Errorf("the first has %d calls left", d.Remaining)
	}
	if used := (heap() - before) >> 20; used > 128 {
		t.Errorf("%d MiB", used)
	} else {
		t.Logf("%d MiB, %d keys refused", used, refused)
	}
	runtime.KeepAlive(l)
}
