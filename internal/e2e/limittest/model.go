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
	admitted map[ratelimit.Key][]time.Time // by the key that they count under
	asked    map[ratelimit.Key][]time.Time // by the key that they were asked for
	overflow map[string]time.Time          // by identity, the last admission that counts under its shared key
}

// NewModel returns a model of calls per window.
func NewModel(calls int, window time.Duration) *Model {
	return &Model{
		calls:    calls,
		window:   window,
		admitted: map[ratelimit.Key][]time.Time{},
		asked:    map[ratelimit.Key][]time.Time{},
		overflow: map[string]time.Time{},
	}
}

// Set changes the limit for decisions from now on.
func (m *Model) Set(calls int, window time.Duration) { m.calls, m.window = calls, window }

// Clone returns a copy.
func (m *Model) Clone() *Model {
	c := *m
	c.admitted, c.asked, c.overflow = clone(m.admitted), clone(m.asked), maps.Clone(m.overflow)
	return &c
}

func clone(times map[ratelimit.Key][]time.Time) map[ratelimit.Key][]time.Time {
	c := maps.Clone(times)
	for key, list := range c {
		c[key] = slices.Clone(list)
	}
	return c
}

// Live returns the number of keys with an admission in the window that ends now.
func (m *Model) Live(now time.Time) int {
	n := 0
	for key := range m.admitted {
		if len(m.live(m.admitted[key], now)) > 0 {
			n++
		}
	}
	return n
}

// Peek returns the decision on a call of key.
func (m *Model) Peek(key ratelimit.Key, now time.Time) ratelimit.Decision {
	live := m.live(m.admitted[m.Counted(key, now)], now)
	d := ratelimit.Decision{Allowed: len(live) < m.calls, Remaining: max(m.calls-len(live), 0)}
	if len(live) > 0 {
		leaves := max(len(live)-m.calls, 0) // more than calls if Set has lowered them
		d.NextSlot = m.window - now.Sub(live[leaves])
	}
	return d
}

// Take returns the decision on a call of key and counts it if it is admitted.
func (m *Model) Take(key ratelimit.Key, now time.Time) ratelimit.Decision {
	allowed := m.Peek(key, now).Allowed
	if allowed {
		counted := m.Counted(key, now)
		m.admitted[counted] = append(m.admitted[counted], now)
		m.asked[key] = append(m.asked[key], now)
		if counted != key {
			m.overflow[key.Identity] = now
		}
	}
	d := m.Peek(key, now)
	d.Allowed = allowed
	return d
}

// Counted returns the key that a call counts under. A name whose calls are live counts under its own
// key. Another name does so if fewer than MaxNames names of its identity are live, and no call of
// such a name is live under the identity's key without a name; otherwise it counts there.
func (m *Model) Counted(key ratelimit.Key, now time.Time) ratelimit.Key {
	if (key.Name == "") || (len(m.live(m.admitted[key], now)) > 0) {
		return key
	}
	names := 0
	for other, times := range m.admitted {
		if (other.Identity == key.Identity) && (other.Name != "") && (len(m.live(times, now)) > 0) {
			names++
		}
	}
	last, overflows := m.overflow[key.Identity]
	if (names < ratelimit.MaxNames) && (!overflows || (now.Sub(last) >= m.window)) {
		return key
	}
	return ratelimit.Key{Identity: key.Identity}
}

// Asked returns the number of calls that were admitted for key in the window that ends now,
// whichever key they count under.
func (m *Model) Asked(key ratelimit.Key, now time.Time) int { return len(m.live(m.asked[key], now)) }

// live returns the times that lie in the window that ends now.
func (m *Model) live(times []time.Time, now time.Time) []time.Time {
	var live []time.Time
	for _, at := range times {
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
