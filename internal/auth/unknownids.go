package auth

import "time"

// unknownIDs limits the fetches that unknown key IDs trigger: tokens with invented IDs cost nothing
// to make, but a token signed with a new key must not wait for long because somebody has invented
// an ID. It is not safe for concurrent use.
type unknownIDs struct {
	wanted map[string]bool // IDs that callers of the fetch in flight look for
	next   time.Time       // when an unknown ID may trigger a fetch
	pause  time.Duration   // until then, from the last fetch that did not bring a wanted ID
}

const (
	firstPause = time.Minute      // after a fetch that did not bring a wanted ID; doubled after each further one
	longPause  = 5 * time.Minute  // the longest pause
	quiet      = 10 * time.Minute // after this long without an unknown ID, pauses begin anew
)

// pausing reports whether an unknown ID may not trigger a fetch yet.
func (u *unknownIDs) pausing(now time.Time) bool { return now.Before(u.next) }

// fetched sets the pause by what a fetch brought. Without keys there is none: the pauses of failed
// fetches apply.
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
