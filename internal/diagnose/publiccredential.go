package diagnose

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net"
	"net/http"
	"net/url"
)

// credentials calls the service with a made-up credential of each kind that it accepts. The service
// must refuse it as wrong; if it finds none, the header was dropped on the way.
func (p *publicCheck) credentials(ctx context.Context) bool {
	if (p.APIKeys != nil) && !p.credential(ctx, "X-Api-Key", madeUp(), "InvalidApiKey") {
		return false
	}
	return (p.SigningKeys == nil) || p.credential(ctx, "Authorization", "Bearer "+madeUp(), "InvalidToken")
}

// madeUp returns a random text that has the form of an API key.
func madeUp() string {
	var random [32]byte
	rand.Read(random[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(random[:])
}

// credential calls the service with a made-up credential, which it must refuse with a code.
func (p *publicCheck) credential(ctx context.Context, name, value, code string) bool {
	v, err := p.visit(ctx, callPath, http.Header{http.CanonicalHeaderKey(name): {value}})
	if err != nil {
		return p.unreachable(v, err)
	}
	answer := v.fault()
	switch {
	case answer.Code == "":
		return p.foreign(callPath, v)
	case answer.RequestID == p.first.fault().RequestID:
		return p.cached("two calls got the same answer")
	case answer.Code == code:
		return true
	case answer.Code == "Draining":
		return p.draining()
	case answer.Code == "MissingCredentials":
		return p.found(Fail, "the header "+name+" is dropped on the way to the service",
			"Let what is in front of the service pass "+name+" on: callers sign in with it.")
	}
	return p.found(Fail, "a made-up "+name+" is refused with "+answer.String()+", not with "+code,
		"Let what is in front of the service pass "+name+" on unchanged, and add no credential of its own.")
}

// misdirected reports that the service expects another Host. If the service that runs on this machine
// accepts the Host of the public URL, a proxy changes it.
func (p *publicCheck) misdirected(ctx context.Context) bool {
	const text = "the service there expects another Host (421)"
	const passOn = "Let the proxy pass the Host header on unchanged"
	switch status := p.local(ctx); status {
	case http.StatusUnauthorized:
		return p.found(Fail, text+", although the one on this machine accepts "+p.url.Host+
			": a proxy changes the Host header", passOn+" (nginx: proxy_set_header Host "+nginxHost(p.url)+").")
	case http.StatusMisdirectedRequest:
		return p.found(Fail, text+", and so does the one on this machine",
			"Restart the service with this CONNECTOR_PUBLIC_URL: it runs with another.")
	}
	return p.found(Fail, text, passOn+", and give the service there this CONNECTOR_PUBLIC_URL.")
}

// nginxHost returns the variable of nginx with the Host header of requests for a URL. $host has no
// port, and the service expects one unless it is the default.
func nginxHost(u *url.URL) string {
	if portOf(u) == "443" {
		return "$host"
	}
	return "$http_host"
}

// local returns the status with which the service on this machine, if one runs, answers a call that
// has the Host of the public URL. Zero: none runs.
func (p *publicCheck) local(ctx context.Context) int {
	host, port, err := net.SplitHostPort(p.Listen)
	if (err != nil) || (port == "0") {
		return 0
	}
	if ip := net.ParseIP(host); (host == "") || ((ip != nil) && ip.IsUnspecified()) {
		host = "localhost"
	}
	v, err := p.visitAt(ctx, "http://"+net.JoinHostPort(host, port)+callPath,
		func(req *http.Request) { req.Host = p.url.Host })
	if err != nil {
		return 0
	}
	return v.fault().Status
}
