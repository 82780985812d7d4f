package proxy

import (
	"context"
	"fmt"

	"github.com/partner-center/connector/gen"
	"github.com/partner-center/connector/internal/partnercenter"
)

// orderPicker names orders by day, first line and ID.
var orderPicker = picker[gen.Order]{
	action:  "GetCustomerOrders",
	choice:  orderChoice,
	arrange: newestFirst,
	next:    noLink,
}

// ListOrdersForPicker returns a customer's orders as a list to choose from.
func (p *Proxy) ListOrdersForPicker(
	ctx context.Context, r gen.ListOrdersForPickerRequestObject,
) (gen.ListOrdersForPickerResponseObject, error) {
	return orderPicker.list(ctx, p, partnercenter.Request{Path: customerPath(r.CustomerTenantID, "/orders")})
}

// orderChoice names an order such as "2024-03-08, Office 365 E3 and 2 more, 79d9f5e2f43a".
func orderChoice(o gen.Order) choice {
	lines := ""
	if o.LineItems != nil && len(*o.LineItems) > 0 {
		first, others := (*o.LineItems)[0], len(*o.LineItems)-1
		lines = firstOf(first.FriendlyName, first.OfferID)
		if lines != "" && others > 0 {
			lines += fmt.Sprintf(" and %d more", others)
		}
	}
	id, date := firstOf(o.ID), dateOf(o.CreationDate)
	return choice{id: id, name: joined(day(date), lines, id), date: date}
}
