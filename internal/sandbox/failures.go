package sandbox

import "time"

// silence bounds how long a silent answer keeps its connection open.
const silence = 2 * time.Minute

// Customer is a customer for which every call fails.
type Customer struct {
	ID      string
	Meaning string // what Partner Center answers, for people
}

// failures are the customers of Failures with their answers, which hold for their own path and all
// paths below it.
var failures = []struct {
	Customer
	answer answer
}{
	{
		Customer{"00000000-0000-0000-0000-000000000200", "status 200 with an HTML page instead of JSON"},
		answer{status: 200, contentType: html, body: "<!DOCTYPE html><html><head>" +
			"<title>Sign in to your account</title></head><body><h1>Sign in</h1></body></html>"},
	},
	{
		Customer{"00000000-0000-0000-0000-000000000400", "400: the request is invalid (code 2000)"},
		failure(400, invalidInput, "The request is invalid."),
	},
	{
		Customer{"00000000-0000-0000-0000-000000000401", "401: the token is rejected, a new one too (code 400)"},
		unauthorized(accessDenied, "Access denied."),
	},
	{
		Customer{"00000000-0000-0000-0000-000000000403",
			"403: the partner has no relationship with the customer (code 20002)"},
		failure(403, noRelationship,
			"We&#39;re sorry, the partner does not have a commerce relationship with the customer."),
	},
	{
		Customer{"00000000-0000-0000-0000-000000000404", "404: the customer does not exist (code 60003)"},
		failure(404, noSuchCustomer, "The customer was not found."),
	},
	{
		Customer{"00000000-0000-0000-0000-000000000429", "429: the gateway throttles; Retry-After is 17 seconds"},
		answer{status: 429, contentType: plainJSON, header: map[string]string{"Retry-After": "17"},
			body: `{ "statusCode": 429, "message": "Rate limit is exceeded. Try again in 17 seconds." }`},
	},
	{
		Customer{"00000000-0000-0000-0000-000000000500", "500: an internal error, with a stack trace (code 800003)"},
		answer{status: 500, body: `{"code":800003,"description":"An unexpected error occurred.","data":["` +
			`System.NullReferenceException: Object reference not set to an instance of an object.` +
			`\r\n   at Partner.Sandbox.CustomerController.Get(String id)"],"source":"PartnerFD"}`},
	},
	{
		Customer{"00000000-0000-0000-0000-000000000502", "status 200 with a body shorter than its Content-Length"},
		answer{status: 200, contentType: utf8JSON, claimed: 4096, body: `{"totalCount":2,"items":[{"id":"`},
	},
	{
		Customer{"00000000-0000-0000-0000-000000000503", "503: temporarily unavailable; Retry-After is 3 seconds"},
		answer{status: 503, contentType: html, header: map[string]string{"Retry-After": "3"},
			body: "<html><body><h2>Service Unavailable</h2></body></html>"},
	},
	{
		Customer{"00000000-0000-0000-0000-000000000504",
			"no answer until the caller gives up or two minutes have passed"},
		answer{silent: true},
	},
}

// Failures returns the customers for which every call fails, whatever its path, as long as its
// token is valid.
func Failures() []Customer {
	var list []Customer
	for _, f := range failures {
		list = append(list, f.Customer)
	}
	return list
}

// failureOf returns the answer for a customer of Failures.
func failureOf(id string) (answer, bool) {
	for _, f := range failures {
		if f.ID == id {
			return f.answer, true
		}
	}
	return answer{}, false
}
