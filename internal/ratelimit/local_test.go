package ratelimit

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestRecord shows that what the store admits counts as if it had been admitted here, and that what finds no room
// takes the place of the oldest.
func TestRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, err := New(2, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		key := Key{Identity: "user", Name: "flow"}
		for i, want := range []bool{true, true, false} {
			if room := l.record(key.joined()); room != want {
				t.Errorf("admission %d: room %v", i+1, room)
			}
			time.Sleep(time.Second)
		}
		if d, _ := l.Take(context.Background(), key); d != (Decision{NextSlot: time.Minute - 2*time.Second}) {
			t.Errorf("%+v", d)
		}
		if len(l.names[key.Identity]) != 1 {
			t.Error(l.names)
		}
		time.Sleep(time.Minute)
		if !l.record(key.joined()) {
			t.Error("no room in a new window")
		}
	})
}
