package sandbox

import (
	"regexp"
	"strings"
)

// prices matches the members of an order that are returned only with include_price. It relies on
// compact JSON, and on pricing holding only numbers.
var prices = regexp.MustCompile(`"pricing":\{[^{}]*\},|"totalPrice":[^,]*,`)

// listOrders returns all orders: Partner Center does not page them. Orders that the system made
// (renewals, bills) are included on request only.
func (s *store) listOrders(q *request) answer {
	// The reference documents one_time but its example has onetime.
	cycle := q.oneOf("billingType", "monthly", "annual", "one_time", "onetime", "none")
	priced := q.oneOf("include_price", "true", "false")
	system := q.oneOf("include_system_purchases", "true", "false")
	if q.err != nil {
		return invalid(q.err)
	}
	if cycle == "onetime" {
		cycle = "one_time"
	}
	var orders []item
	for _, o := range s.fixtures["orders/"+q.customer.fixtures] {
		if cycle != "" && !strings.EqualFold(cycle, o.keys.BillingCycle) {
			continue
		}
		if strings.HasPrefix(o.keys.TransactionType, "System") && system != "true" {
			continue
		}
		if priced != "true" {
			o = o.withoutPrices()
		}
		orders = append(orders, o)
	}
	return found(collection(fill(orders, q.customer.values()), link("self", "/customers/"+q.customer.id+"/orders")))
}

// withoutPrices returns an order without its prices.
func (i item) withoutPrices() item {
	i.json = prices.ReplaceAllString(i.json, "")
	return i
}

// getOrder returns one order.
func (s *store) getOrder(q *request) answer {
	priced := q.oneOf("include_price", "true", "false")
	if q.err != nil {
		return invalid(q.err)
	}
	o, ok := q.find(s.fixtures["orders/"+q.customer.fixtures])
	if !ok {
		return failure(404, noSuchOrder, "The order %.100q was not found.", q.item)
	}
	if priced != "true" {
		o = o.withoutPrices()
	}
	return found(q.customer.values().Replace(o.json))
}
