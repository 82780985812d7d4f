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

// ContosoID is the first customer of the list: three orders and four
// subscriptions, small enough to be printed.
const ContosoID = "7d3f1c52-9b84-4e06-a2d7-6c58e0f4b913"

// cast are the first customers of the list. Each has orders and subscriptions
// of its own, in the fixtures named here; all the others share those named other.
var cast = []struct {
	Customer
	company  string
	fixtures string
}{
	{Customer{ContosoID, "a little of everything: three orders, four subscriptions"},
		"Contoso Ltd", "contoso"},
	{Customer{"2f90b6ae-4c1d-4a73-8e55-d1b7390c6f24", "licences from before new commerce: GUIDs in upper and lower case, add-on, trial, suspended, expired, deleted, annual billing, dates with -08:00 and with blanks; every address line, unknown members"},
		"Fabrikam Inc", "licences"},
	{Customer{"a4516d08-7e2b-4f9c-b3c0-82f61e9d5a37", "new commerce: promotions, custom term ends, scheduled changes, refundable seats, prices, system purchases, an order still pending; no delegated administration"},
		"Northwind Traders", "newcommerce"},
	{Customer{"c81e07f3-25da-4b68-9d14-3ea6f5702b9c", "Azure: usage without end (9999), plan, reservations without subscription, savings plan with commitment and scope; delegated administration undecided (null)"},
		"Wingtip Toys", "azure"},
	{Customer{"5e6b92d4-f038-4c17-86ab-0d9c7a14e3f5", "software and marketplace: product keys, redemption codes, refund options, activation links"},
		"Adventure Works", "software"},
	{Customer{"93ad4e7f-1b60-4d82-ae39-f7250c8b6d1e", "oddities: nulls, unknown members and enum values, dates of every shape, year 1, empty strings"},
		"Tailspin Toys", "oddities"},
	{Customer{"e07c35b9-8d4f-4126-9a6e-4bf8d213c705", "nothing bought yet: empty lists"},
		"Litware", "nothing"},
}

// Customers are the customers worth a look, with what is special about each.
func Customers() []Customer {
	var list []Customer
	for _, c := range cast {
		list = append(list, c.Customer)
	}
	return list
}

// customer is one of the list; what is not here, its place n decides.
type customer struct {
	n        int
	id       string
	company  string
	domain   string
	fixtures string
	place    place
}

// names are what customers are made of: the cast, then each company in each place.
type names struct {
	Companies []string
	Places    []place
}

type place struct{ Country, Region, City, PostalCode, Culture string }

func (m names) customers() []customer {
	list := make([]customer, 1200)
	for n := range list {
		c := customer{n: n}
		if n < len(cast) {
			c.id, c.company, c.fixtures, c.place = cast[n].ID, cast[n].company, cast[n].fixtures, m.Places[n]
			first, _, _ := strings.Cut(c.company, " ")
			c.domain = strings.ToLower(first) + ".onmicrosoft.com"
		} else {
			nth := n - len(cast)
			company := m.Companies[nth%len(m.Companies)]
			c.id, c.fixtures, c.place = guid(fmt.Sprint("customer ", n)), "other", m.Places[nth/len(m.Companies)]
			c.company = company + " " + c.place.City
			c.domain = fmt.Sprintf("%s%d.onmicrosoft.com", notInDomains.Replace(company), n)
		}
		list[n] = c
	}
	return list
}

var notInDomains = strings.NewReplacer(" ", "", "'", "", "&", "")

func (s *store) customer(id string) (customer, bool) {
	n, ok := s.position[strings.ToLower(id)]
	if !ok {
		return customer{}, false
	}
	return s.customers[n], true
}

// relationship is reseller for most, and each of the others for a few; the last
// one is in no documentation.
func (c customer) relationship() string {
	rare := []string{"none", "advisor", "syndication", "microsoft_support", "unknown", "value_added_reseller"}
	if c.n%20 == 17 {
		return rare[c.n/20%len(rare)]
	}
	return "reseller"
}

// values fill the placeholders of the fixtures.
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
		"{country}", c.place.Country,
		"{region}", c.place.Region,
		"{city}", c.place.City,
		"{postalCode}", c.place.PostalCode,
		"{culture}", c.place.Culture,
		"{language}", c.place.Culture[:2],
	)
}

// getCustomer answers in one of four shapes, which customers take in turn.
func (s *store) getCustomer(q *request) answer {
	shapes := []string{"full", "more", "no-delegated-admin", "undecided"}
	shape := s.fixtures["customers/"+shapes[q.customer.n%len(shapes)]][0]
	return found(q.customer.values().Replace(shape.json))
}

// listCustomers pages by continuation token: links.next names the header to
// send, and totalCount counts the page, as on every such list.
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
		links += fmt.Sprintf(`,"next":{"uri":%q,"method":"GET","headers":[{"key":"MS-ContinuationToken","value":%q}]}`,
			"/customers"+query+"&seekOperation=Next", continuation(end, filter))
	}
	return found(collection(items, links))
}

// search gives the customers that a filter lets pass.
func (s *store) search(q *request, filter string) []customer {
	if filter == "" {
		return s.customers
	}
	var f map[string]string
	if err := json.Unmarshal([]byte(filter), &f); err != nil || len(f) != 3 || f["Value"] == "" {
		q.err = fmt.Errorf("the filter %.200q is not an object of Field, Value and Operator", filter)
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

// start is where in a list of customers the page begins that is asked for.
func (q *request) start(filter string, length int) int {
	seek := q.oneOf("seekOperation", "Next")
	if q.err == nil && (seek == "") != (q.continuation == "") {
		q.err = errors.New("seekOperation and the header MS-ContinuationToken go together")
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
	q.err = fmt.Errorf("the MS-ContinuationToken %.100q is not one of this list", q.continuation)
	return 0
}

// continuation is the token of the page that begins at offset. Partner Center
// sends tokens of two shapes, and so does the sandbox.
func continuation(offset int, filter string) string {
	list := guid("list " + filter)
	token := base64.StdEncoding.EncodeToString(binary.LittleEndian.AppendUint32([]byte(list[:3]), uint32(offset)))
	if offset/100%2 == 1 {
		return list + "," + token + "," + guid(token)
	}
	return token
}
