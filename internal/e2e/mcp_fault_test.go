package e2e

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/fakeentra"
	"github.com/partner-center/connector/internal/e2e/fakepartner"
	"github.com/partner-center/connector/internal/e2e/redisserver"
	"github.com/partner-center/connector/internal/e2e/reply"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// seconds matches the wait at the end of a message.
var seconds = regexp.MustCompile(`Try again in [0-9]+ seconds`)

// expectSameFault calls an action and its tool. Both must fail with the same code, status and
// message, but for tools being called tools and named by their names.
func (s *stack) expectSameFault(t *testing.T, tool mcpTool) toolError {
	t.Helper()
	a := s.get(t, actionTarget(tool), s.keys.key)
	if a.status == http.StatusOK {
		t.Fatalf("the action does not fail: %.300s", a.body)
	}
	action := a.problem(t)
	for _, title := range actionTitles() {
		action.Message = strings.ReplaceAll(action.Message, title, toolsByTitle()[title])
	}
	action.Message = strings.ReplaceAll(action.Message, "the action", "the tool")
	var last toolError
	for _, version := range []era{legacy, modern} {
		r := s.mcp().speaking(version).call(t, tool.name, requiredArguments(tool))
		e, message := r.problem(t)
		if (e.Code != action.Error.Code) || (e.Status != action.StatusCode) {
			t.Errorf("%s: the tool fails with %s (%d), the action with %s (%d)", version, e.Code, e.Status,
				action.Error.Code, action.StatusCode)
		}
		const wait = "Try again in N seconds"
		if got, want := seconds.ReplaceAllString(message, wait), seconds.ReplaceAllString(action.Message,
			wait); got != want {
			t.Errorf("%s: the tool says  %s\nthe action says %s", version, got, want)
		}
		last = e
	}
	return last
}

// TestMCPFaults has Partner Center fail in every way. A tool fails as its action does.
func TestMCPFaults(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newUserStack(t, manyCalls)
	warmUp(t, s)
	answers := map[string]http.HandlerFunc{
		"429 with a wait": fakepartner.Refuse(429, "", "Retry-After", "17"),
		"400":             fakepartner.Refuse(400, ""),
		"400/3000":        fakepartner.Refuse(400, "3000"),
		"400/900118":      fakepartner.Refuse(400, "900118"),
		"400/2206":        fakepartner.Refuse(400, "2206"),
		"403/20002":       fakepartner.Refuse(403, "20002"),
		"403/400036":      fakepartner.Refuse(403, "400036"),
		"403/900329":      fakepartner.Refuse(403, "900329"),
		"403/900308":      fakepartner.Refuse(403, "900308"),
		"404/60003":       fakepartner.Refuse(404, "60003"),
		"404/20000":       fakepartner.Refuse(404, "20000"),
		"401/900421":      fakepartner.Refuse(401, "900421"),
		"418":             fakepartner.Refuse(418, ""),
		"599":             fakepartner.Refuse(599, ""),
		"no JSON":         reply.JSON(`{"items":`),
		"an array":        reply.JSON(`[]`),
		"items is a text": reply.JSON(`{"items":"` + reply.Private + `","id":{}}`),
		"empty":           reply.JSON(``),
	}
	for _, name := range []string{"html200", "ct-missing", "206", "304", "truncated-cl", "truncated-json", "nonutf8",
		"nan",
		"dupkeys", "big", "gzip-bomb", "big-header", "redirect-http", "401", "403", "404", "429-neg", "429-huge", "500",
		"503", "big-announced", "gzip-unlabelled", "endless-1xx", "endless-body", "reset", "hang-up", "reset-mid-body",
		"date-soon", "date-far", "switch", "echo-body", "echo-status", "echo-type", "echo-location"} {
		answers[name] = fakepartner.Behaviors[name]
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			for _, tool := range mcpTools {
				if (tool.name == "csp_get_invoice_statement") || (name == "items is a text") && !tool.list {
					continue
				}
				s.upstream.Answer(answer)
				s.expectSameFault(t, tool)
			}
		})
	}
	t.Run("a statement", func(t *testing.T) {
		for name, code := range map[string]string{"404": "InvoiceNotFound", "403": "PartnerCenterForbidden",
			"500": "PartnerCenterError", "reset": "PartnerCenterUnreachable", "html200": "PartnerCenterInvalidResponse",
			"503": "PartnerCenterUnavailable"} {
			s.upstream.Answer(fakepartner.Behaviors[name])
			if e := s.expectSameFault(t, toolNamed("csp_get_invoice_statement")); e.Code != code {
				t.Errorf("%s: %s, want %s", name, e.Code, code)
			}
		}
	})
	s.upstream.Answer(nil)
	s.mcp().call(t, "csp_list_customers", "{}").text(t)
}

// TestMCPRetryAfter states the wait that Partner Center asks for.
func TestMCPRetryAfter(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		status int
		code   string
		wait   int
	}{
		"429 with a wait":    {fakepartner.Refuse(429, "", "Retry-After", "17"), 429, "PartnerCenterThrottled", 17},
		"429 without one":    {fakepartner.Refuse(429, ""), 429, "PartnerCenterThrottled", 10},
		"429 with too long":  {fakepartner.Refuse(429, "", "Retry-After", "86400"), 429, "PartnerCenterThrottled", 600},
		"503 with a wait":    {fakepartner.Refuse(503, "", "Retry-After", "3"), 503, "PartnerCenterUnavailable", 3},
		"503 with a refusal": {fakepartner.Refuse(503, "", "Retry-After", "-5"), 503, "PartnerCenterUnavailable", 10},
	} {
		t.Run(name, func(t *testing.T) {
			s.upstream.Answer(c.answer)
			r := s.mcp().call(t, "csp_list_customers", "{}")
			r.fails(t, c.status, c.code)
			if e, _ := r.problem(t); *e.RetryAfterSeconds != c.wait {
				t.Errorf("retryAfterSeconds is %d, want %d", *e.RetryAfterSeconds, c.wait)
			}
		})
	}
}

// TestMCPDeadline ends a tool call that Partner Center does not answer, as an action's.
func TestMCPDeadline(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newStack(t, "CONNECTOR_UPSTREAM_TIMEOUT=1s")
	warmUp(t, s)
	for _, name := range []string{"hang", "hang-mid-body", "drip", "hang-error"} {
		t.Run(name, func(t *testing.T) {
			s.upstream.Answer(fakepartner.Behaviors[name])
			if e := s.expectSameFault(t, toolNamed("csp_list_customers")); (name != "hang-error") &&
				(e.Code != "PartnerCenterTimeout") {
				t.Errorf("%s, want PartnerCenterTimeout", e.Code)
			}
			waitFor(t, "Partner Center's call is canceled", func() bool { return s.upstream.InFlight() == 0 })
		})
	}
}

// TestMCPFaultsOfSignIn has Entra ID refuse the service, or be away.
func TestMCPFaultsOfSignIn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		entra http.HandlerFunc
		code  string
	}{
		"away":    {reply.With(503, "text/html", reply.Private), "IdentityUnavailable"},
		"refuses": {fakeentra.Refusal(7000215), "PartnerCenterUnauthorized"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newBackends(t)
			s.entra.AnswerToken(c.entra)
			s.process = s.start(t, "connector")
			if e := s.expectSameFault(t, toolNamed("csp_list_customers")); e.Code != c.code {
				t.Errorf("%s, want %s", e.Code, c.code)
			}
			if tools, _ := s.mcp().tools(t); len(tools) == 0 {
				t.Error("there are no tools while Partner Center cannot be called")
			}
		})
	}
}

// TestMCPLimiterAway refuses tool calls that cannot be counted, as actions.
func TestMCPLimiterAway(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	store := redisserver.Start(t)
	store.Kill()
	s := newStack(t, countIn(store))
	if e := s.expectSameFault(t, toolNamed("csp_list_customers")); e.Code != "LimiterUnavailable" {
		t.Errorf("%s, want LimiterUnavailable", e.Code)
	}
	if tools, _ := s.mcp().tools(t); len(tools) == 0 {
		t.Error("there are no tools without the store")
	}
	if calls := len(s.upstream.Calls()); calls != 0 {
		t.Errorf("%d calls of Partner Center", calls)
	}
}
