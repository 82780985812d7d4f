package proxy

import (
	"encoding/binary"
	"encoding/json"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/partner-center/connector/internal/fault"
)

// An activityCursor is what OnActivity remembers between two calls. Partner Center lists records by day,
// and one can appear later than those that follow it. So each sweep reads all pages since the horizon,
// one page a call, and leaves out the records that were handed over before: the cursor has their keys.
// Behind the newest record, the horizon keeps a distance of lateRecords, or of as many records as a
// cursor has room for. Records in progress are held back until they are finished, or older than
// unfinished.
//
// The times are those of the records, in seconds since 1970; a clock is not needed.
type activityCursor struct {
	Filter  uint32 `json:"filter"` // hash of the filter
	Started bool   `json:"started,omitempty"`

	Horizon int64 `json:"horizon,omitempty"` // what is older has been handed over; 0: nothing has
	Newest  int64 `json:"newest,omitempty"`  // of all records; 0: there were none
	Undated bool  `json:"undated,omitempty"` // Partner Center does not take the horizon as a start date

	// Of the sweep.
	Token  string `json:"token,omitempty"`  // of its next page; empty: a new sweep begins
	Day    string `json:"day,omitempty"`    // start date of its requests; empty: none
	Passed int64  `json:"passed,omitempty"` // what is newer than that was on its pages; 0: nothing is known
	Floor  int64  `json:"floor,omitempty"`  // what it handed over and is older has no key
	Top    int64  `json:"top,omitempty"`    // what is newer than that came after its first page; 0: nothing is known

	// impatient makes the first sweep end with its first page if Partner Center lists the newest records
	// first.
	impatient bool

	before []recordKey // handed over before this sweep
	since  []recordKey // handed over in this sweep
	held   []recordKey // held back
}

const (
	lateRecords = int64(24 * time.Hour / time.Second)
	unfinished  = int64(6 * time.Hour / time.Second)

	// Of how many records a cursor has keys, so that a request with it stays below 8 KiB.
	maxBefore = 600 // between two sweeps, with those that are held back
	maxHeld   = 150
	maxOld    = 680  // in a sweep, of all but those that it handed over
	minSince  = 50   // in a sweep, of those that it handed over
	maxEdge   = 100  // of the last page: new records can move them to the next one
	maxBytes  = 5200 // of all, and the token
	keyBytes  = 6    // of a key, on average: in a day, hundreds are less than two hours apart
)

// readActivityCursor reads a cursor. The text has been sealed by the service, so an error is one of the
// service. A cursor of another filter is one that begins, as an empty text is.
func readActivityCursor(text string, filter activityFilter) (*activityCursor, error) {
	c := &activityCursor{Filter: filter.hash()}
	if text == "" {
		return c, nil
	}
	header, keys, _ := strings.Cut(text, "\n")
	var read activityCursor
	if err := json.Unmarshal([]byte(header), &read); err != nil {
		return nil, &fault.Error{Code: fault.InternalError}
	}
	if read.Filter != c.Filter {
		return c, nil
	}
	rest, ok := []byte(keys), true
	for _, list := range []*[]recordKey{&read.before, &read.since, &read.held} {
		if *list, rest, ok = cutKeys(rest); !ok {
			return nil, &fault.Error{Code: fault.InternalError}
		}
	}
	return &read, nil
}

// String returns the cursor as text, which may have any bytes.
func (c *activityCursor) String() string {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // texts and numbers can always be encoded
	}
	text = append(text, '\n')
	for _, list := range [][]recordKey{c.before, c.since, c.held} {
		text = appendKeys(text, list)
	}
	return string(text)
}

// appendKeys appends the number of keys and, in their order, the seconds between two of them and the hash.
func appendKeys(text []byte, keys []recordKey) []byte {
	text = binary.AppendUvarint(text, uint64(len(keys)))
	last := int64(0)
	for _, k := range slices.Sorted(slices.Values(keys)) {
		text = binary.AppendUvarint(text, uint64(k.second()-last))
		text = binary.BigEndian.AppendUint32(text, uint32(k))
		last = k.second()
	}
	return text
}

// cutKeys reads what appendKeys wrote at the beginning of text, and returns the rest.
func cutKeys(text []byte) (keys []recordKey, rest []byte, ok bool) {
	count, size := binary.Uvarint(text)
	if size <= 0 {
		return nil, nil, false
	}
	text = text[size:]
	second := uint64(0)
	for range count {
		after, size := binary.Uvarint(text)
		if size <= 0 || len(text) < size+4 {
			return nil, nil, false
		}
		second += after
		keys = append(keys, recordKey(second<<32|uint64(binary.BigEndian.Uint32(text[size:]))))
		text = text[size+4:]
	}
	return keys, text, true
}

// hash identifies the filter.
func (f activityFilter) hash() uint32 {
	hash := fnv.New32a()
	hash.Write([]byte(strings.ToLower(f.resourceType + "\n" + f.customer + "\n" + f.operationType)))
	return hash.Sum32()
}

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
	if oldest == 0 || c.Undated {
		return ""
	}
	return time.Unix(oldest, 0).UTC().Format(time.DateOnly)
}

// retreat makes the cursor ask for less, because Partner Center has rejected the request. It returns
// false if it cannot: then the request was wrong for another reason.
func (c *activityCursor) retreat() bool {
	switch {
	case c.Token != "" && !c.Started && c.Passed != 0: // enough is known
		c.Floor = max(c.Floor, c.Passed+1)
		c.finish()
	case c.Token != "": // may have expired
		c.Token = ""
	case c.Day != "": // may be too old
		c.Undated = true
	default:
		return false
	}
	return true
}

// advance takes a page into account and returns the records on it that are to be handed over.
func (c *activityCursor) advance(page activityPage) (fresh []activityRecord) {
	if c.Token == "" && c.Top == 0 && page.isNewestFirst() {
		c.Top = page.newest()
	}
	if c.Started || c.Top == 0 {
		c.Newest = max(c.Newest, page.newest())
	} else {
		c.Newest = c.Top
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
	c.trim(page, len(page.token))
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
	case !c.Started && c.Top != 0 && second > c.Top: // the next sweep hands it over
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
	if len(c.held) == maxHeld || len(c.before)+len(c.held) == maxOld {
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

// trim drops keys of this sweep that are too many beside a token: the oldest ones, but for those at the
// end of the page, which may come again, and those that the sweep has not come to.
func (c *activityCursor) trim(page activityPage, token int) {
	var edge []recordKey
	for _, r := range page.records[max(0, len(page.records)-maxEdge):] {
		edge = append(edge, r.key)
	}
	surplus := len(c.since) - max(minSince, (maxBytes-token)/keyBytes-len(c.before)-len(c.held)-maxEdge)
	slices.Sort(c.since)
	c.since = slices.DeleteFunc(c.since, func(k recordKey) bool {
		if surplus <= 0 || k.second() <= c.Passed || slices.Contains(edge, k) {
			return false
		}
		surplus--
		c.Floor = max(c.Floor, k.second()+1)
		return true
	})
}

// finish ends the sweep, so that the next call begins another one.
func (c *activityCursor) finish() {
	horizon := max(c.Horizon, c.Floor, c.Newest-lateRecords)
	all := slices.Sorted(slices.Values(slices.Concat(c.before, c.since, c.dropHeld())))
	if surplus := len(all) + len(c.held) - maxBefore; surplus > 0 {
		horizon = max(horizon, all[surplus-1].second()+1)
	}
	c.before = slices.DeleteFunc(all, func(k recordKey) bool { return k.second() < horizon })
	c.Undated = c.Undated && (horizon == c.Horizon)
	c.Started, c.Horizon, c.since = true, horizon, nil
	c.Token, c.Floor, c.Passed, c.Top = "", 0, 0, 0
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
