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
// The times are those of the records, in seconds since 1970. The clock of the service is not used. A
// single record with a date in the future does no harm, as the newest record is the latest but one.
type activityCursor struct {
	Filter  uint32 `json:"filter"` // hash of the filter
	Started bool   `json:"started,omitempty"`

	Horizon int64 `json:"horizon,omitempty"` // older records have been handed over; 0: none have
	Newest  int64 `json:"newest,omitempty"`  // the latest record but one; 0: there is none so far
	NoStart bool  `json:"noStart,omitempty"` // Partner Center rejected the horizon as a start date

	Retreated bool `json:"retreated,omitempty"` // Partner Center rejected a token, and none has worked since

	// The sweep under way.
	Token  string `json:"token,omitempty"`  // of its next page; empty: a new sweep begins
	Day    string `json:"day,omitempty"`    // start date of its requests; empty: none
	Top    int64  `json:"top,omitempty"`    // later records appeared after its first page; 0: not known
	Passed int64  `json:"passed,omitempty"` // oldest second that was on its pages; 0: not known
	Floor  int64  `json:"floor,omitempty"`  // keys of older records that it handed over may be dropped

	before []recordKey // handed over before this sweep
	since  []recordKey // handed over in this sweep
	held   []recordKey // held back

	// impatient makes the first sweep end with its first page if Partner Center lists the newest records
	// first.
	impatient bool
}

const (
	lateRecords = int64(24 * time.Hour / time.Second)
	unfinished  = int64(6 * time.Hour / time.Second)

	// Limits of the keys in a cursor, so that a request with it stays below 8 KiB.
	maxKept   = 600  // between two sweeps: before and held
	maxHeld   = 150  // held
	minBefore = 300  // in a sweep: before, if there were as many
	maxEdge   = 100  // at the end of a page, from where new records can move them to the next page
	maxToken  = 2048 // bytes of a token of Partner Center
	maxBytes  = 5200 // of all keys and the token
	keyBytes  = 6    // of a key, on average: hundreds within a day are less than four hours apart
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
