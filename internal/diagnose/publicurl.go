package diagnose

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/partner-center/connector/internal/outbound"
)

const (
	publicSubject = "public URL"
	publicTimeout = 10 * time.Second // of one request
	maxHealth     = 1 << 10          // bytes read of a response
)

// A visit is a response under the public URL.
type visit struct {
	status int
	body   string
	tls    *tls.ConnectionState // nil: plain HTTP
}

// publicURL calls the service at the URL by which the platform reaches it. The service need not be
// running while settings are checked, so a missing response is only a warning. A response that is
// not the service's is a failure.
func (r *run) publicURL(ctx context.Context) {
	if r.PublicURL == "" {
		return
	}
	health, err := r.visit(ctx, "/healthz")
	if err != nil {
		r.unreachable(err)
		return
	}
	switch health.status {
	case http.StatusOK:
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		r.warn(publicSubject, fmt.Sprintf("%s/healthz answers %d, as a proxy does that does not reach the service",
			r.PublicURL, health.status),
			"Start the service, which this command does not, and check where the proxy forwards to.")
		return
	default:
		r.stranger(health)
		return
	}
	if strings.TrimSpace(health.body) != "ok" {
		r.stranger(health)
		return
	}
	if r.host(ctx) && r.ready(ctx) {
		r.ok(publicSubject, r.PublicURL+" leads to the service")
	}
	if health.tls != nil {
		r.ends(publicSubject, health.tls.PeerCertificates[0], "Renew the certificate of "+r.PublicURL+".")
	}
}

// unreachable reports that there was no response.
func (r *run) unreachable(err error) {
	text := fmt.Sprintf("no answer from %s: %v", r.PublicURL, outbound.Describe(err))
	if remedy := publicTrustRemedy(err, r.PublicURL); remedy != "" {
		r.fail(publicSubject, text, remedy)
		return
	}
	r.warn(publicSubject, text, "Start the service, which this command does not, and check that name, firewall and "+
		"proxy lead to it.")
}

// stranger reports a response that is not the service's.
func (r *run) stranger(v visit) {
	remedy := "Check CONNECTOR_PUBLIC_URL, and where the proxy there forwards to."
	if (v.status >= 300) && (v.status < 400) {
		remedy = "Set CONNECTOR_PUBLIC_URL to the URL that the redirect leads to: the platform follows none."
	}
	r.fail(publicSubject,
		fmt.Sprintf("%s/healthz answers %d, but not as this service does", r.PublicURL, v.status), remedy)
}

// host reports whether the service accepts the Host header that arrives with the public URL.
// Without a credential, it answers 401 if it does and 421 if it does not.
func (r *run) host(ctx context.Context) bool {
	v, err := r.visit(ctx, "/v1/customers")
	switch {
	case err != nil:
		r.unreachable(err)
	case v.status == http.StatusUnauthorized:
		return true
	case v.status == http.StatusMisdirectedRequest:
		r.fail(publicSubject, "the service there expects another Host (421)",
			"Let the proxy pass the Host header on unchanged, and give the service there this CONNECTOR_PUBLIC_URL.")
	default:
		r.fail(publicSubject,
			fmt.Sprintf("%s/v1 answers %d to a call without a credential, not 401", r.PublicURL, v.status),
			"Check what stands between the platform and the service: it must pass requests on unchanged.")
	}
	return false
}

// ready reports whether the service accepts calls.
func (r *run) ready(ctx context.Context) bool {
	v, err := r.visit(ctx, "/readyz")
	switch {
	case err != nil:
		r.unreachable(err)
	case v.status == http.StatusOK:
		return true
	default:
		r.warn(publicSubject,
			fmt.Sprintf("%s/readyz answers %d: the service there is not ready", r.PublicURL, v.status),
			"Wait until it has started, or check why it is stopping.")
	}
	return false
}

// visit sends a GET request for path under the public URL and reads the beginning of the response.
func (r *run) visit(ctx context.Context, path string) (visit, error) {
	ctx, cancel := context.WithTimeout(ctx, publicTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.PublicURL+path, nil)
	if err != nil {
		return visit{}, err
	}
	resp, err := r.HTTP.Do(req)
	if err != nil {
		return visit{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxHealth))
	if err != nil {
		return visit{}, err
	}
	return visit{resp.StatusCode, string(body), resp.TLS}, nil
}
