package proxy

import (
	"encoding/json"
	"slices"

	"github.com/partner-center/connector/internal/fault"
)

// A renewalPosition is where a page of renewals begins: on a page of customers, behind those that are
// done. Customers can be added to and removed from that page meanwhile, so it names the last ones by
// their IDs.
type renewalPosition struct {
	Token string   `json:"token,omitempty"` // of the page of customers; empty: the first one
	Last  []string `json:"last,omitempty"`  // IDs of the customers that were done last
	Done  int      `json:"done,omitempty"`  // how many of the page were done
}

// maxLast is how many customers a position names. Only if all of them are gone does the number of those
// done decide where it continues.
const maxLast = 10

// readRenewalPosition reads a position. The text has been sealed by the service, so an error is one of
// the service.
func readRenewalPosition(text string) (p renewalPosition, err error) {
	if text == "" {
		return p, nil
	}
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return p, &fault.Error{Code: fault.InternalError}
	}
	return p, nil
}

// String returns the position as text.
func (p renewalPosition) String() string {
	text, err := json.Marshal(p)
	if err != nil {
		panic(err) // texts and numbers can always be encoded
	}
	return string(text)
}

// isEnd reports whether the position is the end of the list.
func (p renewalPosition) isEnd() bool { return p.Token == "" && p.Last == nil }

// left returns the customers of a page that are not done.
func (p renewalPosition) left(customers []renewalCustomer) []renewalCustomer {
	for n, c := range slices.Backward(customers) {
		if slices.Contains(p.Last, c.id) {
			return customers[n+1:]
		}
	}
	return customers[min(p.Done, len(customers)):]
}

// behind returns the position behind further customers of the same page.
func (p renewalPosition) behind(customers []renewalCustomer) renewalPosition {
	next := renewalPosition{Token: p.Token, Last: slices.Clone(p.Last), Done: p.Done + len(customers)}
	for _, c := range customers {
		next.Last = append(next.Last, c.id)
	}
	next.Last = next.Last[max(0, len(next.Last)-maxLast):]
	return next
}
