package diagnose

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/fakeentra"
	"github.com/partner-center/connector/internal/e2e/secret"
	"github.com/partner-center/connector/internal/entra"
)

// TestMain keeps every test on this machine.
func TestMain(m *testing.M) {
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		panic("a test reached for the outside network")
	}}
	os.Exit(m.Run())
}

// newEntra starts an Entra ID and returns it with the settings of a service that knows it.
func newEntra(t *testing.T) (*fakeentra.Server, *EntraID) {
	t.Helper()
	e := fakeentra.New(t, new(secret.Set))
	return e, &EntraID{Cloud: "microsoftonline.com", Config: entra.Config{
		Authority: e.URL, TenantID: fakeentra.TenantID, ClientID: fakeentra.ClientID, Resource: fakeentra.Resource,
		Timeout: time.Minute,
		HTTP:    &http.Client{Transport: e.Client().Transport},
		Log:     slog.New(slog.DiscardHandler),
	}}
}

// findings are what a run reports.
type findings []Finding

// try runs c without the findings that every run has.
func try(t *testing.T, c Config) findings {
	t.Helper()
	var all findings
	Run(t.Context(), c, func(f Finding) {
		if (f.Subject != "settings" && f.Subject != "spec") || f.Result != OK {
			all = append(all, f)
		}
	})
	return all
}

// expect holds the findings on one subject to a result and to parts of their line.
func (all findings) expect(t *testing.T, subject string, result Result, parts ...string) {
	t.Helper()
	for _, f := range all {
		if f.Subject == subject && f.Result == result && containsAll(f.String(), parts) {
			return
		}
	}
	t.Errorf("no %s %s with %q in %q", result, subject, parts, all)
}

// expectNone fails if there is a finding on a subject.
func (all findings) expectNone(t *testing.T, subject string) {
	t.Helper()
	for _, f := range all {
		if f.Subject == subject {
			t.Errorf("there is %s %s: %s", f.Result, subject, f)
		}
	}
}

func containsAll(text string, parts []string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}

// expectOne fails unless there is exactly one finding on a subject.
func (all findings) expectOne(t *testing.T, subject string) {
	t.Helper()
	n := 0
	for _, f := range all {
		if f.Subject == subject {
			n++
		}
	}
	if n != 1 {
		t.Errorf("there are %d findings on %s: %q", n, subject, all)
	}
}
