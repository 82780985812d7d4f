package proxy

import (
	"net/url"
	"strings"

	"github.com/partner-center/connector/internal/mapping"
	"github.com/partner-center/connector/internal/partnercenter"
)

// An activityFilter chooses audit records. Empty fields choose all.
type activityFilter struct {
	resourceType  string
	customer      string // tenant ID
	operationType string // separated by commas
}

// newActivityFilter returns the filter of three parameters. Nil ones choose all.
func newActivityFilter(resourceType, customer, operationType *string) activityFilter {
	return activityFilter{
		resourceType:  valueOf(resourceType),
		customer:      strings.ToLower(valueOf(customer)),
		operationType: valueOf(operationType),
	}
}

// setQuery adds the part of the filter that Partner Center takes, which is one field: the customer, else
// the type. It ignores case.
func (f activityFilter) setQuery(query url.Values) {
	switch {
	case f.customer != "":
		query.Set("filter", partnercenter.Equals(partnercenter.FieldCustomerID, f.customer))
	case f.resourceType != "":
		query.Set("filter", partnercenter.Equals(partnercenter.FieldResourceType, f.resourceType))
	}
}

// conditions returns the whole filter.
func (f activityFilter) conditions() []mapping.Condition {
	all := oneOf("customerId", f.customer)
	all = append(all, oneOf("resourceType", f.resourceType)...)
	return append(all, oneOf("operationType", f.operationType)...)
}
