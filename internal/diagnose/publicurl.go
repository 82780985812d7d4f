package diagnose

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

const publicSubject = "public URL"

// A publicCheck is the state of trying the public URL.
type publicCheck struct {
	*run
	url    *url.URL
	first  visit // without a credential
	flawed bool  // there is a finding, so that the URL is not reported as good
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
		r.ok(publicSubject, r.PublicURL+" leads to the service")
	}
	if health.tls != nil {
		r.ends(publicSubject, health.tls.PeerCertificates[0], "Renew the certificate of "+r.PublicURL+".")
	}
}

// found reports a finding about the URL. It returns false, so that the caller can return it.
func (p *publicCheck) found(result Result, text, remedy string) bool {
	p.flawed = true
	p.report(Finding{Result: result, Subject: publicSubject, Text: text, Remedy: remedy})
	return false
}

// health tries the path that the service answers in any state. It returns the response, whether or
// not it is the service's.
func (p *publicCheck) health(ctx context.Context) (visit, bool) {
	v, err := p.visit(ctx, "/healthz", nil)
	switch {
	case err != nil:
		return v, p.unreachable(err)
	case (v.status == http.StatusOK) && (strings.TrimSpace(v.body) == "ok"):
		return v, true
	case v.fault().Code != "":
		return v, p.found(Fail,
			"the service answers /healthz as if another path had been called, with "+v.fault().String(),
			"Let what is in front of the service pass paths on unchanged: no prefix added or removed.")
	}
	return v, p.foreign("/healthz", v)
}

// anonymous reports whether the service refuses a call without a credential, as it must, and checks
// what a proxy may have done to the call and to its answer.
func (p *publicCheck) anonymous(ctx context.Context) bool {
	v, err := p.visit(ctx, callPath, nil)
	if err != nil {
		return p.unreachable(err)
	}
	p.first = v
	const passOn = "Let what is in front of the service pass requests on unchanged."
	code := v.fault().Code
	switch {
	case code == "MisdirectedRequest":
		return p.misdirected(ctx)
	case code == "Draining":
		return p.found(Warn, "the service there is not ready: it is stopping", "Wait until it has started again.")
	case (v.status == http.StatusOK) && (v.header.Get("MS-RequestId") != ""):
		return p.found(Fail, "a call without a credential succeeds: something on the way adds one",
			"Remove the credential from what is in front of the service: anyone who knows the URL can use it.")
	case code == "":
		return p.foreign(callPath, v)
	case v.status != http.StatusUnauthorized:
		return p.found(Fail, "the service refuses a plain call with "+v.fault().String()+
			": something on the way changes it", passOn)
	case code != "MissingCredentials":
		return p.found(Fail, "a call without a credential arrives with one ("+v.fault().String()+")",
			"Let what is in front of the service add neither X-Api-Key nor Authorization.")
	}
	return p.sandbox(v) && p.headers(v)
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

// headers checks the headers of the service's answer. Only a cache adds Age.
func (p *publicCheck) headers(v visit) bool {
	if v.header.Get("Age") != "" {
		return p.cached("it has an Age header")
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
	v, err := p.visit(ctx, "/readyz", nil)
	switch {
	case err != nil:
		return p.unreachable(err)
	case v.status == http.StatusOK:
		return true
	}
	return p.found(Warn, fmt.Sprintf("%s/readyz answers %d: the service there is not ready", p.PublicURL, v.status),
		"Wait until it has started, or check why it is stopping.")
}
