package proxy

import (
	"context"
	"fmt"
	"net/url"

	"github.com/partner-center/connector/gen"
	"github.com/partner-center/connector/internal/partnercenter"
)

// pickerSize is the largest page of customers that Partner Center returns.
const pickerSize = "500"

// customerPicker names customers by company.
var customerPicker = picker[gen.CustomerSummary]{
	action:  "GetAllCustomers",
	choice:  customerChoice,
	arrange: byName,
	next: func(page partnercenter.Page) url.Values {
		if page.Token == "" {
			return nil
		}
		return url.Values{}
	},
	last: func(n int) string {
		return fmt.Sprintf("More than %d customers: enter the ID that Get all customers returns", n)
	},
}

// ListCustomersForPicker returns the first page of customers as a list to choose from.
func (p *Proxy) ListCustomersForPicker(
	ctx context.Context, r gen.ListCustomersForPickerRequestObject,
) (gen.ListCustomersForPickerResponseObject, error) {
	query := url.Values{"size": {pickerSize}}
	if r.Params.StartsWith != nil {
		query.Set("filter", partnercenter.StartsWith(partnercenter.FieldCompanyName, *r.Params.StartsWith))
	}
	return customerPicker.list(ctx, p, partnercenter.Request{Path: "/customers", Query: query})
}

// customerChoice names a customer by its company name, else by its domain, else by its ID.
func customerChoice(c gen.CustomerSummary) choice {
	id := firstOf(c.ID)
	if c.CompanyProfile == nil {
		return choice{id: id, name: id}
	}
	return choice{id: id, name: firstOf(c.CompanyProfile.CompanyName, c.CompanyProfile.Domain, c.ID)}
}
