package sandbox

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
)

var (
	//go:embed data/*/*.json
	files embed.FS
	//go:embed data/names.json
	namesJSON []byte
	//go:embed data/statement.pdf
	statement string
)

// store is all that Partner Center knows. It never changes.
type store struct {
	fixtures  map[string][]item // by file, such as orders/contoso
	customers []customer
	position  map[string]int // of a customer's id in customers
	legacy    []item         // the invoices D…, in the list's order
}

// item is one element of a fixture: a JSON value whose strings may hold
// placeholders such as {customer}, and those of its members that are asked for.
type item struct {
	json string
	keys keys
}

type keys struct {
	ID              string
	OrderID         string
	PartnerID       string
	BillingCycle    string
	TransactionType string
	ProductType     struct {
		ID      string
		SubType struct{ ID string }
	}
}

func (i *item) UnmarshalJSON(b []byte) error {
	var compact bytes.Buffer
	if err := json.Compact(&compact, b); err != nil {
		return err
	}
	i.json = compact.String()
	return json.Unmarshal(b, &i.keys)
}

// load reads the fixtures, each a JSON array, and makes the customers and the
// monthly invoices.
func load() (*store, error) {
	var names names
	if err := json.Unmarshal(namesJSON, &names); err != nil {
		return nil, fmt.Errorf("sandbox: data/names.json: %w", err)
	}
	s := &store{fixtures: map[string][]item{}, customers: names.customers(), position: map[string]int{}}
	for n, c := range s.customers {
		s.position[c.id] = n
	}
	paths, err := fs.Glob(files, "data/*/*.json")
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		b, err := files.ReadFile(path)
		if err != nil {
			return nil, err
		}
		var items []item
		if err := json.Unmarshal(b, &items); err != nil {
			return nil, fmt.Errorf("sandbox: %s: %w", path, err)
		}
		s.fixtures[strings.TrimSuffix(strings.TrimPrefix(path, "data/"), ".json")] = items
	}
	s.legacy = append(s.fixtures["invoices/legacy"], s.monthlyInvoices()...)
	return s, nil
}

// fill replaces the placeholders of items.
func fill(items []item, values *strings.Replacer) []string {
	filled := make([]string, len(items))
	for n, i := range items {
		filled[n] = values.Replace(i.json)
	}
	return filled
}
