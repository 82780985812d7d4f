package proxy

import (
	"slices"
	"time"
)

// hasMore reports whether the sweep has further pages.
func (c *activityCursor) hasMore() bool { return c.Token != "" }

// startDate returns the day from which the next request asks for records, or "" for Partner Center's
// default, which is 30 days ago. It is the same for all pages of a sweep, to which a token belongs.
func (c *activityCursor) startDate() string {
	if c.Token == "" {
		c.Day = c.firstDay()
	}
	return c.Day
}

// firstDay returns the start date of a new sweep.
func (c *activityCursor) firstDay() string {
	oldest := c.Horizon
	if len(c.held) > 0 {
		oldest = min(oldest, slices.Min(c.held).second())
	}
	if oldest == 0 || c.NoStart {
		return ""
	}
	return time.Unix(oldest, 0).UTC().Format(time.DateOnly)
}

// retreat makes the cursor ask for less, because Partner Center has rejected the request. It returns
// false if it cannot: then the request was wrong for another reason.
func (c *activityCursor) retreat() bool {
	if c.Retreated {
		return false
	}
	c.Retreated = c.Token != ""
	switch {
	case c.Token != "" && !c.Started && c.Passed != 0: // enough is known
		c.Floor = max(c.Floor, c.Passed+1)
		c.finish()
	case c.Token != "": // may have expired
		c.Token = ""
	case c.Day != "": // may be too old
		c.NoStart = true
	default:
		return false
	}
	return true
}

// advance takes a page into account and returns the records on it that are to be handed over.
func (c *activityCursor) advance(page activityPage) (fresh []activityRecord) {
	if c.Token == "" && c.Top == 0 && page.isNewestFirst() {
		c.Top = page.records[0].key.second()
	}
	c.Retreated = c.Retreated && c.Token == ""
	if c.Started || c.Top == 0 || c.Token == "" {
		c.Newest = max(c.Newest, page.newest())
	}
	for _, r := range page.records {
		if !r.matches || !c.isNew(r) {
			continue
		}
		if !r.isFinished && c.hold(r) {
			continue
		}
		c.held = without(c.held, r.key)
		c.since = append(c.since, r.key)
		fresh = append(fresh, r)
	}
	if page.isNewestFirst() && (c.Passed == 0 || page.oldest() < c.Passed) {
		c.Passed = page.oldest()
	}
	c.trim(page)
	c.Token = page.token
	if c.isLast(page) {
		c.Token = ""
	}
	if !c.Started {
		fresh = nil
	}
	if c.Token == "" {
		c.finish()
	}
	return fresh
}

// isNew reports whether a record has not been handed over.
func (c *activityCursor) isNew(r activityRecord) bool {
	second := r.key.second()
	wasPassed := c.Passed != 0 && second > c.Passed && second <= c.Top
	switch {
	case slices.Contains(c.held, r.key):
		return true
	case second < c.Horizon:
		return false
	case wasPassed && second < c.Floor: // its key was dropped
		return false
	case !c.Started && c.Top != 0 && second > c.Top && second != undated: // the next sweep hands it over
		return false
	}
	return !slices.Contains(c.before, r.key) && !slices.Contains(c.since, r.key)
}

// hold holds back a record in progress. It returns false if the record has been in progress for too long,
// or there are too many.
func (c *activityCursor) hold(r activityRecord) bool {
	if r.key.second() < c.Newest-unfinished {
		return false
	}
	if slices.Contains(c.held, r.key) {
		return true
	}
	if len(c.held) == maxHeld {
		return false
	}
	c.held = append(c.held, r.key)
	return true
}

// isLast reports whether later pages have nothing new: there are none, or they have older records only.
func (c *activityCursor) isLast(page activityPage) bool {
	if page.token == "" {
		return true
	}
	if !page.isNewestFirst() {
		return false
	}
	oldest := page.oldest()
	if !c.Started {
		isEnough := c.impatient || (oldest < c.Floor) || (oldest < c.Newest-lateRecords)
		if isEnough {
			c.Floor = max(c.Floor, oldest+1)
		}
		return isEnough
	}
	for _, key := range c.held {
		if key.second() <= oldest {
			return false
		}
	}
	return oldest < c.Horizon
}

// trim drops keys that are too many beside the token of the next page. First it drops the oldest ones of
// before that are more than minBefore, so that the horizon comes closer. Then it drops the oldest ones of
// since, but for those at the end of the page, which may come again on the next one, and those that the
// sweep has not come to. Last, it drops any: then records can be handed over twice.
func (c *activityCursor) trim(page activityPage) {
	if page.token == "" {
		return // finish makes room
	}
	surplus := len(c.before) + len(c.since) + len(c.held) + maxEdge - (maxBytes-len(page.token))/keyBytes
	for ; surplus > 0 && len(c.before) > minBefore; surplus-- {
		c.Horizon = max(c.Horizon, c.before[0].second()+1)
		c.before = c.before[1:]
	}
	var edge []recordKey
	for _, r := range page.records[max(0, len(page.records)-maxEdge):] {
		edge = append(edge, r.key)
	}
	slices.Sort(c.since)
	c.since = slices.DeleteFunc(c.since, func(k recordKey) bool {
		if surplus <= 0 || k.second() <= c.Passed || slices.Contains(edge, k) {
			return false
		}
		surplus--
		c.Floor = max(c.Floor, k.second()+1)
		return true
	})
	c.since = c.since[min(max(0, surplus), len(c.since)):]
}

// finish ends the sweep, so that the next call begins another one.
func (c *activityCursor) finish() {
	horizon := max(c.Horizon, c.Floor, c.Newest-lateRecords)
	all := slices.Sorted(slices.Values(slices.Concat(c.before, c.since, c.dropHeld())))
	if surplus := len(all) + len(c.held) - maxKept; surplus > 0 {
		horizon = max(horizon, all[surplus-1].second()+1)
	}
	horizon = min(horizon, c.Newest+1) // unless all that have no date are too many
	c.before = slices.DeleteFunc(all, func(k recordKey) bool { return k.second() < horizon })
	c.NoStart = c.NoStart && (horizon == c.Horizon)
	c.Started, c.Horizon, c.since = true, horizon, nil
	c.Token, c.Floor, c.Passed, c.Top, c.Retreated = "", 0, 0, 0, false
}

// dropHeld removes records that need not be held back any longer, and returns them. In the first sweep,
// they are those that have been in progress for too long. Later ones would have been handed over, so
// Partner Center does not have them any more.
func (c *activityCursor) dropHeld() (dropped []recordKey) {
	oldest := c.Horizon - lateRecords
	if !c.Started {
		oldest = c.Newest - unfinished
	}
	c.held = slices.DeleteFunc(c.held, func(k recordKey) bool {
		if k.second() < oldest {
			dropped = append(dropped, k)
		}
		return k.second() < oldest
	})
	return dropped
}

// without returns keys without one of them.
func without(keys []recordKey, key recordKey) []recordKey {
	return slices.DeleteFunc(keys, func(k recordKey) bool { return k == key })
}
