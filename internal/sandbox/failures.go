package sandbox

import "time"

// patience is how long the slow customer keeps a caller waiting at most.
const patience = 2 * time.Minute

// Customer is a customer's id with what is to be seen there.
type Customer struct {
	ID      string
	Meaning string
}

// failures are the customers that are answered so on their own path and on
// every path below it, for any caller with a good token.
var failures = []struct {
	Customer
	answer answer
}{
	{Customer{"00000000-0000-0000-0000-000000000200", "an HTML page with status 200 and no JSON at all"},
		answer{status: 200, contentType: html, body: "<!DOCTYPE html><html><head><title>Sign in to your account</title></head><body><h1>Sign in</h1></body></html>"}},
	{Customer{"00000000-0000-0000-0000-000000000400", "400: Partner Center finds the request invalid (code 2000)"},
		refuse(400, invalidInput, "The request is invalid.")},
	{Customer{"00000000-0000-0000-0000-000000000401", "401: Partner Center refuses the token, however fresh it is (code 400)"},
		unauthorized(accessDenied, "Access denied.")},
	{Customer{"00000000-0000-0000-0000-000000000403", "403: the partner has no relationship with the customer (code 20002)"},
		refuse(403, noRelationship, "We&#39;re sorry, the partner does not have a commerce relationship with the customer.")},
	{Customer{"00000000-0000-0000-0000-000000000404", "404: there is no such customer (code 60003)"},
		refuse(404, noSuchCustomer, "The customer was not found.")},
	{Customer{"00000000-0000-0000-0000-000000000429", "429: the gateway throttles; Retry-After is 17 seconds"},
		answer{status: 429, contentType: plainJSON, header: map[string]string{"Retry-After": "17"},
			body: `{ "statusCode": 429, "message": "Rate limit is exceeded. Try again in 17 seconds." }`}},
	{Customer{"00000000-0000-0000-0000-000000000500", "500: Partner Center breaks and sends its stack along (code 800003)"},
		answer{status: 500, body: `{"code":800003,"description":"An unexpected error occurred.","data":["System.NullReferenceException: Object reference not set to an instance of an object.\r\n   at Partner.Sandbox.CustomerController.Get(String id)"],"source":"PartnerFD"}`}},
	{Customer{"00000000-0000-0000-0000-000000000502", "an answer with status 200 that is cut short of its Content-Length"},
		answer{status: 200, contentType: utf8JSON, claimed: 4096, body: `{"totalCount":2,"items":[{"id":"`}},
	{Customer{"00000000-0000-0000-0000-000000000503", "503: Partner Center is away; Retry-After is 3 seconds"},
		answer{status: 503, contentType: html, header: map[string]string{"Retry-After": "3"},
			body: "<html><body><h2>Service Unavailable</h2></body></html>"}},
	{Customer{"00000000-0000-0000-0000-000000000504", "no answer at all until the caller gives up, or two minutes have passed"},
		answer{silent: true}},
}

// Failures are the customers that make the sandbox fail: every call for one of
// them is answered as its meaning says.
func Failures() []Customer {
	var list []Customer
	for _, f := range failures {
		list = append(list, f.Customer)
	}
	return list
}

func failureOf(id string) (answer, bool) {
	for _, f := range failures {
		if f.ID == id {
			return f.answer, true
		}
	}
	return answer{}, false
}
