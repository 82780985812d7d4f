package proxy_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// An auditRecord is a record of a simulated Partner Center.
type auditRecord struct {
	id                 string // empty: none
	number             int    // in customizedData, to recognize it
	date               time.Time
	appears            time.Time
	finishes           time.Time // zero: never
	customer, resource string
}

// status returns the status at a time.
func (r auditRecord) status(now time.Time) string {
	if r.finishes.IsZero() || now.Before(r.finishes) {
		return "progress"
	}
	return "succeeded"
}

// An auditUpstream is a Partner Center with a clock of its own.
type auditUpstream struct {
	now      time.Time
	records  []auditRecord // in the order of the answers
	pageSize int
	calls    int
	queries  []string
	fail     int // status of the next call; 0: none
}

// newestFirst is the order of Partner Center.
func newestFirst(a, b auditRecord) int {
	return cmp.Or(b.date.Compare(a.date), cmp.Compare(b.number, a.number))
}

// ServeHTTP answers a call.
func (u *auditUpstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	u.calls++
	q := r.URL.Query()
	u.queries = append(u.queries, r.URL.RawQuery)
	w.Header().Set("Content-Type", "application/json")
	from := u.now.AddDate(0, 0, -30)
	if q.Has("startDate") {
		from, _ = time.Parse(time.DateOnly, q.Get("startDate"))
	}
	if from.Before(u.now.AddDate(0, 0, -91)) {
		u.fail = http.StatusBadRequest
	}
	if u.fail != 0 {
		w.WriteHeader(u.fail)
		w.Write([]byte(`{"message":"The request is invalid."}`))
		u.fail = 0
		return
	}
	var filter struct{ Field, Value string }
	json.Unmarshal([]byte(q.Get("filter")), &filter)
	var listed []*auditRecord
	for i := range u.records {
		record := &u.records[i]
		if record.appears.After(u.now) || record.date.Before(from) ||
			(filter.Field == "CustomerId" && filter.Value != record.customer) ||
			(filter.Field == "ResourceType" && filter.Value != record.resource) {
			continue
		}
		listed = append(listed, record)
	}
	at, _ := strconv.Atoi(r.Header.Get("MS-ContinuationToken"))
	at = min(at, len(listed))
	end := min(at+u.pageSize, len(listed))
	var items []string
	for _, record := range listed[at:end] {
		items = append(items, record.text(u.now))
	}
	next := ""
	if end < len(listed) {
		next = fmt.Sprintf(`,"links":{"next":{"uri":"/x","headers":[{"key":"MS-ContinuationToken","value":"%d"}]}}`,
			end)
	}
	fmt.Fprintf(w, `{"items":[%s]%s}`, strings.Join(items, ","), next)
}

// text returns the record in JSON.
func (r auditRecord) text(now time.Time) string {
	id := ""
	if r.id != "" {
		id = fmt.Sprintf(`"id":%q,`, r.id)
	}
	return fmt.Sprintf(`{%s"customerId":%q,"resourceType":%q,"operationType":"update_%s","operationDate":%q,`+
		`"operationStatus":%q,"resourceOldValue":"{\"Name\":\"secret\"}",`+
		`"customizedData":[{"key":"Number","value":"%d"}]}`,
		id, r.customer, r.resource, r.resource, r.date.Format("2006-01-02T15:04:05.0000000Z"), r.status(now), r.number)
}

// A poll is an answer of OnActivity.
type poll struct {
	status   int
	numbers  []int
	statuses []string
	cursor   string
	location string
	retry    string
}

// getPoll calls OnActivity.
func getPoll(t *testing.T, h http.Handler, target string, header ...string) poll {
	t.Helper()
	if len(target) > 8<<10 {
		t.Fatalf("the target has %d bytes", len(target))
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	r.Header.Set("X-Api-Key", "sandbox")
	for pair := range slices.Chunk(header, 2) {
		r.Header.Set(pair[0], pair[1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var answer struct {
		Value []struct {
			OperationStatus  string
			ResourceOldValue *string
			CustomizedData   []struct{ Value string }
		}
		Cursor string
	}
	err := json.Unmarshal(w.Body.Bytes(), &answer)
	if err != nil || w.Code/100 != 2 {
		t.Fatalf("%.200s: status %d, %.200s", target, w.Code, w.Body)
	}
	p := poll{w.Code, nil, nil, answer.Cursor, w.Header().Get("Location"), w.Header().Get("Retry-After")}
	for _, record := range answer.Value {
		n, _ := strconv.Atoi(record.CustomizedData[0].Value)
		p.numbers = append(p.numbers, n)
		p.statuses = append(p.statuses, record.OperationStatus)
		if record.ResourceOldValue != nil {
			t.Errorf("record %d has an old value", n)
		}
	}
	return p
}

// trigger is the path of OnActivity.
const trigger = "/v1/triggers/activity"

// startAudit returns a service in front of a Partner Center with n records, an hour apart, the last of
// them an hour old.
func startAudit(t *testing.T, n int) (http.Handler, *auditUpstream) {
	t.Helper()
	u := &auditUpstream{now: time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC), pageSize: 500}
	for i := range n {
		u.add(i, u.now.Add(-time.Duration(i+1)*time.Hour))
	}
	fake := httptest.NewServer(u)
	t.Cleanup(fake.Close)
	return newLimitedService(t, fake.URL, 1000).handler, u
}

// add adds a finished record of an order.
func (u *auditUpstream) add(number int, date time.Time) {
	u.records = append(u.records, auditRecord{id: fmt.Sprintf("r_%d", number), number: number, date: date,
		appears: date, finishes: date, customer: idOf(1), resource: "order"})
	slices.SortFunc(u.records, newestFirst)
}

// addSome adds records of this moment, numbered from first on.
func (u *auditUpstream) addSome(first, count int) {
	for n := range count {
		u.add(first+n, u.now)
	}
}

// lastQuery returns the query of the last call.
func (u *auditUpstream) lastQuery(t *testing.T) url.Values {
	t.Helper()
	query, err := url.ParseQuery(u.queries[len(u.queries)-1])
	if err != nil {
		t.Fatal(err)
	}
	return query
}

// expect compares an answer with what it should be: a status, the seconds to wait, and records.
func (p poll) expect(t *testing.T, status int, retry string, numbers ...int) {
	t.Helper()
	if p.status != status || p.retry != retry || !slices.Equal(p.numbers, numbers) {
		t.Errorf("status %d, Retry-After %s, records %v; want %d, %s, %v", p.status, p.retry, p.numbers, status, retry,
			numbers)
	}
}

func TestOnActivity(t *testing.T) {
	t.Parallel()
	const accepted, ok = http.StatusAccepted, http.StatusOK
	t.Run("hands over what is new since the first call", func(t *testing.T) {
		h, u := startAudit(t, 3)
		p := getPoll(t, h, trigger)
		p.expect(t, accepted, "900")
		if query := u.lastQuery(t); query.Encode() != "size=500" {
			t.Errorf("query %v", query)
		}
		if !strings.HasPrefix(p.location, "http://example.com"+trigger+"?Since=") {
			t.Errorf("Location %s", p.location)
		}
		p = getPoll(t, h, p.location)
		p.expect(t, accepted, "900")
		if day := u.lastQuery(t).Get("startDate"); day != "2026-11-19" {
			t.Errorf("startDate %s", day)
		}
		u.add(10, u.now)
		u.add(11, u.now)
		p = getPoll(t, h, p.location)
		p.expect(t, ok, "900", 11, 10)
		getPoll(t, h, p.location).expect(t, accepted, "900")
	})
	t.Run("hands over the first record of all", func(t *testing.T) {
		h, u := startAudit(t, 0)
		p := getPoll(t, h, getPoll(t, h, trigger).location)
		p.expect(t, accepted, "900")
		u.add(1, u.now.Add(-20*24*time.Hour))
		getPoll(t, h, p.location).expect(t, ok, "900", 1)
	})
	t.Run("tells records without an ID apart", func(t *testing.T) {
		h, u := startAudit(t, 1)
		p := getPoll(t, h, getPoll(t, h, trigger).location)
		for n := range 2 {
			u.add(10+n, u.now)
			u.records[0].id = ""
		}
		p = getPoll(t, h, p.location)
		p.expect(t, ok, "900", 11, 10)
		getPoll(t, h, p.location).expect(t, accepted, "900")
	})
	t.Run("reads one page in a call", func(t *testing.T) {
		h, u := startAudit(t, 2)
		p := getPoll(t, h, trigger)
		u.pageSize = 2
		u.addSome(10, 3)
		p = getPoll(t, h, p.location)
		p.expect(t, ok, "5", 12, 11)
		if p = getPoll(t, h, p.location); u.lastQuery(t).Get("seekOperation") != "Next" {
			t.Errorf("query %v", u.lastQuery(t))
		}
		p.expect(t, ok, "5", 10)
		getPoll(t, h, p.location).expect(t, accepted, "900")
	})
	t.Run("answers the platform's policy with 200", func(t *testing.T) {
		h, u := startAudit(t, 3)
		policy := []string{"X-Connector-Trigger", "policy"}
		p := getPoll(t, h, trigger, policy...)
		p.expect(t, ok, "900", 0)
		p = getPoll(t, h, trigger+"?Since="+p.cursor, policy...)
		p.expect(t, ok, "900")
		u.add(10, u.now)
		getPoll(t, h, trigger+"?Since="+p.cursor, policy...).expect(t, ok, "900", 10)
	})
	t.Run("leaves out a start date that is rejected", func(t *testing.T) {
		h, u := startAudit(t, 2)
		p := getPoll(t, h, trigger)
		u.now = u.now.AddDate(0, 0, 100)
		p = getPoll(t, h, p.location)
		p.expect(t, accepted, "5")
		u.add(10, u.now)
		p = getPoll(t, h, p.location)
		p.expect(t, ok, "900", 10)
		if u.lastQuery(t).Has("startDate") {
			t.Errorf("query %v", u.lastQuery(t))
		}
		u.add(11, u.now)
		p = getPoll(t, h, p.location)
		p.expect(t, ok, "900", 11)
		getPoll(t, h, p.location)
		if day := u.lastQuery(t).Get("startDate"); day != "2027-02-27" {
			t.Errorf("startDate %s", day)
		}
	})
	t.Run("begins a sweep again if a token is rejected", func(t *testing.T) {
		h, u := startAudit(t, 1)
		p := getPoll(t, h, trigger)
		u.pageSize = 2
		u.addSome(10, 3)
		p = getPoll(t, h, p.location)
		p.expect(t, ok, "5", 12, 11)
		u.fail = http.StatusBadRequest
		p = getPoll(t, h, p.location)
		p.expect(t, accepted, "5")
		p = getPoll(t, h, p.location)
		p.expect(t, accepted, "5")
		getPoll(t, h, p.location).expect(t, ok, "900", 10)
	})
	t.Run("takes what comes during a first sweep of several pages for new", func(t *testing.T) {
		h, u := startAudit(t, 30)
		u.pageSize = 20
		p := getPoll(t, h, trigger)
		p.expect(t, accepted, "5")
		for n := range 25 {
			u.add(100+n, u.now.Add(-time.Duration(n)*time.Minute))
		}
		got := 0
		for range 10 {
			p = getPoll(t, h, p.location)
			got += len(p.numbers)
		}
		if got != 25 {
			t.Errorf("%d records", got)
		}
	})
	t.Run("reads on behind a page of the same second", func(t *testing.T) {
		h, u := startAudit(t, 1)
		p := getPoll(t, h, trigger)
		u.pageSize = 30
		u.addSome(100, 50)
		p = getPoll(t, h, p.location)
		if len(p.numbers) != 30 || p.retry != "5" {
			t.Errorf("%d records, Retry-After %s", len(p.numbers), p.retry)
		}
		if p = getPoll(t, h, p.location); len(p.numbers) != 20 {
			t.Errorf("%d records", len(p.numbers))
		}
	})
	t.Run("fails if Partner Center rejects each token", func(t *testing.T) {
		h, u := startAudit(t, 2)
		p := getPoll(t, h, trigger)
		u.pageSize = 2
		u.addSome(10, 3)
		p = getPoll(t, h, p.location)
		u.fail = http.StatusBadRequest
		p = getPoll(t, h, p.location)
		p = getPoll(t, h, p.location)
		p.expect(t, accepted, "5")
		u.fail = http.StatusBadRequest
		if code := failure(t, h, p.location); code != "PartnerCenterRejected" {
			t.Errorf("code %s", code)
		}
	})
	t.Run("goes on behind a record of the future", func(t *testing.T) {
		h, u := startAudit(t, 3)
		u.add(99, u.now.AddDate(50, 0, 0))
		u.records[0].appears = u.now
		p := getPoll(t, h, getPoll(t, h, trigger).location)
		u.add(10, u.now)
		p = getPoll(t, h, p.location)
		p.expect(t, ok, "900", 10)
		getPoll(t, h, p.location).expect(t, accepted, "900")
	})
	t.Run("remembers what it can of a thousand records of one second", func(t *testing.T) {
		h, u := startAudit(t, 3)
		p := getPoll(t, h, trigger)
		u.pageSize = 200
		u.addSome(10, 1000)
		seen := map[int]bool{}
		for range 6 { // getPoll checks the length
			p = getPoll(t, h, p.location)
			for _, n := range p.numbers {
				seen[n] = true
			}
		}
		if len(seen) != 1000 {
			t.Errorf("%d records", len(seen))
		}
	})
	t.Run("fails if Partner Center rejects more than that", func(t *testing.T) {
		h, u := startAudit(t, 0)
		u.fail = http.StatusBadRequest
		if code := failure(t, h, trigger); code != "PartnerCenterRejected" {
			t.Errorf("code %s", code)
		}
	})
	t.Run("begins anew with other filters", func(t *testing.T) {
		h, u := startAudit(t, 1)
		p := getPoll(t, h, trigger)
		u.add(10, u.now)
		other := trigger + "?ResourceType=order&Since=" + p.cursor
		p = getPoll(t, h, other)
		p.expect(t, accepted, "900")
		want := `{"Field":"ResourceType","Value":"order","Operator":"equals"}`
		if filter := u.lastQuery(t).Get("filter"); filter != want {
			t.Errorf("filter %s", filter)
		}
		getPoll(t, h, p.location).expect(t, accepted, "900")
	})
	t.Run("takes its own cursors only", func(t *testing.T) {
		h, _ := startAudit(t, 1)
		cursor := getPoll(t, h, trigger).cursor
		for _, target := range []string{
			trigger + "?Since=" + cursor[:len(cursor)-1], trigger + "?Since=A" + cursor, trigger + "?Since=%21",
		} {
			if code := failure(t, h, target); code != "InvalidSince" {
				t.Errorf("%.40s: %s", target, code)
			}
		}
	})
}

// failure returns the code of an error.
func failure(t *testing.T, h http.Handler, target string) string {
	t.Helper()
	var answer struct{ Error struct{ Code string } }
	w := get(h, target)
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return answer.Error.Code
}

// A week is a simulation of OnActivity.
type week struct {
	from     time.Time
	perDay   int
	pageSize int           // 0: 500
	late     time.Duration // by how much a record may appear after its date
	order    func(a, b auditRecord) int
	every    time.Duration // between polls; 0: 15 minutes
	query    string
	withoutID,
	byPolicy bool
	outages  bool
	learning time.Duration // how long the first sweep takes, in which new records may count as old
	bursts   bool          // each day, half of all happen in five minutes
	pause    bool          // the service is not polled from the third to the fifth day
}

// records returns what happens in the week and the week before, and later on so that all of it becomes
// old enough.
func (s week) records(rnd *rand.Rand) []auditRecord {
	var all []auditRecord
	count := 15 * s.perDay
	for n := range count {
		at := s.from.AddDate(0, 0, -7).Add(time.Duration(rnd.Int64N(int64(15 * 24 * time.Hour)))).Truncate(100)
		if rnd.IntN(20) == 0 {
			at = at.Truncate(time.Second) // two in the same second
		}
		if s.bursts && n%2 == 0 {
			at = at.Truncate(24 * time.Hour).Add(time.Duration(n%300) * time.Second)
		}
		r := auditRecord{id: fmt.Sprintf("r_%d", n), number: n, date: at, appears: at, customer: idOf(n % 3),
			resource: []string{"order", "subscription"}[n%2]}
		if s.late > 0 && rnd.IntN(4) == 0 {
			r.appears = at.Add(time.Duration(rnd.Int64N(int64(s.late))))
		}
		r.finishes = r.appears
		switch rnd.IntN(20) {
		case 0:
			r.finishes = at.Add(time.Duration(rnd.Int64N(int64(4 * time.Hour))))
		case 1:
			r.finishes = time.Time{}
		}
		if s.withoutID && n%5 == 0 {
			r.id = ""
		}
		all = append(all, r)
	}
	return all
}

// run polls until all has been read. It returns how often each record was handed over.
func (s week) run(t *testing.T) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(1, 2))
	u := &auditUpstream{now: s.from, records: s.records(rnd), pageSize: cmp.Or(s.pageSize, 500)}
	if s.order == nil {
		s.order = newestFirst
	}
	slices.SortFunc(u.records, s.order)
	fake := httptest.NewServer(u)
	defer fake.Close()
	h := newLimitedService(t, fake.URL, 65535).handler
	target, header := "/v1/triggers/activity?"+s.query, []string(nil)
	if s.byPolicy {
		header = []string{"X-Connector-Trigger", "policy"}
	}
	seen, statuses := map[int]int{}, map[int]string{}
	every := cmp.Or(s.every, 15*time.Minute)
	first := getPoll(t, h, target, header...)
	p := first
	for ; u.now.Before(s.from.AddDate(0, 0, 9)); u.now = u.now.Add(every) {
		if day := u.now.Sub(s.from) / (24 * time.Hour); s.pause && (day == 3 || day == 4) {
			continue
		}
		next := p.location
		if s.byPolicy {
			next = target + "&Since=" + p.cursor
		}
		if s.outages && rnd.IntN(5) == 0 {
			u.fail = http.StatusInternalServerError
			w := httptest.NewRecorder()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, next, nil)
			r.Header.Set("X-Api-Key", "sandbox")
			if h.ServeHTTP(w, r); w.Code != http.StatusBadGateway {
				t.Fatalf("status %d", w.Code)
			}
			continue
		}
		if s.outages && rnd.IntN(5) == 0 { // the answer is lost
			getPoll(t, h, next, header...)
		}
		calls := u.calls
		p = getPoll(t, h, next, header...)
		if u.calls != calls+1 {
			t.Fatalf("%d calls in a poll", u.calls-calls)
		}
		if want := !s.byPolicy && len(p.numbers) == 0; (p.status == http.StatusAccepted) != want {
			t.Fatalf("status %d with %d records", p.status, len(p.numbers))
		}
		for i, n := range p.numbers {
			seen[n]++
			statuses[n] = p.statuses[i]
		}
	}
	s.expect(t, u, seen, statuses)
}

// expect compares what was handed over with what happened.
func (s week) expect(t *testing.T, u *auditUpstream, seen map[int]int, statuses map[int]string) {
	t.Helper()
	end := s.from.AddDate(0, 0, 7)
	lost, twice, early, old, wrong := 0, 0, 0, 0, 0
	for _, r := range u.records {
		wanted := strings.Contains(s.query, "order") == (r.resource == "order") || s.query == ""
		age := s.from.Sub(r.date)
		isOld := !r.appears.After(s.from) && (r.status(s.from) != "progress" || age > 6*time.Hour)
		if age > 5*time.Hour && age < 7*time.Hour { // may count as old or as unfinished
			continue
		}
		isWithin := func(at time.Time) bool { return at.After(s.from) && at.Before(s.from.Add(s.learning)) }
		isAtHorizon := s.learning > 0 && age > 24*time.Hour // new records move others past the first sweep
		if isWithin(r.appears) || isWithin(r.finishes) || isAtHorizon {
			continue
		}
		switch n := seen[r.number]; {
		case n > 1:
			twice++
		case n > 0 && isOld:
			old++
			t.Logf("old: %+v", r)
		case n > 0 && !wanted:
			wrong++
		case n == 1 && statuses[r.number] == "progress" && !r.finishes.IsZero():
			early++
		case n == 0 && wanted && !isOld && r.appears.Before(end) && r.date.After(s.from.AddDate(0, 0, -1)):
			lost++
			t.Logf("lost: %+v", r)
		}
	}
	if lost+twice+early+old+wrong > 0 {
		t.Errorf("%d lost, %d twice, %d before they were finished, %d of before, %d not asked for",
			lost, twice, early, old, wrong)
	}
	if len(seen) < s.perDay {
		t.Errorf("only %d records", len(seen))
	}
}

// TestOnActivityWeek polls for a simulated week.
func TestOnActivityWeek(t *testing.T) {
	t.Parallel()
	plain := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	newYear := time.Date(2025, 12, 28, 23, 59, 0, 0, time.UTC)
	oldestFirst := func(a, b auditRecord) int { return newestFirst(b, a) }
	shuffled := func(a, b auditRecord) int {
		return cmp.Compare(a.number*7919%104729, b.number*7919%104729)
	}
	for name, s := range map[string]week{
		"quiet":                {from: plain, perDay: 10, late: 20 * time.Hour},
		"at the end of a year": {from: newYear, perDay: 50, late: 20 * time.Hour},
		"in the future":        {from: plain.AddDate(5, 0, 0), perDay: 50, late: 20 * time.Hour},
		"small pages":          {from: plain, perDay: 60, pageSize: 25, late: 20 * time.Hour},
		"busy":                 {from: plain, perDay: 1200, late: 4 * time.Hour, every: 30 * time.Minute},
		"by policy":            {from: plain, perDay: 100, late: 20 * time.Hour, byPolicy: true},
		"without IDs":          {from: plain, perDay: 100, late: 20 * time.Hour, withoutID: true},
		"oldest first": {from: plain, perDay: 50, pageSize: 50, late: 20 * time.Hour, order: oldestFirst,
			learning: 5 * time.Hour},
		"in no order": {from: plain, perDay: 50, pageSize: 50, late: 20 * time.Hour, order: shuffled,
			learning: 5 * time.Hour},
		"in no order on small pages": {from: plain, perDay: 10, pageSize: 4, late: 20 * time.Hour, order: shuffled,
			learning: 5 * time.Hour},
		"filtered upstream": {from: plain, perDay: 80, late: 20 * time.Hour, query: "ResourceType=order"},
		"filtered here":     {from: plain, perDay: 80, late: 20 * time.Hour, query: "OperationType=update_order"},
		"outages":           {from: plain, perDay: 100, late: 10 * time.Hour, outages: true},
		"bursts":            {from: plain, perDay: 400, late: 6 * time.Hour, bursts: true, every: 30 * time.Minute},
		"a pause":           {from: plain, perDay: 1000, pause: true, every: 30 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.run(t)
		})
	}
}
