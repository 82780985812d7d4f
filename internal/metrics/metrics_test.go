package metrics

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partner-center/connector/internal/call"
	"github.com/partner-center/connector/internal/fault"
)

// few has one operation.
var few = Config{
	Build:    Build{"v1", "abc", "go1"},
	Outcomes: []Outcome{{"Get", 200, "-"}, {"Get", 404, "NotFound"}, {NoOperation, 404, "NotFound"}},
	Paths:    map[string][]string{"Get": {"items[].id"}},
}

// read returns the text of /metrics.
func read(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler(slog.New(slog.DiscardHandler)).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatal(w.Code)
	}
	return w.Body.String()
}

// expect looks for whole lines.
func expect(t *testing.T, m *Metrics, lines ...string) {
	t.Helper()
	text := "\n" + read(t, m)
	for _, line := range lines {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
}

// TestBegin has every series at zero before anything has happened.
func TestBegin(t *testing.T) {
	m := New(few)
	m.Watch(Gauges{UnderWay: func() int { return 3 }, Draining: func() bool { return true }, Dropped: func() int { return 5 }, Connections: func() int { return 4 }})
	expect(t, m,
		`connector_build_info{commit="abc",goversion="go1",version="v1"} 1`,
		`connector_calls_total{code="-",operation="Get",status="200"} 0`,
		`connector_calls_total{code="NotFound",operation="none",status="404"} 0`,
		`connector_call_duration_seconds_count{operation="none"} 0`,
		`connector_upstream_calls_total{operation="Get",status="none"} 0`,
		`connector_upstream_duration_seconds_count{operation="Get"} 0`,
		`connector_limiter_decisions_total{decision="unavailable"} 0`,
		`connector_token_requests_total{kind="user",result="refused"} 0`,
		`connector_left_out_values_total{operation="Get",path="items[].id"} 0`,
		`connector_requests_under_way 3`,
		`connector_draining 1`,
		`connector_limiter_connections 4`,
		`connector_log_lines_dropped_total 5`,
	)
	if strings.Contains(read(t, m), `connector_upstream_calls_total{operation="none"`) {
		t.Error("there are upstream calls of no operation")
	}
	m = New(few)
	m.Watch(Gauges{UnderWay: func() int { return 0 }, Draining: func() bool { return false }, Dropped: func() int { return 0 }})
	expect(t, m, `connector_draining 0`)
	if strings.Contains(read(t, m), "limiter_connections") {
		t.Error("a limiter that cannot tell has connections")
	}
}

// TestUpstream measures a call of Partner Center up to the end of its answer.
func TestUpstream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := New(few)
		ctx, leave := context.WithCancel(call.NewContext(t.Context(), &call.Info{Operation: "Get"}))
		for _, status := range []int{200, 418, 0} {
			end := m.Upstream(ctx)
			time.Sleep(300 * time.Millisecond)
			end(status)
		}
		end := m.Upstream(ctx)
		leave()
		end(0)
		expect(t, m,
			`connector_upstream_calls_total{operation="Get",status="200"} 1`,
			`connector_upstream_calls_total{operation="Get",status="4xx"} 1`,
			`connector_upstream_calls_total{operation="Get",status="none"} 1`,
			`connector_upstream_calls_total{operation="Get",status="canceled"} 1`,
			`connector_upstream_duration_seconds_bucket{operation="Get",le="0.25"} 1`,
			`connector_upstream_duration_seconds_bucket{operation="Get",le="0.5"} 4`,
		)
	})
}

// TestStatusLabel has one of a few words for each status that an answer can have.
func TestStatusLabel(t *testing.T) {
	words := map[string]bool{}
	for status := range 1200 {
		words[statusLabel(t.Context(), status)] = true
	}
	if len(words) != len(upstreamStatuses)-1 { // nobody has left
		t.Errorf("%d words: %v", len(words), words)
	}
	for status, want := range map[int]string{0: "none", 99: "other", 101: "1xx", 200: "200", 206: "2xx", 304: "3xx", 404: "404", 418: "4xx", 503: "503", 599: "5xx", 600: "other", 999: "other"} {
		if got := statusLabel(t.Context(), status); got != want {
			t.Errorf("%d: %s, want %s", status, got, want)
		}
	}
}

func TestToken(t *testing.T) {
	m := New(few)
	for _, err := range []error{
		nil,
		&fault.Error{Code: fault.PartnerCenterUnauthorized},
		fmt.Errorf("wrapped: %w", &fault.Error{Code: fault.MfaRequired}),
		&fault.Error{Code: fault.IdentityUnavailable},
		errors.New("no fault"),
	} {
		m.Token(User)(err)
	}
	expect(t, m, `connector_token_requests_total{kind="user",result="ok"} 1`, `connector_token_requests_total{kind="user",result="refused"} 2`, `connector_token_requests_total{kind="user",result="unavailable"} 2`)
}

func BenchmarkCall(b *testing.B) {
	m := New(few)
	ctx := call.NewContext(b.Context(), &call.Info{Operation: "Get"})
	b.ReportAllocs()
	for b.Loop() { // what one call costs
		m.Decide(true, nil)
		m.Upstream(ctx)(200)
		m.Call(Outcome{"Get", 200, "-"}, time.Millisecond)
	}
}
