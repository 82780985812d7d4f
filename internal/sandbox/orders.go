package sandbox

import (
	"regexp"
	"strings"
)

// prices matches the members of an order that only include_price brings. It
// relies on compact JSON, and on pricing holding nothing but numbers.
var prices = regexp.MustCompile(`"pricing":\{[^{}]*\},|"totalPrice":[^,]*,`)

// listOrders has no paging. Orders that the system made, renewals and bills,
// are there only for who asks for them.
func (s *store) listOrders(q *request) answer {
	// The reference writes one_time, and onetime in its example.
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
		bySystem := strings.HasPrefix(o.keys.TransactionType, "System")
		if (cycle == "" || strings.EqualFold(cycle, o.keys.BillingCycle)) && (!bySystem || system == "true") {
			if priced != "true" {
				o.json = prices.ReplaceAllString(o.json, "")
			}
			orders = append(orders, o)
		}
	}
	return found(collection(fill(orders, q.customer.values()), link("self", "/customers/"+q.customer.id+"/orders")))
}
