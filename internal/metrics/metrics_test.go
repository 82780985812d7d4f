package metrics

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partner-center/connector/internal/call"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/gate"
)

// small is a Config with one operation.
var small = Config{
	Build: Build{"v1", "abc", "go1"},
	Outcomes: []gate.Outcome{
		{Transport: "rest", Operation: "Get", Status: 200, Code: "-"},
		{Transport: "rest", Operation: "Get", Status: 404, Code: "NotFound"},
		{Transport: "rest", Operation: gate.NoOperation, Status: 404, Code: "NotFound"},
	},
	Paths: map[string][]string{"Get": {"items[].id"}},
}

// read returns the body of /metrics.
func read(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler(slog.New(slog.DiscardHandler)).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatal(w.Code)
	}
	return w.Body.String()
}

// expect reports the lines that /metrics does not have.
func expect(t *testing.T, m *Metrics, lines ...string) {
	t.Helper()
	text := "\n" + read(t, m)
	for _, line := range lines {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
}

func TestMetrics(t *testing.T) {
	m := New(small)
	m.Watch(Gauges{
		InFlight:    func() int { return 3 },
		Draining:    func() bool { return true },
		Dropped:     func() int { return 5 },
		Connections: func() int { return 4 },
		Overridden:  func() bool { return true },

		CertificateEnd: func() time.Time { return time.Unix(1798761600, 0) },
	})
	t.Run("have every series from the start", func(t *testing.T) {
		expect(t, m,
			`connector_build_info{commit="abc",goversion="go1",version="v1"} 1`,
			`connector_calls_total{code="-",operation="Get",status="200",transport="rest"} 0`,
			`connector_calls_total{code="NotFound",operation="none",status="404",transport="rest"} 0`,
			`connector_call_duration_seconds_count{operation="none"} 0`,
			`connector_upstream_calls_total{operation="Get",status="none"} 0`,
			`connector_upstream_duration_seconds_count{operation="Get"} 0`,
			`connector_limiter_decisions_total{decision="unavailable"} 0`,
			`connector_token_requests_total{kind="user",result="refused"} 0`,
			`connector_left_out_values_total{operation="Get",path="items[].id"} 0`,
		)
	})
	t.Run("show the gauges", func(t *testing.T) {
		expect(t, m,
			`connector_requests_under_way 3`,
			`connector_draining 1`,
			`connector_limiter_connections 4`,
			`connector_limiter_overridden 1`,
			`connector_certificate_expiry_timestamp_seconds 1.7987616e+09`,
			`connector_log_lines_dropped_total 5`,
		)
	})
	t.Run("have no upstream calls without an operation", func(t *testing.T) {
		if strings.Contains(read(t, m), `connector_upstream_calls_total{operation="none"`) {
			t.Error("there is a series")
		}
	})
	t.Run("omit what the service cannot tell", func(t *testing.T) {
		m := New(small)
		m.Watch(Gauges{
			InFlight: func() int { return 0 },
			Draining: func() bool { return false },
			Dropped:  func() int { return 0 },

			Overridden: func() bool { return false },
		})
		expect(t, m, `connector_draining 0`)
		for _, name := range []string{"limiter_connections", "certificate_expiry"} {
			if strings.Contains(read(t, m), name) {
				t.Errorf("there is a series of %s", name)
			}
		}
	})
}

func TestHandler(t *testing.T) {
	h := New(small).Handler(slog.New(slog.DiscardHandler))
	for _, r := range []*http.Request{
		httptest.NewRequest(http.MethodPost, "/metrics", nil),
		httptest.NewRequest(http.MethodGet, "/", nil),
		httptest.NewRequest(http.MethodGet, "/metrics/", nil),
		httptest.NewRequest(http.MethodGet, "/%6Detrics", nil),
	} {
		t.Run("does not answer "+r.Method+" "+r.URL.EscapedPath(), func(t *testing.T) {
			w := httptest.NewRecorder()
			if h.ServeHTTP(w, r); w.Code != http.StatusNotFound {
				t.Errorf("status %d", w.Code)
			}
		})
	}
}

func TestCounters(t *testing.T) {
	m := New(small)
	t.Run("count a call by its outcome", func(t *testing.T) {
		m.Call(gate.Outcome{Transport: "rest", Operation: "Get", Status: 404, Code: "NotFound"}, 20*time.Millisecond)
		expect(t, m,
			`connector_calls_total{code="NotFound",operation="Get",status="404",transport="rest"} 1`,
			`connector_call_duration_seconds_bucket{operation="Get",le="0.01"} 0`,
			`connector_call_duration_seconds_bucket{operation="Get",le="0.025"} 1`,
		)
	})
	t.Run("count decisions of the limiter", func(t *testing.T) {
		m.Decide(true, nil)
		m.Decide(false, nil)
		m.Decide(false, errors.New("away"))
		expect(t, m,
			`connector_limiter_decisions_total{decision="admitted"} 1`,
			`connector_limiter_decisions_total{decision="refused"} 1`,
			`connector_limiter_decisions_total{decision="unavailable"} 1`,
		)
	})
	t.Run("count dropped values by path", func(t *testing.T) {
		m.DroppedValues("Get", "items[].id", 7)
		expect(t, m, `connector_left_out_values_total{operation="Get",path="items[].id"} 7`)
	})
	t.Run("count token requests by result", func(t *testing.T) {
		for _, err := range []error{
			nil,
			&fault.Error{Code: fault.PartnerCenterUnauthorized},
			fmt.Errorf("wrapped: %w", &fault.Error{Code: fault.MfaRequired}),
			&fault.Error{Code: fault.IdentityUnavailable},
			errors.New("not a fault"),
		} {
			m.Token(User)(err)
		}
		expect(t, m,
			`connector_token_requests_total{kind="user",result="ok"} 1`,
			`connector_token_requests_total{kind="user",result="refused"} 2`,
			`connector_token_requests_total{kind="user",result="unavailable"} 2`,
		)
	})
}

func TestCredential(t *testing.T) {
	m := New(small)
	m.WatchCredential(App)
	m.WatchCredential(User)
	state := func(app, user int) {
		t.Helper()
		expect(t, m, fmt.Sprintf(`connector_credential_working{kind="app"} %d`, app),
			fmt.Sprintf(`connector_credential_working{kind="user"} %d`, user))
	}
	refused := &fault.Error{Code: fault.PartnerCenterUnauthorized}
	away := &fault.Error{Code: fault.IdentityUnavailable}
	state(0, 0)
	for _, step := range []struct {
		name string
		do   func()
		app  int
	}{
		{"a token alone", func() { m.Token(App)(nil) }, 0},
		{"a good answer", func() { m.Answered(App)(200) }, 1},
		{"an answer that does not judge it", func() { m.Answered(App)(403) }, 1},
		{"a refused token", func() { m.Answered(App)(401) }, 0},
		{"another token", func() { m.Token(App)(nil) }, 0},
		{"another good answer", func() { m.Answered(App)(200) }, 1},
		{"a refused renewal", func() { m.Token(App)(refused) }, 0},
		{"a good answer to the last token", func() { m.Answered(App)(200) }, 0},
		{"a renewal", func() { m.Token(App)(nil) }, 1},
		{"a renewal while Entra ID is away", func() { m.Token(App)(away) }, 1},
		{"another need of the last token", func() { m.Needed(App)(nil) }, 1},
		{"a caller who is gone", func() { m.Needed(App)(context.Canceled) }, 1},
		{"a need without a token", func() { m.Needed(App)(away) }, 0},
		{"the end of that", func() { m.Needed(App)(nil) }, 1},
		{"another need without a token", func() { m.Needed(App)(away) }, 0},
		{"a token", func() { m.Token(App)(nil) }, 1},
		{"other kinds", func() { m.Token(Redis)(nil); m.Token(SigningKeys)(nil) }, 1},
	} {
		t.Run("after "+step.name, func(t *testing.T) {
			step.do()
			state(step.app, 0)
		})
	}
	t.Run("is absent for kinds that are not in use", func(t *testing.T) {
		if strings.Contains(read(t, New(small)), "credential_working") {
			t.Error("there is a series")
		}
	})
}

func TestUpstream(t *testing.T) {
	m := New(small)
	synctest.Test(t, func(t *testing.T) {
		ctx, leave := context.WithCancel(call.NewContext(t.Context(), &call.Info{Operation: "Get"}))
		for _, status := range []int{200, 418, 0} {
			end := m.Upstream(ctx)
			time.Sleep(300 * time.Millisecond)
			end(status)
		}
		end := m.Upstream(ctx)
		leave()
		end(0)
	})
	t.Run("does not count the service's own call", func(t *testing.T) {
		m.Upstream(t.Context())(200)
		if strings.Contains(read(t, m), `connector_upstream_calls_total{operation="none"`) {
			t.Error("it is counted")
		}
	})
	t.Run("counts calls by status", func(t *testing.T) {
		expect(t, m,
			`connector_upstream_calls_total{operation="Get",status="200"} 1`,
			`connector_upstream_calls_total{operation="Get",status="4xx"} 1`,
			`connector_upstream_calls_total{operation="Get",status="none"} 1`,
			`connector_upstream_calls_total{operation="Get",status="canceled"} 1`,
		)
	})
	t.Run("measures up to the end of the answer", func(t *testing.T) {
		expect(t, m,
			`connector_upstream_duration_seconds_bucket{operation="Get",le="0.25"} 1`,
			`connector_upstream_duration_seconds_bucket{operation="Get",le="0.5"} 4`,
		)
	})
}

func TestStatusLabel(t *testing.T) {
	t.Run("is one of the series for every status", func(t *testing.T) {
		labels := map[string]bool{}
		for status := range 1200 {
			label := statusLabel(t.Context(), status)
			if !slices.Contains(upstreamStatuses, label) {
				t.Errorf("status %d has the label %s", status, label)
			}
			labels[label] = true
		}
		if len(labels) != len(upstreamStatuses)-1 { // canceled needs a canceled context
			t.Errorf("%d labels are used: %v", len(labels), labels)
		}
	})
	for status, want := range map[int]string{
		0: "none", 99: "other", 101: "1xx", 200: "200", 206: "2xx", 304: "3xx", 404: "404", 418: "4xx", 503: "503",
		599: "5xx", 600: "other", 999: "other",
	} {
		t.Run(fmt.Sprintf("of %d is %s", status, want), func(t *testing.T) {
			if got := statusLabel(t.Context(), status); got != want {
				t.Errorf("%s", got)
			}
		})
	}
}

func BenchmarkCall(b *testing.B) {
	m := New(small)
	ctx := call.NewContext(b.Context(), &call.Info{Operation: "Get"})
	b.ReportAllocs()
	for b.Loop() { // all events of one call
		m.Decide(true, nil)
		m.Upstream(ctx)(200)
		m.Call(gate.Outcome{Transport: "rest", Operation: "Get", Status: 200, Code: "-"}, time.Millisecond)
	}
}
