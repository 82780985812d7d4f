package proxy

import (
	"context"

	"github.com/partner-center/connector/gen"
	"github.com/partner-center/connector/internal/partnercenter"
)

// productTypePicker names the product families of subscriptions.
var productTypePicker = picker[gen.Subscription]{
	action:  "GetCustomerSubscription",
	choice:  productTypeChoice,
	arrange: func(rows []choice) []choice { return byName(distinct(rows)) },
	next:    noLink,
}

// ListProductTypesForPicker returns the product families that a customer has subscriptions to as a
// list to choose from.
func (p *Proxy) ListProductTypesForPicker(
	ctx context.Context, r gen.ListProductTypesForPickerRequestObject,
) (gen.ListProductTypesForPickerResponseObject, error) {
	path := customerPath(r.CustomerTenantID, "/subscriptions")
	return productTypePicker.list(ctx, p, partnercenter.Request{Path: path})
}

// productTypeChoice names a product family by its display name, else by its ID.
func productTypeChoice(s gen.Subscription) choice {
	if s.ProductType == nil {
		return choice{}
	}
	return choice{id: firstOf(s.ProductType.ID), name: firstOf(s.ProductType.DisplayName, s.ProductType.ID)}
}

// distinct returns one row for each ID, with a name other than the ID if a row has one.
func distinct(rows []choice) []choice {
	var unique []choice
	position := map[string]int{}
	for _, row := range rows {
		i, seen := position[row.id]
		switch {
		case !seen:
			position[row.id] = len(unique)
			unique = append(unique, row)
		case unique[i].name == row.id:
			unique[i].name = row.name
		}
	}
	return unique
}
