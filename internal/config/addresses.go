package config

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// listen validates an address to listen on.
func (l *loader) listen(setting, value, example string) string {
	host, port, err := net.SplitHostPort(value)
	_, portErr := strconv.ParseUint(port, 10, 16)
	if err != nil || portErr != nil || strings.ContainsAny(host, "/ ") {
		l.report(setting, "host:port", example)
	}
	return value
}

// adminListen validates the address of the metrics. It must differ from the service's, because the
// metrics are served without a credential. Port 0 may be used for both, since it selects two free
// ports.
func (l *loader) adminListen(value, service string) string {
	if value == "" {
		return ""
	}
	const setting, example = "CONNECTOR_ADMIN_LISTEN", "127.0.0.1:9464"
	if value == service && !strings.HasSuffix(value, ":0") {
		l.report(setting, "another address than CONNECTOR_LISTEN", example)
		return value
	}
	return l.listen(setting, value, example)
}

// traces reports whether one of OpenTelemetry's variables names a collector. The exporter reads the
// variables itself; they are validated here because the exporter only logs mistakes.
func (l *loader) traces() bool {
	named := false
	for _, setting := range []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"} {
		value := l.getenv(setting)
		if value == "" {
			continue
		}
		named = true
		u, err := url.Parse(value)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.User != nil {
			l.report(setting, "the http or https URL of a collector", "http://127.0.0.1:4318")
		}
	}
	return named
}

// publicURL validates the public URL and returns it as the Host header of a request has it: in
// lower case and without the default port of its scheme.
func (l *loader) publicURL(value string) string {
	if value == "" {
		return ""
	}
	u, ok := ParseOrigin(value)
	if !ok || !isHTTPSOrLocal(u) {
		l.report("CONNECTOR_PUBLIC_URL", "an https URL without a path", "https://connector.contoso.com")
		return ""
	}
	port := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]
	return u.Scheme + "://" + strings.TrimSuffix(strings.ToLower(u.Host), port)
}

// authorityURL validates the URL of Entra ID; empty selects the cloud's. http is a mistake even on
// a loopback address, because the app's credentials are sent there.
func (l *loader) authorityURL(value string, cloud Cloud) string {
	if value == "" {
		return cloud.Authority
	}
	if u, ok := ParseOrigin(value); !ok || u.Scheme != "https" {
		l.report("CONNECTOR_AUTHORITY_URL", "an https URL without a path", cloud.Authority)
		return ""
	}
	return strings.TrimSuffix(value, "/")
}

// upstreamURL validates the URL of Partner Center; empty selects the cloud's. http is allowed on a
// loopback address, for tests.
func (l *loader) upstreamURL(value string, cloud Cloud) string {
	if value == "" {
		return cloud.Upstream
	}
	if u, ok := ParseOrigin(value); !ok || !isHTTPSOrLocal(u) {
		l.report("CONNECTOR_UPSTREAM_URL", "an https URL without a path, or http on a loopback address", cloud.Upstream)
		return ""
	}
	return strings.TrimSuffix(value, "/")
}

// ParseOrigin parses a URL that consists of a scheme, a host and an optional port. A slash at the
// end is allowed. It returns false for any other URL, and does not restrict the scheme.
func ParseOrigin(value string) (*url.URL, bool) {
	u, err := url.Parse(value)
	if err != nil || u.Hostname() == "" || u.User != nil || strings.TrimSuffix(u.Path, "/") != "" {
		return nil, false
	}
	return u, u.RawQuery == "" && !u.ForceQuery && u.Fragment == ""
}

// isHTTPSOrLocal reports whether a request to u cannot be read in transit.
func isHTTPSOrLocal(u *url.URL) bool {
	return u.Scheme == "https" || (u.Scheme == "http" && isLoopback(u.Host))
}

// isLoopback reports whether hostport, a host with or without a port, is this machine. Names other
// than localhost are not resolved.
func isLoopback(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || (err == nil && ip.IsLoopback())
}
