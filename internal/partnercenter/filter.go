package partnercenter

import (
	"bytes"
	"encoding/json"
)

// Fields by which Partner Center filters customers and activity:
// https://learn.microsoft.com/partner-center/developer/get-a-customer-by-name and
// https://learn.microsoft.com/partner-center/developer/get-a-record-of-partner-center-activity-by-user.
const (
	FieldCompanyName  = "CompanyName"
	FieldDomain       = "Domain"
	FieldCustomerID   = "CustomerId"
	FieldResourceType = "ResourceType"
)

// StartsWith returns the filter for items whose field begins with value, ignoring case.
func StartsWith(field, value string) string { return filter(field, value, "starts_with") }

// Equals returns the filter for items whose field is value, ignoring case.
func Equals(field, value string) string { return filter(field, value, "equals") }

func filter(field, value, operator string) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // the encoding of the query escapes what needs it
	err := encoder.Encode(struct{ Field, Value, Operator string }{field, value, operator})
	if err != nil {
		panic(err) // strings always encode
	}
	return string(bytes.TrimSuffix(text.Bytes(), []byte("\n")))
}
