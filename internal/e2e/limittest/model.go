// Package limittest defines the limit as a model that is obviously right: it keeps every admission
// and counts them for each decision. Tests hold every limiter to it.
package limittest

import (
	"maps"
	"slices"
	"time"

	"github.com/partner-center/connector/internal/ratelimit"
)

// Model is the definition of the limit. It is not safe for concurrent use.
type Model struct {
	calls    int
	window   time.Duration
	admitted map[ratelimit.Key][]time.Time
}

// NewModel returns a model of calls per window.
func NewModel(calls int, window time.Duration) *Model {
	return &Model{calls: calls, window: window, admitted: map[ratelimit.Key][]time.Time{}}
}

// Clone returns a copy.
func (m *Model) Clone() *Model {
	c := *m
	c.admitted = maps.Clone(m.admitted)
	for key, times := range c.admitted {
		c.admitted[key] = slices.Clone(times)
	}
	return &c
}

// Live returns the number of keys with an admission in the window that ends now.
func (m *Model) Live(now time.Time) int {
	n := 0
	for key := range m.admitted {
		if len(m.live(key, now)) > 0 {
			n++
		}
	}
	return n
}

// Peek returns the decision on a call of key.
func (m *Model) Peek(key ratelimit.Key, now time.Time) ratelimit.Decision {
	live := m.live(m.Counted(key, now), now)
	d := ratelimit.Decision{Allowed: len(live) < m.calls, Remaining: m.calls - len(live)}
	if len(live) > 0 {
		d.NextSlot = m.window - now.Sub(live[0])
	}
	return d
}

// Take returns the decision on a call of key and counts it if it is admitted.
func (m *Model) Take(key ratelimit.Key, now time.Time) ratelimit.Decision {
	allowed := m.Peek(key, now).Allowed
	if allowed {
		counted := m.Counted(key, now)
		m.admitted[counted] = append(m.admitted[counted], now)
	}
	d := m.Peek(key, now)
	d.Allowed = allowed
	return d
}

// Counted returns the key that a call counts under: key itself if fewer than MaxNames other names
// of its identity are live, and otherwise the identity's key without a name.
func (m *Model) Counted(key ratelimit.Key, now time.Time) ratelimit.Key {
	others := 0
	for other := range m.admitted {
		named := (other.Identity == key.Identity) && (other.Name != "") && (other != key)
		if named && (len(m.live(other, now)) > 0) {
			others++
		}
	}
	if others < ratelimit.MaxNames {
		return key
	}
	return ratelimit.Key{Identity: key.Identity}
}

// live returns the admissions of key that lie in the window that ends now.
func (m *Model) live(key ratelimit.Key, now time.Time) []time.Time {
	var live []time.Time
	for _, at := range m.admitted[key] {
		if now.Sub(at) < m.window {
			live = append(live, at)
		}
	}
	return live
}

// Keys returns keys that tests draw from: a few without a name, and more names of two identities
// than may have logs of their own.
func Keys() []ratelimit.Key {
	keys := []ratelimit.Key{{Identity: "a"}, {Identity: "b"}, {Identity: "c"}}
	for i := range ratelimit.MaxNames + 3 {
		name := string(rune('A' + i))
		keys = append(keys, ratelimit.Key{Identity: "a", Name: name}, ratelimit.Key{Identity: "user", Name: name})
	}
	return keys
}
