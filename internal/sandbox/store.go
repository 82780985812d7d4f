package sandbox

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var (
	//go:embed data/*/*.json
	files embed.FS
	//go:embed data/names.json
	namesJSON []byte
	//go:embed data/statement.pdf
	statement string
)

// A store holds all data of the fake Partner Center. It is immutable; what depends on the time is
// derived from it.
type store struct {
	started   time.Time
	interval  time.Duration     // between two changes since then
	fixtures  map[string][]item // by file name, such as orders/contoso
	customers []customer
	position  map[string]int // customer id to index in customers
	legacy    []item         // the legacy invoices (D…), in the list's order
}

// An item is one element of a fixture.
type item struct {
	json string // compact JSON whose strings may contain placeholders such as {customer}
	keys keys
}

// keys are the members of an item that requests filter by.
type keys struct {
	ID              string
	OrderID         string
	CustomerID      string
	CustomerName    string
	ResourceType    string
	PartnerID       string
	BillingCycle    string
	TransactionType string
	ProductType     struct {
		ID      string
		SubType struct{ ID string }
	}
}

// UnmarshalJSON keeps the JSON text beside the keys.
func (i *item) UnmarshalJSON(b []byte) error {
	var compact bytes.Buffer
	if err := json.Compact(&compact, b); err != nil {
		return err
	}
	i.json = compact.String()
	return json.Unmarshal(b, &i.keys)
}

// load reads the embedded fixtures, each a JSON array, and generates the customers and the monthly
// invoices. interval is the time between two changes.
func load(interval time.Duration) (*store, error) {
	var names names
	if err := json.Unmarshal(namesJSON, &names); err != nil {
		return nil, fmt.Errorf("sandbox: data/names.json: %w", err)
	}
	s := &store{
		started: time.Now(), interval: interval,
		fixtures: map[string][]item{}, customers: names.customers(), position: map[string]int{},
	}
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

// fill returns the JSON of items with their placeholders replaced.
func fill(items []item, values *strings.Replacer) []string {
	filled := make([]string, len(items))
	for n, i := range items {
		filled[n] = i.fill(values)
	}
	return filled
}

// relativeDay matches the placeholder of a day that is some days before or after today.
var relativeDay = regexp.MustCompile(`\{today[+-]\d+\}`)

// fill returns the JSON of an item with its placeholders replaced.
func (i item) fill(values *strings.Replacer) string {
	return relativeDay.ReplaceAllStringFunc(values.Replace(i.json), func(placeholder string) string {
		days, _ := strconv.Atoi(strings.Trim(placeholder, "{today}")) // matched
		return time.Now().UTC().AddDate(0, 0, days).Format(time.DateOnly)
	})
}
