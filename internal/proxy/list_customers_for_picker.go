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

// pickerSize is the most customers that Partner Center gives at once.
const pickerSize = "500"

// ListCustomersForPicker answers with the first page of GetAllCustomers as a list to choose from. It is the one
// action whose answer is made anew: its fields have other names and another order than Partner Center's.
func (p *Proxy) ListCustomersForPicker(ctx context.Context, _ gen.ListCustomersForPickerRequestObject) (gen.ListCustomersForPickerResponseObject, error) {
	page, err := p.get(ctx, "GetAllCustomers", partnercenter.Request{Path: "/customers", Query: url.Values{"size": {pickerSize}}})
	if err != nil {
		return nil, err
	}
	defer page.release()
	var customers gen.CustomerCollection
	if err := json.Unmarshal(page.bytes, &customers); err != nil {
		return nil, err
	}
	choices := gen.CustomerChoices{Value: []gen.CustomerChoice{}}
	for _, c := range customers.Items {
		if c.ID == nil {
			continue
		}
		choices.Value = append(choices.Value, gen.CustomerChoice{ID: c.ID, Name: nameOf(c)})
	}
	slices.SortStableFunc(choices.Value, func(a, b gen.CustomerChoice) int {
		return cmp.Or(cmp.Compare(strings.ToLower(*a.Name), strings.ToLower(*b.Name)), cmp.Compare(*a.ID, *b.ID))
	})
	return encode(choices)
}

// nameOf is what a customer is called: its company, else its domain, else its id.
func nameOf(c gen.CustomerSummary) *string {
	if company := c.CompanyProfile; company != nil {
		for _, name := range []*string{company.CompanyName, company.Domain} {
			if name != nil && *name != "" {
				return name
			}
		}
	}
	return c.ID
}

// encode returns a value as a reply.
func encode(value any) (*reply, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return &reply{buffer: &buffer{bytes.TrimSuffix(text.Bytes(), []byte("\n"))}}, nil
}
