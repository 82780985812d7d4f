package proxy

import (
	"cmp"
	"encoding/json"
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"time"
)

// An activityRecord is an audit record with what decides whether it is handed over.
type activityRecord struct {
	text       []byte // as it is handed over, in JSON
	key        recordKey
	matches    bool // whether the filter keeps it
	isFinished bool
}

// A recordKey identifies an audit record: the second of its date since 1970 in the upper half, a hash of
// its ID in the lower one. So keys are in the order of the dates.
type recordKey uint64

// undated is the second of records without a date. It is later than all others, so that the cursor
// remembers them as long as it can.
const undated = math.MaxUint32

func (k recordKey) second() int64 { return int64(k >> 32) }

// newActivityRecord returns the record in text, a JSON object that the projection wrote.
func newActivityRecord(text []byte, filter activityFilter) activityRecord {
	var fields struct {
		ID, CustomerID, ResourceType, OperationType, OperationDate, OperationStatus string
	}
	json.Unmarshal(text, &fields) // as documented, because the projection wrote it
	id := []byte(fields.ID)
	if len(id) == 0 {
		id = withoutStatus(text)
	}
	hash := fnv.New32a()
	hash.Write(id)
	return activityRecord{
		text:       text,
		key:        recordKey(secondOf(fields.OperationDate)<<32 | uint64(hash.Sum32())),
		isFinished: !strings.EqualFold(fields.OperationStatus, "progress"),
		matches: isOneOf(filter.customer, fields.CustomerID) &&
			isOneOf(filter.resourceType, fields.ResourceType) &&
			isOneOf(filter.operationType, fields.OperationType),
	}
}

// withoutStatus returns the fields of a record except the status, which changes.
func withoutStatus(text []byte) []byte {
	var fields map[string]any
	json.Unmarshal(text, &fields)
	delete(fields, "operationStatus")
	out, _ := json.Marshal(fields) // in the order of the names
	return out
}

// secondOf returns the second of a date, or undated. A date without an offset is in UTC.
func secondOf(date string) uint64 {
	date = strings.ReplaceAll(date, " ", "")
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, date); (err == nil) && (t.Unix() > 0) && (t.Unix() < undated) {
			return uint64(t.Unix())
		}
	}
	return undated
}

// An activityPage is a page of audit records, in the order of Partner Center.
type activityPage struct {
	records []activityRecord
	token   string // of the next page; empty: none
}

// minOrdered is how many records show the order of all. Fewer may be in it by chance.
const minOrdered = 20

// isNewestFirst reports whether the page shows that later pages have older records only.
func (p activityPage) isNewestFirst() bool {
	if len(p.records) < minOrdered || p.records[0].key.second() == p.oldest() {
		return false
	}
	return slices.IsSortedFunc(p.records, func(a, b activityRecord) int {
		return cmp.Compare(b.key.second(), a.key.second())
	})
}

// oldest returns the second of the last record. It is that of the oldest one if the page is newest first.
func (p activityPage) oldest() int64 { return p.records[len(p.records)-1].key.second() }

// newest returns the second of the latest record with a date but one, or 0.
func (p activityPage) newest() (second int64) {
	latest := int64(0)
	for _, r := range p.records {
		s := r.key.second()
		if s == undated {
			continue
		}
		if s >= latest {
			latest, s = s, latest
		}
		second = max(second, s)
	}
	return second
}

// latest returns the latest finished record that the filter keeps, or none.
func (p activityPage) latest() []activityRecord {
	var found []activityRecord
	for _, r := range p.records {
		if r.matches && r.isFinished && (len(found) == 0 || r.key > found[0].key) {
			found = []activityRecord{r}
		}
	}
	return found
}
