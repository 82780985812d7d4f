package fakepartner

import (
	"net/http"
	"strings"

	"github.com/partner-center/connector/internal/e2e/reply"
)

// IDs of customers. The fake answers for every other ID too.
const (
	CustomerID      = "65543400-f8b0-4783-8530-6d35ab8c6801"
	OtherCustomerID = "0a8c4f2e-1b7d-4c39-9e55-d2f1a6b3c784"
)

// answers are the good answers by path: what Partner Center sends, and what the service makes of it.
var answers = map[string]struct{ sent, projected string }{
	"/v1/customers": {
		"\xef\xbb\xbf" + `{"totalCount":1,"items":[{"id":"` + CustomerID + `","companyProfile":{"tenantId":"` +
			CustomerID + `","domain":"contoso.example","companyName":"Contoso \u00dc","links":{"self":"` +
			reply.Private + `"}},"relationshipToPartner":"reseller","attributes":{"etag":"` + reply.Private +
			`"}}],"links":{"self":{"uri":"` + reply.Private + `"}},"attributes":{"objectType":"Collection"}}`,
		`{"totalCount":1,"items":[{"id":"` + CustomerID + `","companyProfile":{"tenantId":"` + CustomerID +
			`","domain":"contoso.example","companyName":"Contoso \u00dc"},"relationshipToPartner":"reseller"}]}`,
	},
	"/v1/invoices": {
		`{ "totalCount": 2, "items": [ { "id": "G000000001", "totalCharges": 24606.350, "paidAmount": -0.10, ` +
			`"invoiceDate": "2024-03-08T00:00:00", "amendsOf": "` + reply.Private +
			`", "invoiceDetails": null }, null ] }`,
		`{"totalCount":2,"items":[{"id":"G000000001","totalCharges":24606.350,"paidAmount":-0.10,` +
			`"invoiceDate":"2024-03-08T00:00:00","invoiceDetails":[]}]}`,
	},
	"/v1/customers/{id}": {
		`{"id":"` + CustomerID +
			`","commerceId":null,"allowDelegatedAccess":true,"customDomains":["contoso.example"],"tags":["` +
			reply.Private + `"]}`,
		`{"id":"` + CustomerID + `","allowDelegatedAccess":true,"customDomains":["contoso.example"]}`,
	},
	"/v1/customers/{id}/orders": {
		`{"totalCount":1,"items":[{"id":"o1","lineItems":[{"lineItemNumber":0,"quantity":5.00,"links":{"product":"` +
			reply.Private + `"}}]}]}`,
		`{"totalCount":1,"items":[{"id":"o1","lineItems":[{"lineItemNumber":0,"quantity":5}]}]}`,
	},
	"/v1/customers/{id}/subscriptions": {
		`{"items":[{"id":"s1","quantity":3,"autoRenewEnabled":false,"attributes":["` + reply.Private + `"]}]}`,
		`{"items":[{"id":"s1","quantity":3,"autoRenewEnabled":false}],"totalCount":1}`,
	},
	"/v1/customers/{id}/orders/{item}": {
		`{"id":"o1","status":"completed","totalPrice":1.5,"links":{"self":"` + reply.Private + `"}}`,
		`{"id":"o1","status":"completed"}`,
	},
	"/v1/customers/{id}/subscriptions/{item}": {
		`{"id":"s1","scheduledActions":[{"actionType":"renew","x":1}],"attributes":["` + reply.Private + `"]}`,
		`{"id":"s1","scheduledActions":[{"actionType":"renew"}]}`,
	},
	"/v1/invoices/summary": {
		`{"balanceAmount":18450.750,"currencyCode":"EUR","details":[{"summary":{"links":"` + reply.Private + `"}}]}`,
		`{"balanceAmount":18450.750,"currencyCode":"EUR","details":[{"summary":{}}]}`,
	},
	"/v1/auditrecords": {
		`{"items":[{"id":"a1","operationDate":"2026-11-25T09:14:31.4471203Z","resourceNewValue":"` + reply.Private +
			`"}]}`,
		`{"items":[{"id":"a1","operationDate":"2026-11-25T09:14:31.4471203Z"}]}`,
	},
	"/v1/customers/{id}/products": {
		`{"totalCount":1,"items":[{"id":"p1","isMicrosoftProduct":true,"dynamicAttributes":{"rank":1413,` +
			`"upgradeTargetOffers":null,"hidden":"` + reply.Private + `"}}]}`,
		`{"totalCount":1,"items":[{"id":"p1","isMicrosoftProduct":true,"dynamicAttributes":{"rank":1413,` +
			`"upgradeTargetOffers":[]}}]}`,
	},
	"/v1/invoices/{id}": {
		`{"id":"G1","totalCharges":-0.10,"amendments":[{"id":"G2","amendments":["` + reply.Private + `"]}]}`,
		`{"id":"G1","totalCharges":-0.10,"amendments":[{"id":"G2"}]}`,
	},
}

// Projected returns the JSON that the service makes of the good answer to a call, and false for a
// path without one.
func Projected(target string) (string, bool) {
	answer, ok := answers[resource(target)]
	return answer.projected, ok
}

// resource returns the key into answers of a target.
func resource(target string) string {
	path, _, _ := strings.Cut(target, "?")
	if _, ok := answers[path]; ok {
		return path
	}
	parts := strings.Split(path, "/")
	for i, name := range map[int]string{3: "{id}", 5: "{item}"} {
		if i < len(parts) {
			parts[i] = name
		}
	}
	return strings.Join(parts, "/")
}

// Good answers a call correctly, and a path that is not documented with 404.
func Good(w http.ResponseWriter, r *http.Request) {
	answer, ok := answers[resource(r.RequestURI)]
	if !ok {
		Refuse(404, "1000")(w, r)
		return
	}
	reply.JSON(answer.sent)(w, r)
}

// Refuse returns a handler that answers an error in Partner Center's form. The code may be empty;
// headers are pairs of a name and a value.
func Refuse(status int, code string, headers ...string) http.HandlerFunc {
	body := `{"description":"` + reply.Private + `","data":[],"source":"PartnerFD"}`
	if code != "" {
		body = `{"code":` + code + `,` + body[1:]
	}
	return reply.With(status, "application/json; charset=utf-8", body, headers...)
}
