package diagnose

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// A clue tells what has answered in place of the service, and what to do.
type clue struct {
	fits   func(visit) bool
	result Result
	means  string // continues "answers STATUS"
	remedy string
}

const startService = "Start the service, which this command does not, and check where the proxy forwards to"

// noClientCertificates is the remedy for what asks for a client certificate.
const noClientCertificates = "Switch client certificates off there: the platform sends none."

// exempt is the remedy for what refuses requests that have no credential of its own.
const exempt = "for this host: the platform sends the service's credential and no other."

// clues are ordered from particular pages to mere statuses. Statuses of Cloudflare are those of
// https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors.
var clues = []clue{
	{
		page(http.StatusNotFound, "Container App is stopped or does not exist"), Warn,
		", as Azure Container Apps does for an app that is stopped or does not exist",
		"Start the app and check its minimum of replicas and its ingress; if the name is wrong, correct " +
			"CONNECTOR_PUBLIC_URL.",
	},
	{
		page(http.StatusForbidden, "web app is stopped"), Warn,
		", as Azure App Service does for an app that is stopped", "Start the app in App Service.",
	},
	{
		page(http.StatusNotFound, "404 Web Site not found"), Fail,
		", as Azure App Service does for a host that no app has",
		"Add the host to the app under Custom domains, or correct CONNECTOR_PUBLIC_URL.",
	},
	{
		page(http.StatusForbidden, "client certificate required"), Fail,
		", as Azure App Service does if it requires a client certificate", noClientCertificates,
	},
	{
		func(v visit) bool {
			return (v.status == http.StatusForbidden) &&
				(v.header.Get("X-Ms-Forbidden-Ip") != "" || v.has("has blocked your access"))
		},
		Warn, ", as Azure App Service does for addresses that its access restrictions do not allow",
		"Allow the platform's addresses in App Service under Networking, Access restrictions. If they are allowed " +
			"and only this machine's is not, run this command elsewhere.",
	},
	{
		func(v visit) bool {
			return (v.status == http.StatusNotFound) && (v.header.Get("Ngrok-Error-Code") != "")
		},
		Warn, ", as ngrok does for a tunnel that is not open",
		"Start the service and the tunnel, which this command does not; if the name is wrong, correct " +
			"CONNECTOR_PUBLIC_URL.",
	},
	{
		func(v visit) bool { return v.is(http.StatusNotFound, "404 page not found") }, Warn,
		", as Traefik does for a host that no running service has",
		startService + ": the rule of the route must have the host of CONNECTOR_PUBLIC_URL. If another site answers, " +
			"correct CONNECTOR_PUBLIC_URL.",
	},
	{
		page(http.StatusServiceUnavailable, "upstream connect error"), Warn,
		", as the ingress of Container Apps and Envoy do if they cannot connect to the service",
		startService + ": its target port must be that of CONNECTOR_LISTEN, and the address 0.0.0.0.",
	},
	{
		func(v visit) bool { return v.header.Get("Cf-Mitigated") != "" }, Fail,
		" with a challenge for browsers by Cloudflare",
		"Switch bot protection and challenges off " + exempt,
	},
	{
		page(http.StatusBadRequest, "No required SSL certificate was sent"), Fail,
		", as nginx does if it requires a client certificate", noClientCertificates,
	},
	{
		func(v visit) bool { return (v.tls == nil) && httpForHTTPS(v) }, Fail,
		": the port speaks https, not http", "Write https:// in CONNECTOR_PUBLIC_URL.",
	},
	{
		httpForHTTPS, Fail, ": the proxy speaks http to a port of the origin that wants https",
		"Let the proxy forward by https, or to a port of the origin that speaks http.",
	},
	{
		statuses(http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout), Warn,
		", as a proxy does that does not reach the service",
		startService + ": host, port and protocol must be those of CONNECTOR_LISTEN, and in a container its address " +
			"0.0.0.0.",
	},
	{
		statuses(521), Warn, ", as Cloudflare does if the origin refuses connections", startService + ".",
	},
	{
		statuses(522, 524), Warn, ", as Cloudflare does if the origin does not answer in time",
		startService + ", and that its firewall admits Cloudflare.",
	},
	{
		statuses(520, 523), Warn, ", as Cloudflare does if it cannot use the origin or its answer",
		startService + ": correct the DNS record of the origin.",
	},
	{
		statuses(530), Warn, ", as Cloudflare does if its tunnel is down or the origin's name does not resolve",
		"Start the service and its tunnel (cloudflared), which this command does not, and check the DNS record of " +
			"the origin.",
	},
	{
		statuses(525, 526), Fail, ", as Cloudflare does if TLS to the origin fails or its certificate is not valid",
		"Install a valid certificate at the origin, or choose the SSL/TLS mode of Cloudflare that fits it.",
	},
	{
		statuses(http.StatusProxyAuthRequired), Fail, ", as a proxy does that asks for a sign-in of its own",
		"Let requests to this host pass the proxy without a sign-in.",
	},
	{
		statuses(http.StatusUnauthorized), Fail,
		", but not as this service does: something in front asks for a sign-in of its own",
		"Switch that sign-in off (Container Apps and App Service: Authentication) " + exempt,
	},
	{
		statuses(http.StatusForbidden), Fail,
		", but not as this service does: a firewall or an access rule refuses the call",
		"Allow it in the WAF or the access restrictions " + exempt,
	},
	{
		statuses(http.StatusTooManyRequests), Warn, ", but not as this service does: something in front limits calls",
		"Raise that limit: the service has its own.",
	},
	{
		statuses(http.StatusMisdirectedRequest), Fail,
		", but not as this service does: what is in front does not know the host",
		"Add the host of CONNECTOR_PUBLIC_URL to the proxy.",
	},
	{
		statuses(http.StatusNotFound), Fail, ", but not as this service does",
		"Let the proxy forward the whole host to the service, without a prefix of paths; if another site answers, " +
			"correct CONNECTOR_PUBLIC_URL.",
	},
}

// httpForHTTPS recognizes what nginx and Go answer to http at a port for https.
var httpForHTTPS = page(http.StatusBadRequest,
	"HTTP request to an HTTPS server", "plain HTTP request was sent to HTTPS port")

// page returns a function that recognizes a response by its status and a text of its body.
func page(status int, texts ...string) func(visit) bool {
	return func(v visit) bool {
		for _, text := range texts {
			if (v.status == status) && v.has(text) {
				return true
			}
		}
		return false
	}
}

// statuses returns a function that recognizes a response by its status alone.
func statuses(all ...int) func(visit) bool {
	return func(v visit) bool {
		for _, status := range all {
			if v.status == status {
				return true
			}
		}
		return false
	}
}

// foreign reports a response that is not the service's.
func (p *publicCheck) foreign(path string, v visit) bool {
	text := fmt.Sprintf("%s%s answers %d", p.PublicURL, path, v.status)
	if (v.status >= 300) && (v.status < 400) {
		means, remedy := redirect(p.PublicURL+path, v.header.Get("Location"))
		return p.found(Fail, text+means, remedy)
	}
	for _, c := range clues {
		if c.fits(v) {
			return p.found(c.result, text+c.means, c.remedy)
		}
	}
	return p.found(Fail, text+", but not as this service does",
		"Check CONNECTOR_PUBLIC_URL, and where the proxy there forwards to.")
}

// signInPage matches addresses of well-known sign-in pages.
var signInPage = regexp.MustCompile(`(?i)^https?://(login\.|[^/]*\.cloudflareaccess\.com/|accounts\.google\.com/)|` +
	`/(\.auth/login|log[-_]?in|sign[-_]?in|saml2?|oauth2?|adfs)([/?]|$)`)

// redirect returns the kind of a redirect from a valid URL, and what to do.
func redirect(address, location string) (means, remedy string) {
	const follows = "Set CONNECTOR_PUBLIC_URL to the URL that the redirect leads to: the platform follows none."
	from, _ := url.Parse(address)
	to, err := from.Parse(location)
	switch {
	case (location == "") || (err != nil) || (to.Host == ""):
		return ", a redirect to nowhere", "Check CONNECTOR_PUBLIC_URL and the proxy: the platform follows none."
	case signInPage.MatchString(to.String()):
		return ", a redirect to a sign-in page", "Switch that sign-in off (Container Apps and App Service: " +
			"Authentication; Cloudflare: Access) " + exempt
	case sameURL(to, from):
		return ", a redirect to itself", "Let the proxy call the origin by https, or tell it that the " +
			"call came by https (X-Forwarded-Proto: https). With Cloudflare choose the SSL/TLS mode Full (strict) in " +
			"place of Flexible."
	case !strings.EqualFold(to.Hostname(), from.Hostname()):
		return ", a redirect to another host, " + quote(to.Host), follows
	case (from.Scheme == "http") && (to.Scheme == "https"):
		return ", a redirect from http to https", follows
	case (from.Scheme == "https") && (to.Scheme == "http"):
		return ", a redirect from https to http",
			"Let the proxy that ends TLS not redirect to http: the platform calls https only."
	case portOf(to) != portOf(from):
		return ", a redirect to another port, " + quote(portOf(to)), follows
	}
	return ", a redirect to another path",
		"Let the proxy pass " + from.Path + " on unchanged: the platform follows no redirect."
}

// sameURL reports whether two URLs of http or https lead to the same place.
func sameURL(a, b *url.URL) bool {
	return (a.Scheme == b.Scheme) && strings.EqualFold(a.Hostname(), b.Hostname()) && (portOf(a) == portOf(b)) &&
		(a.EscapedPath() == b.EscapedPath()) && (a.RawQuery == b.RawQuery)
}

// portOf returns the port of a URL of http or https, also if it is the default.
func portOf(u *url.URL) string {
	if u.Scheme == "http" {
		return cmp.Or(u.Port(), "80")
	}
	return cmp.Or(u.Port(), "443")
}

// quote returns a text that a peer chose, quoted and shortened, for a finding.
func quote(text string) string {
	const longest = 64
	runes := []rune(text)
	return fmt.Sprintf("%q", string(runes[:min(len(runes), longest)]))
}
