package diagnose

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/partner-center/connector/internal/entra"
	"github.com/partner-center/connector/internal/fault"
)

// tokens tries everything that needs Entra ID. It skips the rest if Entra ID does not know the
// tenant.
func (r *run) tokens(ctx context.Context) {
	if (r.EntraID != nil) && !r.entraID(ctx) {
		r.skip("tokens", "not tried, because Entra ID would give none")
		return
	}
	r.signingKeys(ctx)
	for _, c := range r.Connections {
		r.connection(ctx, c)
	}
	if len(r.Connections) == 0 {
		r.skip("Partner Center", "not tried: every caller brings a token")
	}
}

const (
	clockLeeway   = time.Minute     // tolerated clock error for validating callers' tokens
	assertionLife = 5 * time.Minute // tolerated clock error for assertions, which Entra ID validates
)

// entraID tries what Entra ID discloses without a sign-in: the tenant, its cloud, and the time. It
// returns false if the tenant cannot issue tokens.
func (r *run) entraID(ctx context.Context) bool {
	const subject = "Entra ID"
	tenant, err := probe(ctx, r.EntraID.Config)
	if err != nil {
		r.fail(subject, err.Error(), r.Variables.Remedy(err))
		return false
	}
	if (tenant.cloud != "") && (tenant.cloud != r.EntraID.Cloud) {
		r.fail(subject, fmt.Sprintf("the tenant is in the cloud %s, not in %s", tenant.cloud, r.EntraID.Cloud),
			"Check CONNECTOR_CLOUD and CONNECTOR_TENANT_ID.")
		return false
	}
	r.ok(subject, "knows the tenant")
	r.clock(tenant.ahead)
	return true
}

// clock reports a difference between this machine's clock and Entra ID's, if it is large enough to
// matter.
func (r *run) clock(ahead time.Duration) {
	const subject, remedy = "clock", "Let this machine follow a time server (NTP)."
	off := ahead.Abs().Round(time.Second)
	text := fmt.Sprintf("this machine's is %v off Entra ID's", off)
	signs := r.EntraID.CertificateFile != ""
	switch {
	case off <= clockLeeway:
	case r.EntraID.ChecksTokens, signs && (off > assertionLife):
		r.fail(subject, text, remedy)
	default:
		r.warn(subject, text, remedy)
	}
}

// signingKeys tries to fetch the keys that verify callers' tokens.
func (r *run) signingKeys(ctx context.Context) {
	const subject = "callers"
	if r.SigningKeys == nil {
		return
	}
	n, err := r.SigningKeys(ctx)
	if err != nil {
		remedy := cmp.Or(trustRemedy(err, entra.EntraID), "Check CONNECTOR_AUTHORITY_URL and CONNECTOR_TENANT_ID.")
		r.fail(subject, "callers' tokens cannot be checked: "+err.Error(), remedy)
		return
	}
	r.ok(subject, fmt.Sprintf("tokens can be checked; signing keys at hand: %d", n))
}

// A Trial is the result of Try.
type Trial struct {
	Err   error     // why there is no token or the call failed; nil: Partner Center answered the call
	Why   Finding   // explains Err
	Flaws []Finding // failures that the token lets expect, although Partner Center answered
}

// Refused reports whether Entra ID or Partner Center refused the credential. Any other error does
// not judge it.
func (t Trial) Refused() bool {
	var f *fault.Error
	if !errors.As(t.Err, &f) {
		return false
	}
	switch f.Code {
	case fault.PartnerCenterUnauthorized, fault.PartnerCenterWrongAudience, fault.MfaRequired:
		return true
	}
	return f.Code.Status() == http.StatusForbidden
}

// Late reports whether no answer came in time.
func (t Trial) Late() bool {
	var f *fault.Error
	var network net.Error
	return (errors.As(t.Err, &f) && (f.Code == fault.PartnerCenterTimeout)) ||
		errors.Is(t.Err, context.DeadlineExceeded) || (errors.As(t.Err, &network) && network.Timeout())
}

// Try tries to get a token of one kind, and to call Partner Center with it. c.Token must not be nil.
// If ctx ends meanwhile, Err wraps its error.
func Try(ctx context.Context, v Variables, c Connection) Trial {
	var t Trial
	r := &run{Config: Config{Variables: v}, report: func(f Finding) {
		if f.Result == Fail {
			t.Flaws = append(t.Flaws, f)
		}
	}}
	if t.Err = r.connection(ctx, c); t.Err == nil {
		return t
	}
	t.Why, t.Flaws = t.Flaws[len(t.Flaws)-1], nil // connection reports its error last
	if ctx.Err() != nil {
		t.Err = errors.Join(ctx.Err(), t.Err)
	}
	return t
}

// connection tries to get a token of one kind, and to call Partner Center with it. It returns the
// error of either, which it reports as well.
func (r *run) connection(ctx context.Context, c Connection) error {
	if c.Token == nil {
		r.skip(c.Name, "not tried, because a file of its credential cannot be used")
		return nil
	}
	token, err := c.Token(ctx)
	if err != nil {
		r.fail(c.Name, err.Error(), r.Variables.Remedy(err))
		return err
	}
	r.ok(c.Name, "Entra ID gave a token")
	if claims, ok := entra.Inspect(token); ok {
		r.claims(c, claims)
	}
	if err = c.Call(ctx); err != nil {
		r.fail("Partner Center", c.Name+": "+err.Error(), r.callRemedy(ctx, err))
	} else {
		r.ok("Partner Center", c.Name+": answered a call for one customer")
	}
	if c.Writable != nil {
		if err := c.Writable(); err != nil {
			r.warn(c.Name, err.Error(), "")
		}
	}
	return err
}

// callRemedy is CallRemedy for a call with a context. If that has ended, the timeout that passed is
// not a setting.
func (r *run) callRemedy(ctx context.Context, err error) string {
	var f *fault.Error
	if (ctx.Err() != nil) && errors.As(err, &f) && (f.Code == fault.PartnerCenterTimeout) {
		return "Check that this machine reaches Partner Center: name resolution and firewall. The service uses no " +
			"proxy."
	}
	return r.Variables.CallRemedy(err)
}

// claims checks the claims of a new token. They are not verified: the token has just come from
// Entra ID.
func (r *run) claims(c Connection, claims entra.Claims) {
	if !slices.Contains(c.Audiences, strings.TrimSuffix(claims.Audience, "/")) {
		r.fail(c.Name, "the token is for another audience than "+c.Audiences[0], "Check CONNECTOR_CLOUD.")
	}
	switch {
	case !c.User, claims.MFA:
	case claims.Methods:
		r.fail(c.Name, "the user signed in without multifactor authentication, which Partner Center refuses",
			mfaMissing)
	default:
		r.warn(c.Name, "the token does not state whether the user signed in with multifactor authentication", "")
	}
}
