package sandbox

import (
	"errors"
	"regexp"
	"strings"
)

var digits = regexp.MustCompile(`^[0-9]+$`)

// listSubscriptions has no paging and no links. An order, a partner or a type
// that the customer does not have is no error but an empty list.
func (s *store) listSubscriptions(q *request) answer {
	order, partner := q.query.Get("order_id"), q.query.Get("mpn_id")
	family, subtype := q.query.Get("product_type"), q.query.Get("product_subtype")
	switch {
	case order != "" && partner != "":
		return invalid(errors.New("order_id and mpn_id cannot be combined"))
	case partner != "" && !digits.MatchString(partner):
		return refuse(400, invalidInput, "MPN Id must be numeric.")
	case subtype != "" && family == "":
		return invalid(errors.New("product_subtype goes with product_type only"))
	}
	values := q.customer.values()
	// Ids come in upper and in lower case, in orders one way and in subscriptions the other.
	is := func(have, want string) bool {
		return want == "" || strings.EqualFold(values.Replace(have), want)
	}
	var subscriptions []item
	for _, i := range s.fixtures["subscriptions/"+q.customer.fixtures] {
		k := i.keys
		if is(k.OrderID, order) && is(k.PartnerID, partner) && is(k.ProductType.ID, family) && is(k.ProductType.SubType.ID, subtype) {
			subscriptions = append(subscriptions, i)
		}
	}
	return found(collection(fill(subscriptions, values), ""))
}
