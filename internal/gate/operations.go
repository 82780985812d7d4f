package gate

import (
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/partner-center/connector/internal/fault"
)

// Operations maps the operationIds of a spec to its compiled operations.
type Operations map[string]*Operation

// An Operation is an action as callers see it.
type Operation struct {
	ID         string // operationId
	Path       string // such as /v1/invoices/{InvoiceID}
	parameters []parameter
	polled     bool // it is a trigger, which answers with 202 too
}

// A parameter is a parameter of the spec with the extensions that Check needs.
type parameter struct {
	*openapi3.Parameter
	rule     string // x-rule: completes the sentence "NAME must be"
	excludes string // x-excludes: a parameter that it cannot be sent with; empty: none
	requires string // x-requires: a parameter that it must be sent with; empty: none
	ends     string // x-ends: a parameter with the first day of a range that this one ends; empty: none
	isDate   bool   // x-date: it is a day, YYYY-MM-DD
	sealed   bool   // x-sealed: its value is sealed for the operation; the action gets it opened
}

// Compile compiles the operations of a spec. An error names the unsupported place in the spec.
func Compile(spec *openapi3.T) (Operations, error) {
	operations := Operations{}
	for path, item := range spec.Paths.Map() {
		if item.Get == nil || len(item.Operations()) != 1 {
			return nil, fmt.Errorf("%s: every path has a GET and no other method", path)
		}
		o, err := NewOperation(item.Get.OperationID, path, slices.Concat(item.Parameters, item.Get.Parameters))
		if err != nil {
			return nil, err
		}
		o.polled = item.Get.Responses.Status(http.StatusAccepted) != nil
		operations[o.ID] = o
	}
	return operations, nil
}

// NewOperation compiles an operation. Compile does so for each of a spec; a transport that has inputs
// of its own makes an operation with these.
func NewOperation(id, path string, parameters openapi3.Parameters) (*Operation, error) {
	o := &Operation{ID: id, Path: path}
	for _, ref := range parameters {
		p, err := newParameter(ref.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", id, err)
		}
		o.parameters = append(o.parameters, p)
	}
	for _, p := range o.parameters {
		for _, other := range []string{p.excludes, p.requires, p.ends} {
			if (other != "") && !o.has(other) {
				return nil, fmt.Errorf("%s: parameter %s names %s, which does not exist", id, p.Name, other)
			}
		}
	}
	return o, nil
}

// newParameter reads the extensions of a parameter.
func newParameter(p *openapi3.Parameter) (parameter, error) {
	out := parameter{Parameter: p}
	out.rule, _ = p.Extensions["x-rule"].(string)
	out.excludes, _ = p.Extensions["x-excludes"].(string)
	out.requires, _ = p.Extensions["x-requires"].(string)
	out.ends, _ = p.Extensions["x-ends"].(string)
	out.isDate, _ = p.Extensions["x-date"].(bool)
	out.sealed, _ = p.Extensions["x-sealed"].(bool)
	placed := p.In == "path" || p.In == "query"
	typed := p.Schema.Value.Type.Is("string") || p.Schema.Value.Type.Is("integer")
	if !placed || !typed || out.rule == "" {
		return out,
			fmt.Errorf("parameter %s is not a string or an integer in the path or the query with an x-rule", p.Name)
	}
	return out, nil
}

// Rule returns the rule of a parameter, which completes the sentence "NAME must be". It returns "" if
// the operation has no such parameter.
func (o *Operation) Rule(name string) string {
	for _, p := range o.parameters {
		if p.Name == name {
			return p.rule
		}
	}
	return ""
}

// has reports whether the operation has a parameter with the given name.
func (o *Operation) has(name string) bool {
	return slices.ContainsFunc(o.parameters, func(p parameter) bool { return p.Name == name })
}

// CheckArgument validates one argument as Check does, and no combination. An error is a *fault.Error
// whose text does not have the value. A sealed argument is not opened.
func (o *Operation) CheckArgument(name, value string) error {
	for _, p := range o.parameters {
		if p.Name == name {
			return p.check(value)
		}
	}
	return &fault.Error{Code: fault.UnknownParameter, Message: o.unknownText(name, nil)}
}

// Sorted returns the operationIds in order.
func (o Operations) Sorted() []string { return slices.Sorted(maps.Keys(o)) }
