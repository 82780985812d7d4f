package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/partner-center/connector/internal/e2e/reply"
)

// TestTrigger polls the trigger, and goes on with another process that has the same credential: what the
// first one handed over does not come again, and what happened meanwhile does.
func TestTrigger(t *testing.T) {
	t.Parallel()
	s := newBackends(t)
	var count atomic.Int32 // of records, a minute apart
	count.Store(3)
	s.upstream.Answer(func(w http.ResponseWriter, r *http.Request) {
		var records []string
		for n := count.Load(); n > 0; n-- {
			records = append(records, fmt.Sprintf(`{"id":"r%d","operationDate":"2026-12-31T23:%02d:00.1234567Z",`+
				`"operationStatus":"succeeded","resourceNewValue":"{\"Email\":\"adele@contoso.example\"}"}`, n, n))
		}
		reply.JSON(`{"items":[`+strings.Join(records, ",")+`]}`)(w, r)
	})
	s.process = s.start(t, "connector-leakcheck")
	const path = "/v1/triggers/activity"
	poll := func(target string, status int, ids ...string) (next string) {
		t.Helper()
		s.upstream.ForgetCalls()
		a := s.get(t, target, s.keys.key)
		a.expect(t, status, "")
		var answer struct {
			Value []map[string]any
		}
		if err := json.Unmarshal(a.body, &answer); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, record := range answer.Value {
			got = append(got, record["id"].(string))
			if len(record) != 3 {
				t.Errorf("record %v", record)
			}
		}
		if !slices.Equal(got, ids) || (a.header.Get("Retry-After") != "900") {
			t.Errorf("records %v, want %v, Retry-After %s", got, ids, a.header.Get("Retry-After"))
		}
		if calls := s.upstream.Calls(); len(calls) != 1 {
			t.Errorf("%d calls of Partner Center", len(calls))
		}
		link, err := url.Parse(a.header.Get("Location"))
		if (err != nil) || (link.Host != publicHost) || (link.Path != path) {
			t.Fatalf("Location %s, %v", a.header.Get("Location"), err)
		}
		return link.RequestURI()
	}
	next := poll(path, http.StatusAccepted)
	count.Add(2)
	next = poll(next, http.StatusOK, "r5", "r4")
	next = poll(next, http.StatusAccepted)
	s.process.stop()
	count.Add(1)
	s.process = s.start(t, "connector-leakcheck")
	next = poll(next, http.StatusOK, "r6")
	poll(next, http.StatusAccepted)

	a := s.get(t, strings.Replace(next, "Since=", "Since=A", 1), s.keys.key)
	a.expect(t, http.StatusBadRequest, "InvalidSince")
	var statuses []any
	for _, line := range s.out.lines("operation", "OnActivity") {
		if line.text("msg") == "call" {
			statuses = append(statuses, line["status"])
		}
	}
	if fmt.Sprint(statuses) != "[200 202 400]" {
		t.Errorf("logged statuses %v", statuses)
	}
}
