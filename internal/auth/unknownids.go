package auth

import "time"

// unknownIDs limits the fetches that unknown key IDs trigger. Anyone can send tokens with invented
// IDs, so such fetches must be rare; but a token signed with a new key must not wait long because
// of them. It is not safe for concurrent use.
type unknownIDs struct {
	wanted map[string]bool // IDs that callers waiting for the fetch in flight need
	next   time.Time       // when an unknown ID may trigger a fetch again
	pause  time.Duration   // length of the current pause; doubled by each fetch without a wanted ID
}

const (
	firstPause = time.Minute      // after a fetch without a wanted ID; doubled after each further one
	longPause  = 5 * time.Minute  // the longest pause
	quiet      = 10 * time.Minute // after this long without an unknown ID, the pause starts from firstPause again
)

// pausing reports whether an unknown ID must not trigger a fetch yet.
func (u *unknownIDs) pausing(now time.Time) bool { return now.Before(u.next) }

// fetched updates the pause after a fetch that returned keys. If it returned none, the pauses of
// failed fetches apply instead.
func (u *unknownIDs) fetched(keys keySet) {
	defer clear(u.wanted)
	if len(keys) == 0 {
		return
	}
	missing, now := 0, time.Now()
	for id := range u.wanted {
		if keys[id] == nil {
			missing++
		}
	}
	if (missing < len(u.wanted)) || (now.Sub(u.next) >= quiet) {
		u.pause = 0
	}
	if missing > 0 {
		u.pause = min(max(2*u.pause, firstPause), longPause)
		u.next = now.Add(u.pause)
	}
}
