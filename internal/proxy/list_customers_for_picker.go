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
	var customers struct {
		Items choices `json:"items"`
	}
	if err := json.Unmarshal(collection, &customers); err != nil {
		return nil, err
	}
	slices.SortStableFunc(customers.Items, func(a, b gen.CustomerChoice) int {
		return cmp.Or(cmp.Compare(strings.ToLower(*a.Name), strings.ToLower(*b.Name)), cmp.Compare(*a.ID, *b.ID))
	})
	buffer := bytes.NewBuffer(dst)
	encoder := json.NewEncoder(buffer)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(gen.CustomerChoices{Value: customers.Items})
	return buffer.Bytes(), err
}

// choices are made of a list of customers.
type choices []gen.CustomerChoice

// UnmarshalJSON decodes one customer at a time and keeps those with an ID. All customers of the
// largest answer, decoded at once, would take many times its size.
func (c *choices) UnmarshalJSON(list []byte) error {
	*c = choices{}
	d := json.NewDecoder(bytes.NewReader(list))
	if _, err := d.Token(); err != nil { // [
		return err
	}
	for d.More() {
		var customer gen.CustomerSummary
		if err := d.Decode(&customer); err != nil {
			return err
		}
		if customer.ID != nil {
			*c = append(*c, gen.CustomerChoice{ID: customer.ID, Name: displayName(customer)})
		}
	}
	return nil
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
