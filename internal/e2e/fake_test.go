package e2e

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// upstreamOnly stands in everything that the fake Partner Center sends beside documented fields: it must appear
// in no answer and in no log.
const upstreamOnly = "UPSTREAM-ONLY-7Qz"

// partnerCenter is a fake Partner Center. It answers each path well until a test gives it another behaviour.
type partnerCenter struct {
	*httptest.Server
	entra *entraID

	mu        sync.Mutex
	behaviour http.HandlerFunc // nil: good
	calls     []upstreamCall
	wrong     []string          // what no call of the service may have
	replays   map[string]bool   // calls that net/http repeats by itself, by their ids
	open      map[net.Conn]bool // connections with a call under way
}

// upstreamCall is one call as it arrived.
type upstreamCall struct {
	target string // path and query
	header http.Header
}

// newPartnerCenter starts a fake that takes the tokens of entra.
func newPartnerCenter(t testing.TB, entra *entraID) *partnerCenter {
	t.Helper()
	p := &partnerCenter{entra: entra, replays: map[string]bool{}, open: map[net.Conn]bool{}}
	p.Server = httptest.NewUnstartedServer(p)
	p.Config.ErrorLog = log.New(io.Discard, "", 0) // broken connections are the point
	p.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, connectionKey{}, &connection{Conn: c})
	}
	p.Config.ConnState = func(c net.Conn, state http.ConnState) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if delete(p.open, c); state == http.StateActive {
			p.open[c] = true
		}
	}
	p.Start()
	t.Cleanup(p.Close)
	t.Cleanup(func() {
		if wrong := p.faults(); len(wrong) > 0 {
			t.Errorf("calls of Partner Center: %s", strings.Join(wrong, "; "))
		}
	})
	return p
}

type connectionKey struct{}

// connection counts the calls that came over it.
type connection struct {
	net.Conn
	calls int
}

func (p *partnerCenter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := r.Context().Value(connectionKey{}).(*connection)
	c.calls++
	id := r.Header.Get("MS-RequestId") + r.Header.Get("Authorization")
	p.mu.Lock()
	if !p.replays[id] {
		p.calls = append(p.calls, upstreamCall{r.RequestURI, r.Header.Clone()})
	}
	delete(p.replays, id)
	p.wrong = append(p.wrong, wrongWith(r, p.Listener.Addr().String())...)
	behaviour := p.behaviour
	p.mu.Unlock()

	w.Header().Set("X-Upstream-Only", upstreamOnly)
	switch {
	case !p.entra.issued(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")):
		p.note("a token that Entra ID did not issue")
		refuse(401, "")(w, r)
	case behaviour != nil:
		behaviour(w, r)
	default:
		good(w, r)
	}
}

// allowedUpstream are the headers of a call, all of them and no others but the one that goes on with a list.
var allowedUpstream = []string{"Authorization", "Accept", "Ms-Requestid", "Ms-Correlationid", "Ms-Cv", "X-Locale", "Ms-Partnercenter-Application", "User-Agent"}

// wrongWith says what a call has that it must not have, or lacks.
func wrongWith(r *http.Request, host string) []string {
	var wrong []string
	if r.Method != http.MethodGet || r.ContentLength != 0 || r.Proto != "HTTP/1.1" || r.Host != host {
		wrong = append(wrong, fmt.Sprintf("%s with %d bytes by %s to %s", r.Method, r.ContentLength, r.Proto, r.Host))
	}
	allowed := allowedUpstream
	if r.URL.Query().Get("seekOperation") == "Next" {
		allowed = append(slices.Clone(allowed), "Ms-Continuationtoken")
	}
	for _, name := range allowed {
		if len(r.Header[name]) != 1 {
			wrong = append(wrong, fmt.Sprintf("%s: %q", name, r.Header[name]))
		}
	}
	if len(r.Header) > len(allowed) {
		wrong = append(wrong, fmt.Sprintf("more headers than the allowed ones: %q", r.Header))
	}
	return wrong
}

func (p *partnerCenter) note(wrong string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wrong = append(p.wrong, wrong)
}

// faults returns, once, what was wrong with the calls so far.
func (p *partnerCenter) faults() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	wrong := p.wrong
	p.wrong = nil
	return wrong
}

// behave sets what the next calls meet and forgets the last ones.
func (p *partnerCenter) behave(behaviour http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.behaviour, p.calls = behaviour, nil
}

// received returns the calls since behave.
func (p *partnerCenter) received() []upstreamCall {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]upstreamCall(nil), p.calls...)
}

// underWay is the number of calls that have not ended.
func (p *partnerCenter) underWay() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.open)
}

// silent ends the call's connection by end, before any byte of an answer. On a connection that has served before,
// net/http sends the same call once more on another one; that is one call.
func (p *partnerCenter) silent(w http.ResponseWriter, r *http.Request, end http.HandlerFunc) {
	if r.Context().Value(connectionKey{}).(*connection).calls > 1 {
		p.mu.Lock()
		p.replays[r.Header.Get("MS-RequestId")+r.Header.Get("Authorization")] = true
		p.mu.Unlock()
	}
	end(w, r)
}

// reset and hangUp are the two ways to end a connection.
func (p *partnerCenter) reset(w http.ResponseWriter, r *http.Request) {
	p.silent(w, r, func(w http.ResponseWriter, _ *http.Request) { breakOff(w, "") })
}

func (p *partnerCenter) hangUp(w http.ResponseWriter, r *http.Request) { p.silent(w, r, wire("")) }

// Ids of customers that the fake knows; it knows every other, too.
const (
	customerID    = "65543400-f8b0-4783-8530-6d35ab8c6801"
	otherCustomer = "0a8c4f2e-1b7d-4c39-9e55-d2f1a6b3c784"
)

// answers are good answers by path: what Partner Center sends, and what of it may leave.
var answers = map[string]struct{ sent, leaves string }{
	"/v1/customers": {
		"\xef\xbb\xbf" + `{"totalCount":1,"items":[{"id":"` + customerID + `","companyProfile":{"tenantId":"` + customerID + `","domain":"contoso.example","companyName":"Contoso \u00dc","links":{"self":"` + upstreamOnly + `"}},"relationshipToPartner":"reseller","attributes":{"etag":"` + upstreamOnly + `"}}],"links":{"self":{"uri":"` + upstreamOnly + `"}},"attributes":{"objectType":"Collection"}}`,
		`{"totalCount":1,"items":[{"id":"` + customerID + `","companyProfile":{"tenantId":"` + customerID + `","domain":"contoso.example","companyName":"Contoso \u00dc"},"relationshipToPartner":"reseller"}]}`,
	},
	"/v1/invoices": {
		`{ "totalCount": 2, "items": [ { "id": "G000000001", "totalCharges": 24606.350, "paidAmount": -0.10, "invoiceDate": "2024-03-08T00:00:00", "amendsOf": "` + upstreamOnly + `", "invoiceDetails": null }, null ] }`,
		`{"totalCount":2,"items":[{"id":"G000000001","totalCharges":24606.350,"paidAmount":-0.10,"invoiceDate":"2024-03-08T00:00:00","invoiceDetails":[]}]}`,
	},
	"/v1/customers/{id}": {
		`{"id":"` + customerID + `","commerceId":null,"allowDelegatedAccess":true,"customDomains":["contoso.example"],"tags":["` + upstreamOnly + `"]}`,
		`{"id":"` + customerID + `","allowDelegatedAccess":true,"customDomains":["contoso.example"]}`,
	},
	"/v1/customers/{id}/orders": {
		`{"totalCount":1,"items":[{"id":"o1","lineItems":[{"lineItemNumber":0,"quantity":5.00,"links":{"product":"` + upstreamOnly + `"}}]}]}`,
		`{"totalCount":1,"items":[{"id":"o1","lineItems":[{"lineItemNumber":0,"quantity":5}]}]}`,
	},
	"/v1/customers/{id}/subscriptions": {
		`{"items":[{"id":"s1","quantity":3,"autoRenewEnabled":false,"attributes":["` + upstreamOnly + `"]}]}`,
		`{"items":[{"id":"s1","quantity":3,"autoRenewEnabled":false}],"totalCount":1}`,
	},
	"/v1/customers/{id}/products": {
		`{"totalCount":1,"items":[{"id":"p1","isMicrosoftProduct":true,"dynamicAttributes":{"rank":1413,"upgradeTargetOffers":null,"hidden":"` + upstreamOnly + `"}}]}`,
		`{"totalCount":1,"items":[{"id":"p1","isMicrosoftProduct":true,"dynamicAttributes":{"rank":1413,"upgradeTargetOffers":[]}}]}`,
	},
	"/v1/invoices/{id}": {
		`{"id":"G1","totalCharges":-0.10,"amendments":[{"id":"G2","amendments":["` + upstreamOnly + `"]}]}`,
		`{"id":"G1","totalCharges":-0.10,"amendments":[{"id":"G2"}]}`,
	},
}

// resource is the key into answers of an upstream target.
func resource(target string) string {
	path, _, _ := strings.Cut(target, "?")
	parts := strings.SplitN(path, "/", 5)
	if len(parts) > 3 {
		parts[3] = "{id}"
	}
	return strings.Join(parts, "/")
}

func good(w http.ResponseWriter, r *http.Request) {
	answer, ok := answers[resource(r.RequestURI)]
	if !ok {
		refuse(404, "1000")(w, r)
		return
	}
	respond(200, "application/json; charset=utf-8", answer.sent)(w, r)
}
