package sandbox

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// contosoID is the first customer of the list. The documentation shows its lists, which are short.
const contosoID = "7d3f1c52-9b84-4e06-a2d7-6c58e0f4b913"

// namedCustomers are the first customers of the list, each with orders and subscriptions of its own
// in the fixtures of that name. All other customers share the fixtures named other, but for those of
// renewalFixtures and refusals.
var namedCustomers = []struct {
	id       string
	company  string
	fixtures string
}{
	// Some of everything: three orders, four subscriptions.
	{contosoID, "Contoso Ltd", "contoso"},
	// Licenses from before new commerce: GUIDs in upper and lower case, add-on, trial, suspended,
	// expired, deleted, annual billing, dates with -08:00 and with blanks; all address lines,
	// unknown members.
	{"2f90b6ae-4c1d-4a73-8e55-d1b7390c6f24", "Fabrikam Inc", "licences"},
	// New commerce: promotions, custom term ends, scheduled changes, refundable seats, prices,
	// system purchases, an order that is still pending; no delegated administration.
	{"a4516d08-7e2b-4f9c-b3c0-82f61e9d5a37", "Northwind Traders", "newcommerce"},
	// Azure: usage without end (year 9999), plan, reservations without subscription, savings plan
	// with commitment and scope; delegated administration undecided (null).
	{"c81e07f3-25da-4b68-9d14-3ea6f5702b9c", "Wingtip Toys", "azure"},
	// Software and marketplace: product keys, redemption codes, refund options, activation links.
	{"5e6b92d4-f038-4c17-86ab-0d9c7a14e3f5", "Adventure Works", "software"},
	// Oddities: nulls, unknown members and enum values, dates in many formats, year 1, empty
	// strings.
	{"93ad4e7f-1b60-4d82-ae39-f7250c8b6d1e", "Tailspin Toys", "oddities"},
	// No purchases: empty lists.
	{"e07c35b9-8d4f-4126-9a6e-4bf8d213c705", "Litware", "nothing"},
}

// renewalFixtures are the fixtures with the subscriptions of some of the other customers, by their
// position. Their dates depend on today's date.
var renewalFixtures = map[int]string{
	7: "renewing", // a monthly, a yearly and a three-year term, an add-on
	8: "ending",   // one that ends, one that goes on by the month, a canceled one, a trial
}

// refusals maps positions of other customers to the error that Partner Center returns for everything
// below that customer. They are in the list all the same.
var refusals = map[int]answer{
	17: failure(403, noRelationship, "The partner does not have a commerce relationship with the customer."),
	18: failure(404, noSuchCustomer, "The customer was not found."),
}

// customerCount is the length of the list. It needs three pages of the largest size.
const customerCount = 1200

// A customer is one element of the list. All other values are derived from its position n and its
// id.
type customer struct {
	n        int
	id       string
	company  string
	domain   string
	fixtures string
	place    place
}

// A place provides a customer's address and language.
type place struct{ Country, Region, City, PostalCode, Culture string }

// names holds the companies and places that generated customers combine.
type names struct {
	Companies []string
	Places    []place
}

// customers returns the whole list: the named customers, then the generated ones.
func (m names) customers() []customer {
	list := make([]customer, customerCount)
	for n := range list {
		if n < len(namedCustomers) {
			list[n] = m.named(n)
		} else {
			list[n] = m.generated(n)
		}
	}
	return list
}

func (m names) named(n int) customer {
	named := namedCustomers[n]
	first, _, _ := strings.Cut(named.company, " ")
	return customer{
		n:        n,
		id:       named.id,
		company:  named.company,
		domain:   strings.ToLower(first) + ".onmicrosoft.com",
		fixtures: named.fixtures,
		place:    m.Places[n],
	}
}

func (m names) generated(n int) customer {
	nth := n - len(namedCustomers)
	company, place := m.Companies[nth%len(m.Companies)], m.Places[nth/len(m.Companies)]
	return customer{
		n:        n,
		id:       guid(fmt.Sprint("customer ", n)),
		company:  company + " " + place.City,
		domain:   fmt.Sprintf("%s%d.onmicrosoft.com", notInDomains.Replace(company), n),
		fixtures: "other",
		place:    place,
	}
}

var notInDomains = strings.NewReplacer(" ", "", "'", "", "&", "")

// customer returns the customer with an id, ignoring case.
func (s *store) customer(id string) (customer, bool) {
	n, ok := s.position[strings.ToLower(id)]
	if !ok {
		return customer{}, false
	}
	return s.customers[n], true
}

// relationship returns reseller for most customers. One in 20 has one of the other values; the last
// of them is not documented.
func (c customer) relationship() string {
	rare := []string{"none", "advisor", "syndication", "microsoft_support", "unknown", "value_added_reseller"}
	if c.n%20 == 17 {
		return rare[c.n/20%len(rare)]
	}
	return "reseller"
}

// values replaces the placeholders of the fixtures.
func (c customer) values() *strings.Replacer {
	return strings.NewReplacer(
		"{customer}", c.id,
		"{company}", c.company,
		"{domain}", c.domain,
		"{relationship}", c.relationship(),
		"{commerce}", guid("commerce of "+c.id),
		"{profile}", guid("profile of "+c.id),
		"{order}", guid("order of " + c.id)[24:],
		"{subscription}", guid("subscription of "+c.id),
		"{subscription2}", guid("second subscription of "+c.id),
		"{subscription3}", guid("third subscription of "+c.id),
		"{subscription4}", guid("fourth subscription of "+c.id),
		"{country}", c.place.Country,
		"{region}", c.place.Region,
		"{city}", c.place.City,
		"{postalCode}", c.place.PostalCode,
		"{culture}", c.place.Culture,
		"{language}", c.place.Culture[:2],
	)
}

// getCustomer answers in one of four shapes, by the customer's position.
func (s *store) getCustomer(q *request) answer {
	shapes := []string{"full", "more", "no-delegated-admin", "undecided"}
	shape := s.fixtures["customers/"+shapes[q.customer.n%len(shapes)]][0]
	return found(q.customer.values().Replace(shape.json))
}

// listCustomers pages by continuation token: links.next names the header to send. totalCount counts
// the items of the page, as on all lists of this kind.
func (s *store) listCustomers(q *request) answer {
	size := q.number("size", 1, 500, 500)
	filter := q.query.Get("filter")
	matches := s.search(q, filter)
	start := q.start(filter, len(matches))
	if q.err != nil {
		return invalid(q.err)
	}
	end := min(start+size, len(matches))
	var items []string
	for _, c := range matches[start:end] {
		shapes := s.fixtures["customers/listed"]
		items = append(items, c.values().Replace(shapes[c.n%len(shapes)].json))
	}
	query := fmt.Sprintf("?size=%d", size)
	if filter != "" {
		query += "&filter=" + url.QueryEscape(filter)
	}
	links := link("self", "/v1/customers"+query)
	if end < len(matches) {
		links += next("/customers"+query, continuation(end, filter))
	}
	return found(collection(items, links))
}

// search returns the customers that match a filter. A filter that Partner Center does not support
// sets q.err.
func (s *store) search(q *request, filter string) []customer {
	if filter == "" {
		return s.customers
	}
	f := q.parseFilter(filter)
	if q.err != nil {
		return nil
	}
	if f["Operator"] != "starts_with" {
		q.err = fmt.Errorf("customer search only allows the operator starts_with, not %.100q", f["Operator"])
		return nil
	}
	if f["Field"] != "CompanyName" && f["Field"] != "Domain" {
		q.err = fmt.Errorf("customer search only allows the fields CompanyName and Domain, not %.100q", f["Field"])
		return nil
	}
	var matches []customer
	for _, c := range s.customers {
		field := c.company
		if f["Field"] == "Domain" {
			field = c.domain
		}
		if strings.HasPrefix(strings.ToLower(field), strings.ToLower(f["Value"])) {
			matches = append(matches, c)
		}
	}
	return matches
}

// parseFilter returns the members of a filter. A malformed one sets q.err.
func (q *request) parseFilter(filter string) (f map[string]string) {
	if err := json.Unmarshal([]byte(filter), &f); err != nil || len(f) != 3 || f["Value"] == "" {
		q.err = fmt.Errorf("the filter %.200q is not an object of Field, Value and Operator", filter)
	}
	return f
}

// start returns the position in a list at which the requested page begins. A token of
// another list sets q.err.
func (q *request) start(filter string, length int) int {
	seek := q.oneOf("seekOperation", "Next")
	if q.err == nil && (seek == "") != (q.continuation == "") {
		q.err = errors.New("seekOperation and the header MS-ContinuationToken must be sent together")
	}
	if q.err != nil || seek == "" {
		return 0
	}
	parts := strings.Split(q.continuation, ",")
	b, err := base64.StdEncoding.DecodeString(parts[len(parts)/2])
	if err == nil && len(b) == 7 {
		offset := int(binary.LittleEndian.Uint32(b[3:]))
		if offset > 0 && offset < length && q.continuation == continuation(offset, filter) {
			return offset
		}
	}
	q.err = fmt.Errorf("the MS-ContinuationToken %.100q does not belong to this list", q.continuation)
	return 0
}

// continuation returns the token of the page that begins at offset. Partner Center sends tokens in
// two formats, so the sandbox alternates between them.
func continuation(offset int, filter string) string {
	list := guid("list " + filter)
	token := base64.StdEncoding.EncodeToString(binary.LittleEndian.AppendUint32([]byte(list[:3]), uint32(offset)))
	if offset/100%2 == 1 {
		return list + "," + token + "," + guid(token)
	}
	return token
}
