package gate

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/partner-center/connector/internal/fault"
)

// Check validates the arguments of an operation, including those in its path. It returns them as
// the action expects them: without empty ones, which count as absent, and with sealed ones opened.
// It depends only on its arguments and does not modify them. An error is a *fault.Error that names
// the first invalid parameter.
func (g *Gate) Check(operation string, arguments url.Values) (url.Values, error) {
	o, ok := g.config.Operations[operation]
	if !ok {
		return nil, fmt.Errorf("gate: no operation %q", operation)
	}
	checked, err := o.Check(arguments)
	if err != nil {
		return nil, err
	}
	for _, p := range o.parameters {
		if !p.sealed || !checked.Has(p.Name) {
			continue
		}
		value, ok := g.config.Sealer.Open(operation, checked.Get(p.Name))
		if !ok {
			return nil, p.invalid()
		}
		checked.Set(p.Name, value)
	}
	return checked, nil
}

// Check is Gate.Check without opening sealed arguments.
func (o *Operation) Check(arguments url.Values) (url.Values, error) {
	if err := o.checkNames(arguments); err != nil {
		return nil, err
	}
	checked := url.Values{}
	for _, p := range o.parameters {
		value := arguments.Get(p.Name)
		if err := p.check(value); err != nil {
			return nil, err
		}
		if value != "" {
			checked[p.Name] = []string{value}
		}
	}
	return checked, o.checkCombination(checked)
}

// checkNames returns a fault for an argument that the operation does not have, or that is sent
// twice.
func (o *Operation) checkNames(arguments url.Values) error {
	var wrong []string
	for name, values := range arguments {
		if !o.has(name) || len(values) > 1 {
			wrong = append(wrong, name)
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	name := slices.Min(wrong)
	if !o.has(name) {
		return &fault.Error{Code: fault.UnknownParameter, Message: o.unknownText(name, arguments)}
	}
	return &fault.Error{Code: fault.RepeatedParameter, Message: name + " is sent more than once. Send it once."}
}

// quotable matches names that may be repeated to the caller: they are too short to be a credential.
var quotable = regexp.MustCompile(`^[A-Za-z0-9_.$\[\]-]{1,32}$`)

// unknownText returns the message for an argument that the operation does not have. It suggests a
// parameter with a similar name, or lists all. Sealed parameters are left out because only links
// may contain them, and those of the path if the call has them already.
func (o *Operation) unknownText(name string, arguments url.Values) string {
	if !quotable.MatchString(name) {
		name = "that was sent"
	}
	var names []string
	for _, p := range o.parameters {
		if p.sealed || (p.In == "path" && arguments.Has(p.Name)) {
			continue
		}
		if similar(name, p.Name) {
			return fmt.Sprintf("This action has no parameter %s. Its name is %s.", name, p.Name)
		}
		names = append(names, p.Name)
	}
	if len(names) == 0 {
		return fmt.Sprintf("This action has no parameter %s. Remove it.", name)
	}
	return fmt.Sprintf("This action has no parameter %s. It has %s.", name, list(names))
}

// list joins names for a sentence. There must be at least one.
func list(names []string) string {
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// similar reports whether name is probably a misspelling of known: it differs in case or by one or
// two edits.
func similar(name, known string) bool {
	name, known = strings.ToLower(name), strings.ToLower(known)
	return levenshtein.ComputeDistance(name, known) <= min(2, len(known)/3)
}

// check returns a fault unless value is valid for the parameter. An empty value counts as absent. A
// value in the path is an ID, so it neither begins nor ends with a blank, whatever its schema says.
func (p parameter) check(value string) error {
	if value == "" {
		if p.Required {
			return p.missing()
		}
		return nil
	}
	if err := checkSchema(p.Schema.Value, value); err != nil || (p.In == "path" && strings.TrimSpace(value) != value) {
		return p.invalid()
	}
	if _, err := time.Parse(time.DateOnly, value); p.isDate && (err != nil) {
		return p.invalid()
	}
	return nil
}

// checkCombination returns a fault for valid arguments that cannot be sent together, or not without
// another.
func (o *Operation) checkCombination(arguments url.Values) error {
	for _, p := range o.parameters {
		switch {
		case !arguments.Has(p.Name):
		case p.excludes != "" && arguments.Has(p.excludes):
			return p.excluded()
		case p.requires != "" && !arguments.Has(p.requires):
			return p.incomplete()
		case p.ends != "" && arguments.Get(p.Name) < arguments.Get(p.ends): // both are YYYY-MM-DD
			return p.endsEarly()
		}
	}
	return nil
}

// checkSchema validates value against a schema of type string or integer. An integer must be in
// canonical form, without a plus sign or leading zeros.
func checkSchema(schema *openapi3.Schema, value string) error {
	if !utf8.ValidString(value) {
		return errors.New("not UTF-8")
	}
	if schema.Type.Is("string") {
		return schema.VisitJSON(value)
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != value {
		return errors.New("not an integer in its usual form")
	}
	return schema.VisitJSON(float64(n))
}
