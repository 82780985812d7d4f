package sandbox

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The error codes of Partner Center that the sandbox uses.
const (
	accessDenied       = 400
	invalidInput       = 2000
	noRelationship     = 20002
	noSuchOrder        = 20000
	noSuchSubscription = 20003
	noSuchCustomer     = 60003
	noSuchResource     = 1000
	viewNotAllowed     = 400036
	tokenMissing       = 800001
	invalidCustomer    = 900118
	appOnlyForbidden   = 900329
)

// A route is one path of Partner Center.
type route struct {
	handle func(*store, *request) answer
	style  style
	params []string // the documented query parameters
}

// routes are the paths that the sandbox answers, with {id} for the customer or the invoice and {item}
// for what a customer has.
var routes = map[string]route{
	"/v1/customers": {(*store).listCustomers,
		style{contentType: utf8JSON, bom: true}, []string{"size", "filter", "seekOperation"}},
	"/v1/customers/{id}": {(*store).getCustomer,
		style{contentType: plainJSON, bom: true, indent: true}, nil},
	"/v1/customers/{id}/orders": {(*store).listOrders,
		style{contentType: utf8JSON, bom: true, indent: true},
		[]string{"billingType", "include_price", "include_system_purchases"}},
	"/v1/customers/{id}/orders/{item}": {(*store).getOrder,
		style{contentType: utf8JSON, bom: true, indent: true}, []string{"include_price"}},
	"/v1/customers/{id}/subscriptions/{item}": {(*store).getSubscription,
		style{contentType: textJSON, bom: true}, nil},
	"/v1/customers/{id}/subscriptions": {(*store).listSubscriptions,
		style{contentType: textJSON, bom: true}, []string{"order_id", "mpn_id", "product_type", "product_subtype"}},
	"/v1/customers/{id}/products": {(*store).listProducts,
		style{contentType: utf8JSON, bom: true}, []string{"targetView"}},
	"/v1/auditrecords": {(*store).listActivity,
		style{contentType: utf8JSON, bom: true}, []string{"startDate", "endDate", "size", "filter", "seekOperation"}},
	"/v1/invoices": {(*store).listInvoices,
		style{contentType: utf8JSON, indent: true}, []string{"size", "offset"}},
	"/v1/invoices/summary": {(*store).getBalance,
		style{contentType: utf8JSON, bom: true}, nil},
	"/v1/invoices/{id}": {(*store).getInvoice,
		style{contentType: plainJSON, indent: true}, nil},
	"/v1/invoices/{id}/documents/statement": {(*store).getStatement,
		style{contentType: utf8JSON}, nil},
}

// partnerCenter is the fake Partner Center.
type partnerCenter struct {
	data   *store
	tokens tokenCodec
}

// ServeHTTP answers one request as Partner Center would.
func (p partnerCenter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// The path is matched as sent: not cleaned, and with %2F distinct from a slash.
	path := r.URL.EscapedPath()
	parts := strings.Split(path, "/")
	q := &request{continuation: r.Header.Get("MS-ContinuationToken")}
	if _, ok := routes[path]; !ok && (len(parts) > 3) {
		q.id, parts[3] = parts[3], "{id}"
		if (len(parts) == 6) && (parts[2] == "customers") && (parts[5] != "") {
			q.item, parts[5] = parts[5], "{item}"
		}
		path = strings.Join(parts, "/")
	}
	p.respond(r, path, q).write(w, r, routes[path].style)
}

// respond checks method, token, path, query and customer, and passes a valid request to its route.
func (p partnerCenter) respond(r *http.Request, path string, q *request) answer {
	if r.Method != http.MethodGet {
		return failure(405, invalidInput, "%.20s is not supported: the sandbox answers GET only.",
			r.Method).with("Allow", "GET")
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return unauthorized(tokenMissing, "The partner token is missing.")
	}
	holder, ok := p.tokens.read(token, time.Now())
	if !ok || holder == refresh {
		return unauthorized(accessDenied,
			"Access denied: the token has expired or was not issued by this sandbox for Partner Center.")
	}
	q.user = holder == appUser

	ofCustomer := strings.HasPrefix(path, "/v1/customers/{id}")
	if failure, ok := failureOf(q.id); ok && ofCustomer {
		return failure
	}
	rt, ok := routes[path]
	if !ok {
		return failure(400, invalidInput, "The sandbox does not have the path %.200q.", r.URL.EscapedPath())
	}
	if r.ContentLength != 0 {
		return failure(400, invalidInput, "A GET must not have a body.")
	}
	var err error
	if q.query, err = documented(r.URL.RawQuery, rt.params); err != nil {
		return invalid(err)
	}
	if ofCustomer {
		if !guidShape.MatchString(q.id) {
			return failure(400, invalidCustomer, "The customer id %.100q is not a GUID.", q.id)
		}
		if q.customer, ok = p.data.customer(q.id); !ok {
			return failure(404, noSuchCustomer, "The customer %s was not found.", q.id)
		}
		if refusal, ok := refusals[q.customer.n]; ok && (path != "/v1/customers/{id}") {
			return refusal
		}
	}
	return rt.handle(p.data, q)
}

// documented parses a query string. It returns an error for a parameter that is not in names,
// repeated or empty.
func documented(raw string, names []string) (url.Values, error) {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return nil, fmt.Errorf("the query string is malformed: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		switch values := query[name]; {
		case !slices.Contains(names, name):
			return nil, fmt.Errorf("the parameter %.100q is not supported; supported are %q", name, names)
		case len(values) > 1:
			return nil, fmt.Errorf("the parameter %s was given %d times", name, len(values))
		case values[0] == "":
			return nil, fmt.Errorf("the parameter %s is empty", name)
		}
	}
	return query, nil
}

// A request is a call as its route sees it. The methods that read parameters record the last error
// in err.
type request struct {
	id, item     string // from the path, as sent
	customer     customer
	query        url.Values
	continuation string // the header MS-ContinuationToken
	user         bool   // the token is an App+User token
	err          error
}

// number returns a parameter that must lie between low and high, or absent if it is not given.
func (q *request) number(name string, low, high, absent int) int {
	s := q.query.Get(name)
	if s == "" {
		return absent
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < low || n > high {
		q.err = fmt.Errorf("the value %.100q of %s is not a number from %d to %d", s, name, low, high)
	}
	return n
}

// oneOf returns a parameter that must be one of values, or an empty string if it is not given.
func (q *request) oneOf(name string, values ...string) string {
	s := q.query.Get(name)
	if s != "" && !slices.Contains(values, s) {
		q.err = fmt.Errorf("the value %.100q of %s is none of %q", s, name, values)
	}
	return s
}

var guidShape = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
