package diagnose

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/partner-center/connector/internal/fault"
)

const publicSubject = "public URL"

// A publicCheck is the state of trying the public URL.
type publicCheck struct {
	*run
	url     *url.URL
	private netip.Addr // one of the addresses of the name if all are private; invalid: they are not
	first   visit      // of callPath without a credential
	blocked visit      // of /healthz if that path does not lead to the service, although callPath does
	flawed  bool       // there is a finding, so that the URL is not reported as good
}

// publicURL calls the service at the URL by which the platform reaches it, with at most five
// requests. The service need not be running while settings are checked, so a missing response is
// only a warning. A response that is not the service's is a failure. Each step requires the steps
// before it, so one cause has one finding. No request has a real credential.
func (r *run) publicURL(ctx context.Context) {
	if r.PublicURL == "" {
		return
	}
	u, err := url.Parse(r.PublicURL)
	if err != nil {
		return // the settings have been validated
	}
	p := &publicCheck{run: r, url: u}
	if !p.address(ctx) {
		return
	}
	health, ok := p.health(ctx)
	if ok && p.anonymous(ctx) && p.credentials(ctx) && p.ready(ctx) && !p.flawed {
		p.good()
	}
	if health.tls != nil {
		r.ends(publicSubject, health.tls.PeerCertificates[0], "Renew the certificate of "+r.PublicURL+".")
	}
}

// good reports that the URL leads to the service.
func (p *publicCheck) good() {
	text := p.PublicURL + " leads to the service"
	if p.private.IsValid() {
		text += fmt.Sprintf(", reached over the private address %v from here, so the way from outside was not tried",
			p.private)
	}
	p.ok(publicSubject, text)
}

// found reports a finding about what answers at the URL. It returns false, so that the caller can
// return it.
func (p *publicCheck) found(result Result, text, remedy string) bool {
	if p.private.IsValid() {
		text += fmt.Sprintf(" (at the private address %v)", p.private)
	}
	return p.foundAnywhere(result, text, remedy)
}

// foundAnywhere is found for what does not depend on the address at which the URL was tried.
func (p *publicCheck) foundAnywhere(result Result, text, remedy string) bool {
	p.flawed = true
	p.report(Finding{Result: result, Subject: publicSubject, Text: text, Remedy: remedy})
	return false
}

// health tries the path that the service answers in any state. It returns the response, whether or
// not it is the service's. A proxy may pass on the paths of calls only, which the platform needs.
func (p *publicCheck) health(ctx context.Context) (visit, bool) {
	v, err := p.visit(ctx, "/healthz", nil)
	switch {
	case err != nil:
		return v, p.unreachable(v, err)
	case v.is(http.StatusOK, "ok"):
		return v, true
	case v.fault().Code != "":
		return v, p.found(Fail,
			"the service answers /healthz as if another path had been called, with "+v.fault().String(),
			"Let what is in front of the service pass paths on unchanged: no prefix added or removed.")
	}
	if called, err := p.visit(ctx, callPath, nil); (err == nil) && called.ours() {
		p.first, p.blocked = called, v
		return v, true
	}
	return v, p.foreign("/healthz", v)
}

var (
	// beforeSignIn are the codes of calls that the service refuses before it looks at a credential.
	beforeSignIn = []fault.Code{fault.HeadersTooLarge, fault.UriTooLong, fault.MethodNotAllowed,
		fault.BodyNotAllowed, fault.MalformedPath, fault.InternalError}

	// ofSignIn are the codes of calls whose credential the service does not accept, or cannot check.
	ofSignIn = []fault.Code{fault.MultipleCredentials, fault.InvalidApiKey, fault.InvalidAuthorizationHeader,
		fault.InvalidToken, fault.TokenExpired, fault.TokenNotYetValid, fault.TokenWrongAudience,
		fault.TokenWrongIssuer, fault.TenantNotAllowed, fault.ClientNotAllowed, fault.InsufficientScope,
		fault.IdentityUnavailable}
)

// anonymous reports whether the service refuses a call without a credential, as it must, and checks
// what a proxy may have done to the call and to its answer.
func (p *publicCheck) anonymous(ctx context.Context) bool {
	if p.first.status == 0 {
		v, err := p.visit(ctx, callPath, nil)
		if err != nil {
			return p.unreachable(v, err)
		}
		p.first = v
	}
	v := p.first
	answer := v.fault()
	switch code := fault.Code(answer.Code); {
	case !v.ours():
		return p.foreign(callPath, v)
	case code == fault.MissingCredentials:
		return p.sandbox(v) && p.headers(v)
	case code == fault.MisdirectedRequest:
		return p.misdirected(ctx)
	case code == fault.Draining:
		return p.draining()
	case slices.Contains(beforeSignIn, code):
		return p.found(Fail, "the service refuses a plain call with "+answer.String()+
			": something on the way changes it", "Let what is in front of the service pass requests on unchanged.")
	case slices.Contains(ofSignIn, code):
		return p.found(Fail, "a call without a credential arrives with one ("+answer.String()+")",
			"Let what is in front of the service add neither X-Api-Key nor Authorization.")
	}
	outcome := "succeeds"
	if answer.Code != "" {
		outcome = "passes the sign-in (" + answer.String() + ")"
	}
	return p.found(Fail, "a call without a credential "+outcome+": something on the way adds one",
		"Remove the credential from what is in front of the service: anyone who knows the URL can use it.")
}

// draining reports that the service is about to stop.
func (p *publicCheck) draining() bool {
	return p.found(Warn, "the service there is not ready: it is stopping", "Wait until it has started again.")
}

// sandbox compares the mode of the service there with that of the settings.
func (p *publicCheck) sandbox(v visit) bool {
	there := v.header.Get("X-Connector-Sandbox") != ""
	switch {
	case there && !p.Sandbox:
		return p.found(Fail, "the service there is a sandbox, which answers with made-up data",
			"Restart it without CONNECTOR_SANDBOX, or set CONNECTOR_PUBLIC_URL to the service that is meant.")
	case !there && p.Sandbox:
		return p.found(Warn, "the service there is not a sandbox, as CONNECTOR_SANDBOX wants",
			"Check CONNECTOR_PUBLIC_URL: it leads to another service.")
	}
	return true
}

// headers checks the headers of the service's answer. Only a cache adds an Age; that of an answer
// that has just come from the service is zero.
func (p *publicCheck) headers(v visit) bool {
	if age, err := strconv.Atoi(v.header.Get("Age")); (err == nil) && (age > 0) {
		return p.cached(fmt.Sprintf("one has an Age of %d s", age))
	}
	var missing []string
	for _, name := range []string{"MS-RequestId", "MS-CorrelationId", "Cache-Control"} {
		if v.header.Get(name) == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		p.found(Warn, "headers of the service's answers are removed on the way: "+strings.Join(missing, ", "),
			"Let what is in front of the service pass response headers on: without Retry-After and MS-RequestId the "+
				"platform repeats calls too early, and failures cannot be traced.")
	}
	return true
}

// cached reports that an answer came from a cache.
func (p *publicCheck) cached(why string) bool {
	return p.found(Fail, "something on the way caches answers: "+why,
		"Switch caching off for this host at the CDN or proxy: it must honor Cache-Control: no-store, or one caller "+
			"gets another's data.")
}

// ready reports whether the service accepts calls.
func (p *publicCheck) ready(ctx context.Context) bool {
	if p.blocked.status != 0 {
		return p.unhealthy("/healthz", p.blocked)
	}
	v, err := p.visit(ctx, "/readyz", nil)
	switch {
	case err != nil:
		return p.unreachable(v, err)
	case v.is(http.StatusOK, "ok"):
		return true
	case v.is(http.StatusServiceUnavailable, "not ready"):
		return p.found(Warn, p.PublicURL+"/readyz answers 503: the service there is not ready",
			"Wait until it has started, or check why it is stopping.")
	}
	return p.unhealthy("/readyz", v)
}

// unhealthy reports that a path for monitors does not lead to the service, although calls do.
func (p *publicCheck) unhealthy(path string, v visit) bool {
	return p.found(Warn, fmt.Sprintf("%s leads to the service, but its health paths do not pass: %s answers %d, "+
		"not as this service does", p.PublicURL, path, v.status),
		"The platform does not need them. Pass /healthz and /readyz on if monitors or balancers use this URL.")
}
