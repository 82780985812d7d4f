package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/partner-center/connector/internal/config"
	"github.com/partner-center/connector/internal/entra"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/outbound"
	"github.com/partner-center/connector/internal/partnercenter"
	"github.com/partner-center/connector/internal/ratelimit"
)

// checkCommand tries the settings.
type checkCommand struct {
	config.Flags
}

// Run tries all that a call needs, reports each finding in one line with what to do about it, and fails where a call
// would fail.
func (c *checkCommand) Run(con *console) error {
	settings, log, err := loadSettings(c.Flags, con)
	if err != nil {
		return err
	}
	log.close()             // only findings are told from here on
	settings.Traces = false // these are no calls of anybody's
	r := &report{out: con.stdout}
	s, err := newService(settings, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer s.close()
	r.ok("settings", "complete")
	r.ok("spec", "every answer can be projected")
	r.keys(s)
	r.limit(con.ctx, s)
	r.tokens(con.ctx, s, settings)
	if r.failed {
		return errReported
	}
	return nil
}

// limit reports on the Redis that calls are counted in, where one is named.
func (r *report) limit(ctx context.Context, s *service) {
	const what = "limit"
	if _, local := s.limiter.(*ratelimit.Limiter); local {
		return
	}
	if err := s.start(ctx); err != nil {
		r.fail(what, err.Error())
		return
	}
	if _, err := s.limiter.Peek(ctx, ratelimit.Key{Identity: "connector check"}); err != nil {
		r.fail(what, err.Error()+": check CONNECTOR_REDIS_URL, and that this machine reaches it")
		return
	}
	r.ok(what, "counted in Redis, which evicts nothing")
}

// tokens reports on everything that needs Entra ID, as far as that can be tried.
func (r *report) tokens(ctx context.Context, s *service, c config.Config) {
	if !c.Sandbox && !r.entraID(ctx, c) {
		r.say("skip", "tokens", "not tried, for Entra ID would give none")
		return
	}
	r.callers(ctx, s)
	if s.app != nil {
		r.partnerCenter(ctx, s, "app-only", s.app, c, false)
	}
	if s.user != nil {
		r.partnerCenter(ctx, s, "App+User", s.user, c, true)
		if err := entraConfig(c.Partner, nil, 0, nil).Writable(); err != nil {
			r.warn("App+User", err.Error())
		}
	}
	if s.app == nil && s.user == nil {
		r.say("skip", "Partner Center", "not tried: every caller brings a token")
	}
}

// report is what check has found.
type report struct {
	out    io.Writer
	failed bool
}

func (r *report) say(result, what, text string) {
	fmt.Fprintf(r.out, "%-4s  %-14s  %s\n", result, what, text)
}
func (r *report) ok(what, text string)   { r.say("ok", what, text) }
func (r *report) warn(what, text string) { r.say("warn", what, text) }
func (r *report) fail(what, text string) {
	r.failed = true
	r.say("FAIL", what, text)
}

// keys reports on the API keys, where they are accepted.
func (r *report) keys(s *service) {
	switch {
	case s.keys == nil:
	case s.keys.Len() == 0 && s.tokens == nil:
		r.fail("API keys", "the file has no key, so nobody can call: run connector keys add NAME")
	case s.keys.Len() == 0:
		r.warn("API keys", "the file has no key: run connector keys add NAME, or leave api-key out of CONNECTOR_SIGN_IN")
	default:
		r.ok("API keys", fmt.Sprintf("%d in all, for %s", s.keys.Len(), strings.Join(s.keys.Names(), ", ")))
	}
}

// leeway is how far a clock may be off where tokens are checked by it, and assertionLife where Entra ID checks what is
// signed by it.
const (
	leeway        = time.Minute
	assertionLife = 5 * time.Minute
)

// entraID reports on what Entra ID says before anybody signs in: the tenant, its cloud, the time. It returns whether the
// tenant is there.
func (r *report) entraID(ctx context.Context, c config.Config) bool {
	const what = "Entra ID"
	own := entraConfig(c.Partner, outbound.NewClient(nil, c.UpstreamTimeout), c.UpstreamTimeout, slog.New(slog.DiscardHandler))
	found, err := entra.Probe(ctx, own)
	if err != nil {
		r.fail(what, entra.Explain(err))
		return false
	}
	if own := strings.TrimPrefix(c.Cloud.Authority, "https://login."); found.Cloud != "" && found.Cloud != own {
		r.fail(what, fmt.Sprintf("the tenant is in the cloud %s, not in %s: check CONNECTOR_CLOUD and CONNECTOR_TENANT_ID", found.Cloud, own))
		return false
	}
	r.ok(what, "knows the tenant")
	off := found.Ahead.Abs().Round(time.Second)
	text := fmt.Sprintf("this machine's is %v off Entra ID's: let it follow a time server (NTP)", off)
	switch {
	case off <= leeway:
	case c.Accepts(config.Entra), c.Accepts(config.Caller), off > assertionLife && c.ClientCertificateFile != "":
		r.fail("clock", text)
	default:
		r.warn("clock", text)
	}
	return true
}

// callers reports on the keys that callers' tokens are checked with.
func (r *report) callers(ctx context.Context, s *service) {
	if s.tokens == nil {
		return
	}
	n, err := s.tokens.Keys(ctx)
	if err != nil {
		r.fail("callers", withRemedy(err, "callers' tokens cannot be checked: check CONNECTOR_AUTHORITY_URL and CONNECTOR_TENANT_ID"))
		return
	}
	r.ok("callers", fmt.Sprintf("tokens can be checked; signing keys at hand: %d", n))
}

// partnerCenter reports on one kind of token and on a call with it.
func (r *report) partnerCenter(ctx context.Context, s *service, kind string, tokens *entra.Tokens, c config.Config, user bool) {
	token, err := tokens.Get(ctx, "")
	if err != nil {
		r.fail(kind, entra.Explain(err))
		return
	}
	r.ok(kind, "Entra ID gave a token")
	if claims, ok := entra.Inspect(token); ok {
		if audience := strings.TrimSuffix(claims.Audience, "/"); audience != c.Cloud.Upstream && audience != config.PartnerCenterID {
			r.fail(kind, "the token is for another audience than "+c.Cloud.Upstream+": check CONNECTOR_CLOUD")
		}
		switch {
		case !user, claims.MFA:
		case claims.Methods:
			r.fail(kind, "the user has signed in without multifactor authentication, which Partner Center refuses: run connector consent again with it")
		default:
			r.warn(kind, "the token does not say whether the user has signed in with multifactor authentication")
		}
	}
	request := partnercenter.Request{Path: "/customers", Query: url.Values{"size": {"1"}}, User: user}
	_, lease, err := s.upstream.Get(ctx, request, nil)
	defer lease.Keep(0)
	if err != nil {
		r.fail("Partner Center", kind+": "+withRemedy(err, callRemedy(err)))
		return
	}
	r.ok("Partner Center", kind+": answered a call for one customer")
}

// withRemedy is a failure and what to do about it, in one line.
func withRemedy(err error, remedy string) string {
	var f *fault.Error
	if remedy == "" && errors.As(err, &f) {
		remedy = f.Text()
	}
	return strings.TrimSuffix(err.Error(), ".") + ". " + remedy
}

// callRemedy is what an administrator can do about a call that Partner Center does not answer; empty: what its caller is
// told.
func callRemedy(err error) string {
	var f *fault.Error
	if !errors.As(err, &f) {
		return ""
	}
	if remedy, ok := callRemedies[f.Code]; ok {
		return remedy
	}
	if f.Code.Status() == http.StatusForbidden {
		return callRemedies[fault.PartnerCenterForbidden]
	}
	return ""
}

// callRemedies are those that a code has.
var callRemedies = map[fault.Code]string{
	fault.PartnerCenterUnauthorized:  "The token is good for Entra ID but not for Partner Center: add the app in Partner Center, Account settings, App management, and check CONNECTOR_CLOUD.",
	fault.PartnerCenterWrongAudience: "The token is for another audience than Partner Center's: check CONNECTOR_CLOUD and CONNECTOR_UPSTREAM_URL.",
	fault.PartnerCenterForbidden:     "Add the app in Partner Center, Account settings, App management, and give the user a role there. Partner Center gives API access to direct-bill partners and indirect providers, not to indirect resellers.",
	fault.MfaRequired:                "The user has signed in without multifactor authentication: run connector consent again with it.",
	fault.PartnerCenterUnreachable:   "Check CONNECTOR_UPSTREAM_URL and CONNECTOR_CLOUD. The service does not use HTTPS_PROXY: allow it direct https.",
	fault.PartnerCenterRedirect:      "Check CONNECTOR_UPSTREAM_URL: what answers there is not Partner Center.",
	fault.PartnerCenterTimeout:       "Check that this machine reaches Partner Center, or raise CONNECTOR_UPSTREAM_TIMEOUT.",
}
