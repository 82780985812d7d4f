package server

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"
	"github.com/partner-center/connector/internal/fault"
)

// operation is what an action's requests are checked against.
type operation struct {
	id         string
	parameters []parameter
}

// parameter is one of the spec's, with what its extensions say.
type parameter struct {
	*openapi3.Parameter
	rule     string // x-rule: what its value must be, for a sentence
	excludes string // x-excludes: the parameter that it is not sent with; empty: none
	requires string // x-requires: the parameter that it is sent with alone; empty: none
	sealed   bool   // x-sealed: its value must have been sealed for the action, which gets it opened
}

// newParameter reads a parameter of the spec.
func newParameter(p *openapi3.Parameter) (parameter, error) {
	out := parameter{Parameter: p}
	out.rule, _ = p.Extensions["x-rule"].(string)
	out.excludes, _ = p.Extensions["x-excludes"].(string)
	out.requires, _ = p.Extensions["x-requires"].(string)
	out.sealed, _ = p.Extensions["x-sealed"].(bool)
	if p.In != "path" && p.In != "query" || !p.Schema.Value.Type.Is("string") && !p.Schema.Value.Type.Is("integer") || out.rule == "" {
		return out, fmt.Errorf("parameter %s is no string or integer of the path or the query with an x-rule", p.Name)
	}
	return out, nil
}

var pathParameter = regexp.MustCompile(`\{([^}]+)\}`)

// compileOperations returns the spec's operations by gin's spelling of their paths.
func compileOperations(spec *openapi3.T) (map[string]*operation, error) {
	operations := map[string]*operation{}
	for path, item := range spec.Paths.Map() {
		o := &operation{id: item.Get.OperationID}
		for _, ref := range slices.Concat(item.Parameters, item.Get.Parameters) {
			p, err := newParameter(ref.Value)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", o.id, err)
			}
			o.parameters = append(o.parameters, p)
		}
		for _, p := range o.parameters {
			if p.excludes != "" && !o.has(p.excludes) || p.requires != "" && !o.has(p.requires) {
				return nil, fmt.Errorf("%s: parameter %s excludes or requires one that is not there", o.id, p.Name)
			}
		}
		operations[pathParameter.ReplaceAllString(path, ":$1")] = o
	}
	return operations, nil
}

// validate holds a request to the parameters of its action. A blank optional parameter counts as left out.
func (s *Server) validate(c *gin.Context) {
	o := s.operations[c.FullPath()]
	query, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		s.refuse(c, fault.MalformedQuery)
		return
	}
	if err := o.checkNames(query); err != nil {
		s.fail(c, err)
		return
	}
	for _, p := range o.parameters {
		value := query.Get(p.Name)
		if p.In == "path" {
			value = c.Param(p.Name)
		}
		if err := checkValue(p, value); err != nil {
			s.fail(c, err)
			return
		}
		switch {
		case value == "":
			query.Del(p.Name)
		case p.sealed:
			text, ok := s.config.Sealer.Open(o.id, value)
			if !ok {
				s.fail(c, p.invalid())
				return
			}
			query.Set(p.Name, text)
		}
	}
	if err := o.checkCombination(query); err != nil {
		s.fail(c, err)
		return
	}
	c.Request.URL.RawQuery = query.Encode()
}

// has says whether the action has a query parameter.
func (o *operation) has(name string) bool {
	return slices.ContainsFunc(o.parameters, func(p parameter) bool { return p.In == "query" && p.Name == name })
}

// checkNames refuses a query with a parameter that the action does not have, or with one more than once.
func (o *operation) checkNames(query url.Values) error {
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if !o.has(name) {
			return &fault.Error{Code: fault.UnknownParameter, Message: o.unknown(name)}
		}
		if len(query[name]) > 1 {
			return &fault.Error{Code: fault.RepeatedParameter, Message: name + " is sent more than once. Send it once."}
		}
	}
	return nil
}

// quotable is a name that may be repeated to the caller: it is too short for a credential.
var quotable = regexp.MustCompile(`^[A-Za-z0-9_.$\[\]-]{1,32}$`)

// unknown says what to do about a parameter that the action does not have.
func (o *operation) unknown(name string) string {
	if !quotable.MatchString(name) {
		name = "that was sent"
	}
	var names []string
	for _, p := range o.parameters {
		if p.In != "query" || p.sealed {
			continue
		}
		if near(name, p.Name) {
			return fmt.Sprintf("This action has no parameter %s. Its name is %s.", name, p.Name)
		}
		names = append(names, p.Name)
	}
	if len(names) == 0 {
		return fmt.Sprintf("This action has no parameter %s, nor any other of that kind. Remove it.", name)
	}
	return fmt.Sprintf("This action has no parameter %s. It has %s.", name, enumerate(names))
}

// enumerate is a list of names for a sentence.
func enumerate(names []string) string {
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// near says whether a name was probably meant for another: in another case, or with a slip or two.
func near(name, known string) bool {
	name, known = strings.ToLower(name), strings.ToLower(known)
	return levenshtein.ComputeDistance(name, known) <= min(2, len(known)/3)
}

// checkValue holds one value to its parameter's schema.
func checkValue(p parameter, value string) error {
	if value == "" {
		if p.Required {
			return fault.MissingParameter(p.Name)
		}
		return nil
	}
	if err := checkSchema(p.Schema.Value, value); err != nil {
		return p.invalid()
	}
	return nil
}

func (p parameter) invalid() error {
	return fault.InvalidParameter(p.Name, p.rule)
}

// checkCombination refuses parameters that do not go together, once the blank ones are gone.
func (o *operation) checkCombination(query url.Values) error {
	for _, p := range o.parameters {
		switch {
		case !query.Has(p.Name):
		case p.excludes != "" && query.Has(p.excludes):
			return &fault.Error{Code: fault.MutuallyExclusiveFilters, Message: p.Name + " and " + p.excludes + " cannot be sent together. Send one of them."}
		case p.requires != "" && !query.Has(p.requires):
			return fault.RequiresParameter(p.Name, p.requires)
		}
	}
	return nil
}

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
