package ratelimit

import (
	"context"
	"errors"
	"testing"
	"time"
)

// TestAnswerOfALostLink shows that an admission is not passed on when, between its question and its answer, the link
// that it came by was lost, whichever way the answer was about to be taken for good.
func TestAnswerOfALostLink(t *testing.T) {
	for _, c := range []struct {
		name  string
		next  *state // in the meantime
		now   int64  // stamped on the answer
		asked int
	}{
		{"the store is away", &state{cause: errAway}, 0, 1},
		{"another link is in use", &state{link: answering(fenced, 0, nil)}, 0, 1},
		{"the clock was set", nil, time.Hour.Microseconds(), 1},
		{"nothing", nil, 0, 1},
	} {
		r, err := NewRedis(RedisConfig{URL: "redis://localhost", Calls: 1, Window: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		first := &state{next: make(chan struct{})}
		first.link = answering(admitted, c.now, func() {
			if c.next != nil {
				c.next.next = make(chan struct{})
				r.replace(first, c.next)
			}
		})
		first.link.client = r.dial().client
		r.replace(r.state.Load(), first)
		d, err := r.Take(context.Background(), Key{Identity: "contoso"})
		if c.name == "nothing" {
			if err != nil || !d.Allowed {
				t.Errorf("%s: %+v, %v", c.name, d, err)
			}
			continue
		}
		if _, unavailable := errors.AsType[*Unavailable](err); !unavailable || d.Allowed {
			t.Errorf("%s: %+v, %v", c.name, d, err)
		}
		if s := r.state.Load(); c.next == nil && (s.link != nil || s.before != first.link || !s.distrusted) {
			t.Errorf("%s: the link is still trusted", c.name)
		}
	}
}

// answering returns a link on which each question gets the same answer, after something has happened.
func answering(verdict, now int64, happens func()) *link {
	l := &link{calls: make(chan *call), closed: make(chan struct{})}
	go func() {
		for c := range l.calls {
			if happens != nil {
				happens()
			}
			a := answer{verdict: verdict, wait: time.Second}
			a.stamped.now = now
			c.answer <- a
		}
	}()
	return l
}
