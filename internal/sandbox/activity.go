package sandbox

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	activityEvery = time.Hour           // between two changes before the start
	activityKept  = 90 * 24 * time.Hour // how far back Partner Center answers
	activityUsual = 30 * 24 * time.Hour // how far back it answers if it is not asked for a date
	inProgress    = time.Minute         // how long a change that takes time is in progress
	lateBy        = 5                   // a late record appears after that many further changes
)

// A change is what an audit record describes.
type change struct {
	n       int64 // number of the change
	date    time.Time
	appears time.Time // when its record can be read
}

// changes returns the changes of the time until now, of which the records can be read, the latest first.
// Before the start of the sandbox there is one every hour, later one at each interval.
func (s *store) changes(now time.Time) []change {
	var all []change
	first := now.Add(-activityKept).Truncate(activityEvery)
	for date := first; !date.After(s.started); date = date.Add(activityEvery) {
		all = append(all, newChange(date.Unix()/int64(activityEvery/time.Second), date, activityEvery))
	}
	skipped := max(0, now.Sub(s.started)-activityKept) / s.interval // by an old sandbox
	for n := int64(skipped) + 1; ; n++ {
		date := s.started.Add(time.Duration(n) * s.interval)
		if date.After(now) {
			break
		}
		all = append(all, newChange(s.started.Unix()+n, date, s.interval))
	}
	all = slices.DeleteFunc(all, func(c change) bool { return c.appears.After(now) })
	slices.Reverse(all)
	return all
}

// newChange returns a change. The record of every tenth one is late.
func newChange(n int64, date time.Time, interval time.Duration) change {
	c := change{n, date, date}
	if n%10 == 4 {
		c.appears = date.Add(lateBy * interval)
	}
	return c
}

// listActivity returns audit records, the latest first. Like Partner Center, it takes dates without a
// time, one filter, and continuation tokens.
func (s *store) listActivity(q *request) answer {
	now := time.Now().UTC()
	size := q.number("size", 1, 500, 500)
	from := q.date("startDate", now.Add(-activityUsual))
	to := q.date("endDate", now)
	filter := q.query.Get("filter")
	matches := q.activityFilter(filter)
	if q.err == nil && from.Before(now.Add(-activityKept).Truncate(24*time.Hour)) {
		q.err = fmt.Errorf("the request is invalid: startDate is more than 90 days ago")
	}
	if q.err != nil {
		return invalid(q.err)
	}
	var matching []change
	for _, c := range s.changes(now) {
		isOfRange := !c.date.Before(from) && c.date.Before(to.Add(24*time.Hour))
		if kind, customer := s.kindOf(c); isOfRange && matches(kind, customer) {
			matching = append(matching, c)
		}
	}
	list := url.Values{}
	for _, name := range []string{"startDate", "endDate", "filter"} {
		if q.query.Has(name) {
			list.Set(name, q.query.Get(name))
		}
	}
	start := q.start(list.Encode(), len(matching))
	if q.err != nil {
		return invalid(q.err)
	}
	end := min(start+size, len(matching))
	var records []string
	for _, c := range matching[start:end] {
		kind, customer := s.kindOf(c)
		records = append(records, c.record(kind, customer, now))
	}
	list.Set("size", strconv.Itoa(size))
	links := link("self", "/auditrecords?"+list.Encode())
	if end < len(matching) {
		list.Del("size")
		links += next("/auditrecords?"+list.Encode(), continuation(end, list.Encode()))
	}
	return found(collection(records, links))
}

// kindOf returns what was changed, and whose it is.
func (s *store) kindOf(c change) (item, customer) {
	kinds := s.fixtures["activity/kinds"]
	others := s.customers[len(namedCustomers)+20:]
	return kinds[c.n%int64(len(kinds))], others[c.n*7%int64(len(others))]
}

// record returns the audit record of a change.
func (c change) record(kind item, of customer, now time.Time) string {
	status := "succeeded"
	if now.Sub(c.date) < inProgress {
		status = "progress"
	}
	return of.values().Replace(strings.NewReplacer(
		"{record}", fmt.Sprintf("%s_%s_%d", tenantID[:8], of.id[:8], c.n),
		"{partner}", tenantID,
		"{application}", clientID,
		"{correlation}", guid(fmt.Sprint("change ", c.n)),
		"{date}", c.date.UTC().Format("2006-01-02T15:04:05.0000000Z"),
		"{status}", status,
	).Replace(kind.json))
}

// activityFilter returns whether a kind of change of a customer matches a filter. One that Partner Center
// does not support sets q.err.
func (q *request) activityFilter(filter string) func(item, customer) bool {
	if filter == "" {
		return func(item, customer) bool { return true }
	}
	f := q.parseFilter(filter)
	switch f["Field"] + " " + f["Operator"] {
	case "CustomerId equals":
		return func(kind item, of customer) bool {
			return kind.keys.CustomerID != "" && strings.EqualFold(of.id, f["Value"])
		}
	case "ResourceType equals":
		return func(kind item, _ customer) bool { return strings.EqualFold(kind.keys.ResourceType, f["Value"]) }
	case "CompanyName substring":
		return func(kind item, of customer) bool {
			return kind.keys.CustomerName != "" &&
				strings.Contains(strings.ToLower(of.company), strings.ToLower(f["Value"]))
		}
	}
	if q.err == nil {
		q.err = fmt.Errorf("the filter %.200q is not supported: CustomerId and ResourceType take the operator equals, "+
			"CompanyName takes substring", filter)
	}
	return nil
}

// date returns a parameter that must be a day, or absent if it is not given.
func (q *request) date(name string, absent time.Time) time.Time {
	s := q.query.Get(name)
	if s == "" {
		return absent
	}
	day, err := time.Parse(time.DateOnly, s)
	if err != nil {
		q.err = fmt.Errorf("the value %.100q of %s is not a day, yyyy-mm-dd", s, name)
	}
	return day
}
