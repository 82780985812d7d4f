package proxy

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/partner-center/connector/gen"
	"github.com/partner-center/connector/internal/partnercenter"
)

// pickerSize is the largest page of customers that Partner Center returns.
const pickerSize = "500"

// ListCustomersForPicker returns the first page of GetAllCustomers as a list to choose from. It is
// the only action that decodes and re-encodes its answer, because fields and order differ from
// Partner Center's.
func (p *Proxy) ListCustomersForPicker(
	ctx context.Context, _ gen.ListCustomersForPickerRequestObject,
) (gen.ListCustomersForPickerResponseObject, error) {
	r := partnercenter.Request{Path: "/customers", Query: url.Values{"size": {pickerSize}}}
	body, err := p.project(ctx, "GetAllCustomers", r, noLink)
	if err != nil {
		return nil, err
	}
	if err := body.Rewrite(appendChoices); err != nil {
		return nil, err
	}
	return jsonResult(body), nil
}

// appendChoices appends the choices for a collection of customers, sorted by name, and a newline to
// dst.
func appendChoices(dst, collection []byte) ([]byte, error) {
	var customers gen.CustomerCollection
	if err := json.Unmarshal(collection, &customers); err != nil {
		return nil, err
	}
	choices := gen.CustomerChoices{Value: []gen.CustomerChoice{}}
	for _, c := range customers.Items {
		if c.ID != nil {
			choices.Value = append(choices.Value, gen.CustomerChoice{ID: c.ID, Name: displayName(c)})
		}
	}
	slices.SortStableFunc(choices.Value, func(a, b gen.CustomerChoice) int {
		return cmp.Or(cmp.Compare(strings.ToLower(*a.Name), strings.ToLower(*b.Name)), cmp.Compare(*a.ID, *b.ID))
	})
	buffer := bytes.NewBuffer(dst)
	encoder := json.NewEncoder(buffer)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(choices)
	return buffer.Bytes(), err
}

// displayName returns a customer's company name, else its domain, else its ID.
func displayName(c gen.CustomerSummary) *string {
	if company := c.CompanyProfile; company != nil {
		for _, name := range []*string{company.CompanyName, company.Domain} {
			if name != nil && *name != "" {
				return name
			}
		}
	}
	return c.ID
}
