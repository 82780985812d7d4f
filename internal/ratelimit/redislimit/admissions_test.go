package redislimit_test

import (
	"slices"
	"sync"
	"time"

	"github.com/partner-center/connector/internal/ratelimit"
)

// span is when an admitted call was made and answered. It was admitted in between.
type span struct{ sent, received time.Time }

// admissions are the admitted calls of a test. They are safe for concurrent use.
type admissions struct {
	mu    sync.Mutex
	spans map[ratelimit.Key][]span
}

// add adds an admitted call.
func (a *admissions) add(key ratelimit.Key, s span) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.spans == nil {
		a.spans = map[ratelimit.Key][]span{}
	}
	a.spans[key] = append(a.spans[key], s)
}

// since returns how many calls of key were made after an instant.
func (a *admissions) since(key ratelimit.Key, at time.Time) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := 0
	for _, s := range a.spans[key] {
		if s.sent.After(at) {
			n++
		}
	}
	return n
}

// total returns the number of calls of all keys.
func (a *admissions) total() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := 0
	for _, spans := range a.spans {
		n += len(spans)
	}
	return n
}

// most returns the most calls of one key that were certainly admitted within some window: made and
// answered in it.
func (a *admissions) most(window time.Duration) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	most := 0
	for _, spans := range a.spans {
		slices.SortFunc(spans, func(a, b span) int { return a.sent.Compare(b.sent) })
		for i, first := range spans {
			most = max(most, within(spans[i:], first.sent.Add(window)))
		}
	}
	return most
}

// within returns how many of the spans, which are sorted, end before an instant.
func within(spans []span, end time.Time) int {
	n := 0
	for _, s := range spans {
		if !s.sent.Before(end) {
			break
		}
		if s.received.Before(end) {
			n++
		}
	}
	return n
}
