package sandbox

import (
	"cmp"
	"errors"
	"regexp"
	"strings"
)

var digits = regexp.MustCompile(`^[0-9]+$`)

// listSubscriptions returns all subscriptions that match, without links: Partner Center does not
// page them. A filter that matches none is not an error.
func (s *store) listSubscriptions(q *request) answer {
	order, partner := q.query.Get("order_id"), q.query.Get("mpn_id")
	family, subtype := q.query.Get("product_type"), q.query.Get("product_subtype")
	switch {
	case order != "" && partner != "":
		return invalid(errors.New("order_id and mpn_id cannot be combined"))
	case partner != "" && !digits.MatchString(partner):
		return failure(400, invalidInput, "MPN Id must be numeric.")
	case subtype != "" && family == "":
		return invalid(errors.New("product_subtype requires product_type"))
	}
	values := q.customer.values()
	// The same id can be in upper case in orders and in lower case in subscriptions.
	matches := func(have, want string) bool {
		return want == "" || strings.EqualFold(values.Replace(have), want)
	}
	var subscriptions []item
	for _, i := range s.subscriptions(q.customer) {
		k := i.keys
		if matches(k.OrderID, order) && matches(k.PartnerID, partner) &&
			matches(k.ProductType.ID, family) && matches(k.ProductType.SubType.ID, subtype) {
			subscriptions = append(subscriptions, i)
		}
	}
	return found(collection(fill(subscriptions, values), ""))
}

// subscriptions returns all subscriptions of a customer.
func (s *store) subscriptions(c customer) []item {
	return s.fixtures["subscriptions/"+cmp.Or(renewalFixtures[c.n], c.fixtures)]
}

// getSubscription returns one subscription.
func (s *store) getSubscription(q *request) answer {
	i, ok := q.find(s.subscriptions(q.customer))
	if !ok {
		return failure(404, noSuchSubscription, "The subscription %.100q was not found.", q.item)
	}
	return found(i.fill(q.customer.values()))
}

// find returns the item of the customer that the path names.
func (q *request) find(items []item) (item, bool) {
	values := q.customer.values()
	for _, i := range items {
		if strings.EqualFold(values.Replace(i.keys.ID), q.item) {
			return i, true
		}
	}
	return item{}, false
}
