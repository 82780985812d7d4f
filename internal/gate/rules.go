package gate

import "github.com/partner-center/connector/internal/fault"

// invalid returns the fault for a value that violates the parameter's rule.
func (p parameter) invalid() *fault.Error { return fault.InvalidParameter(p.Name, p.rule) }

// missing returns the fault for a required parameter without a value.
func (p parameter) missing() *fault.Error { return fault.MissingParameter(p.Name) }

// excluded returns the fault for a parameter that is sent together with the one that it excludes.
func (p parameter) excluded() *fault.Error {
	return &fault.Error{
		Code:    fault.MutuallyExclusiveFilters,
		Message: p.Name + " and " + p.excludes + " cannot be sent together. Send one of them.",
	}
}

// incomplete returns the fault for a parameter that is sent without the one that it requires.
func (p parameter) incomplete() *fault.Error { return fault.RequiresParameter(p.Name, p.requires) }

// endsEarly returns the fault for the end of a range that is before its first day.
func (p parameter) endsEarly() *fault.Error {
	return &fault.Error{
		Code:    fault.InvalidRange,
		Message: p.Name + " is before " + p.ends + ". Send a later day, or the same one.",
	}
}

// A Rule states what Check accepts for a parameter, by the texts of the errors for anything else. A form
// can show them before a call is made.
type Rule struct {
	Invalid string `json:"invalid"`           // for a value that violates the parameter's schema
	Missing string `json:"missing,omitempty"` // for no value; empty: the parameter is optional
	IsDate  bool   `json:"isDate,omitempty"`  // values are days, YYYY-MM-DD

	Excludes *Relation `json:"excludes,omitempty"` // a parameter that it cannot be sent with
	Requires *Relation `json:"requires,omitempty"` // a parameter that it cannot be sent without
	Ends     *Relation `json:"ends,omitempty"`     // a parameter with the first day of the range that it ends
}

// A Relation is a rule about a parameter and another one.
type Relation struct {
	Parameter string `json:"parameter"` // the other one
	Violated  string `json:"violated"`  // text of the error
}

// newRelation returns a relation to another parameter, or nil if its name is empty.
func newRelation(other string, violated func() *fault.Error) *Relation {
	if other == "" {
		return nil
	}
	return &Relation{other, violated().Text()}
}

// Rules returns the rules of the operation by parameter. Sealed parameters, which only links contain,
// are left out.
func (o *Operation) Rules() map[string]Rule {
	rules := map[string]Rule{}
	for _, p := range o.parameters {
		if p.sealed {
			continue
		}
		rule := Rule{
			Invalid:  p.invalid().Text(),
			IsDate:   p.isDate,
			Excludes: newRelation(p.excludes, p.excluded),
			Requires: newRelation(p.requires, p.incomplete),
			Ends:     newRelation(p.ends, p.endsEarly),
		}
		if p.Required {
			rule.Missing = p.missing().Text()
		}
		rules[p.Name] = rule
	}
	return rules
}
