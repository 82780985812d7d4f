package server

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/gen"
	"github.com/partner-center/connector/internal/auth"
	"github.com/partner-center/connector/internal/ratelimit"
	"github.com/partner-center/connector/internal/seal"
	"github.com/partner-center/connector/openapi"
)

// nothing panics in every action, for there is none behind it.
type nothing struct{ gen.StrictServerInterface }

// TestPanic has every action panic: the caller gets a plain answer, the log the stack, and the next call is served.
func TestPanic(t *testing.T) {
	spec, err := openapi.Spec()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := auth.OpenKeys("", map[string]string{"flows": "key"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	limiter, err := ratelimit.New(100, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := seal.New("secret")
	if err != nil {
		t.Fatal(err)
	}
	var logged bytes.Buffer
	s, err := New(Config{
		Spec: spec, Actions: nothing{}, SignIn: auth.NewSignIn(auth.Config{Keys: keys}), Limiter: limiter, Sealer: sealer,
		Log: slog.New(slog.NewJSONHandler(&logged, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	actions := 0
	for path, item := range spec.Paths.Map() {
		target := strings.NewReplacer("{CustomerTenantID}", "0f8fad5b-d9cb-469f-a165-70867728950e", "{InvoiceID}", "G000024135").Replace(path)
		if item.Get.Parameters.GetByInAndName("query", "TargetView") != nil {
			target += "?TargetView=Azure"
		}
		actions++
		logged.Reset()
		r := httptest.NewRequest(http.MethodGet, target, nil)
		r.Header.Set("X-Api-Key", "key")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), `"InternalError"`) || strings.Contains(w.Body.String(), "goroutine") || strings.Contains(w.Body.String(), "nil pointer") {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
		if !strings.Contains(logged.String(), `"msg":"panic"`) || !strings.Contains(logged.String(), "goroutine") || strings.Count(logged.String(), `"msg":"call"`) != 1 {
			t.Errorf("%s: the log has %s", target, &logged)
		}
	}
	if actions < 9 {
		t.Errorf("%d actions", actions)
	}
}
