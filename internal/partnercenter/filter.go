package partnercenter

import (
	"bytes"
	"encoding/json"
)

// Fields by which Partner Center filters customers:
// https://learn.microsoft.com/partner-center/developer/get-a-customer-by-name.
const (
	FieldCompanyName = "CompanyName"
	FieldDomain      = "Domain"
)

// StartsWith returns the filter for customers whose field begins with value, ignoring case.
func StartsWith(field, value string) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // the encoding of the query escapes what needs it
	err := encoder.Encode(struct{ Field, Value, Operator string }{field, value, "starts_with"})
	if err != nil {
		panic(err) // strings always encode
	}
	return string(bytes.TrimSuffix(text.Bytes(), []byte("\n")))
}
