package partnercenter

import (
	"bytes"
	"encoding/json"
)

// The fields of customers that Partner Center filters by:
// https://learn.microsoft.com/partner-center/developer/get-a-customer-by-name.
const (
	FieldCompanyName = "CompanyName"
	FieldDomain      = "Domain"
)

// StartsWith is the filter query for customers whose field begins with value, in any case.
func StartsWith(field, value string) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // the query's own encoding does what is needed
	err := encoder.Encode(struct{ Field, Value, Operator string }{field, value, "starts_with"})
	if err != nil {
		panic(err) // three strings always encode
	}
	return string(bytes.TrimSuffix(text.Bytes(), []byte("\n")))
}
