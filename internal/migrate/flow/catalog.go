package flow

import (
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/partner-center/connector/internal/gate"
	"github.com/partner-center/connector/internal/proxy"
)

// A Catalog is what the connector offers: its operations with their parameters, and the fields of
// their answers. It comes from the spec by the same compilers as the running service, so a field or an
// action that is added there is known here. It is safe for concurrent use.
type Catalog struct {
	operations gate.Operations
	answers    map[string]*answer // by operationId; none for a file
}

// NewCatalog compiles a spec.
func NewCatalog(spec *openapi3.T) (*Catalog, error) {
	operations, err := gate.Compile(spec)
	if err != nil {
		return nil, err
	}
	projections, err := proxy.Compile(spec)
	if err != nil {
		return nil, err
	}
	c := &Catalog{operations, map[string]*answer{}}
	for operation, projection := range projections {
		c.answers[operation] = newAnswer(projection.Paths())
	}
	return c, nil
}

// Has reports whether the connector has an operation.
func (c *Catalog) Has(operation string) bool { return c.operations[operation] != nil }

// CheckField checks a field of the answer of an operation, such as items/companyProfile or
// items.companyProfile, which names no elements of arrays. If the connector never sends it, path is that
// of the first missing member, such as items[].links, and problem continues a sentence with it.
func (c *Catalog) CheckField(operation, field string) (path, problem string) {
	v := c.answerOf(operation)
	for name := range strings.FieldsFuncSeq(field, func(r rune) bool { return (r == '/') || (r == '.') }) {
		if element := v.elementOf(); element != nil {
			v = element
		}
		member, missing := v.member(name)
		if missing.path != "" {
			return missing.path, missing.String()
		}
		v = member
	}
	return "", ""
}

// hasPages reports whether the answer of an operation links to a next page.
func (c *Catalog) hasPages(operation string) bool {
	a := c.answers[operation]
	return (a != nil) && a.has(nextLink)
}

// answerOf returns the answer of an operation, or nil if it has no fields.
func (c *Catalog) answerOf(operation string) *value {
	if a := c.answers[operation]; a != nil {
		return &value{answer: a}
	}
	return nil
}

// match returns the operation of a request and the arguments in its path. A segment that is not
// literal matches every parameter; its argument is left out.
func (c *Catalog) match(method string, segments []segment) (operation string, arguments []argument, ok bool) {
	if !strings.EqualFold(method, "GET") { // gate.Compile accepts no other
		return "", nil, false
	}
	for _, id := range c.operations.Sorted() {
		if arguments, ok := matchTemplate(c.operations[id].Path, segments); ok {
			return id, arguments, true
		}
	}
	return "", nil, false
}

// An argument is a name and a literal value in a request.
type argument struct{ name, value string }

// matchTemplate matches the segments of a path with a template, such as /v1/invoices/{InvoiceID}.
func matchTemplate(template string, segments []segment) (arguments []argument, ok bool) {
	parts := strings.Split(strings.TrimPrefix(template, "/"), "/")
	if len(parts) != len(segments) {
		return nil, false
	}
	for i, part := range parts {
		name, isParameter := strings.CutPrefix(part, "{")
		switch s := segments[i]; {
		case !isParameter && (s.dynamic || (s.text != part)), s.text == "":
			return nil, false
		case isParameter && !s.dynamic:
			value, err := url.PathUnescape(s.text)
			if err != nil {
				value = s.text
			}
			arguments = append(arguments, argument{strings.TrimSuffix(name, "}"), value})
		}
	}
	return arguments, true
}

// An answer is the set of documented paths of an answer, such as items[].companyProfile.domain.
type answer struct {
	paths map[string]string // by path in lower case: members are read without regard to case
}

func newAnswer(paths []string) *answer {
	a := &answer{map[string]string{}}
	for _, p := range paths {
		a.paths[strings.ToLower(p)] = p
	}
	return a
}

// has reports whether a path is documented.
func (a *answer) has(path string) bool {
	_, ok := a.paths[strings.ToLower(path)]
	return ok
}

// isScalar reports whether nothing is documented below a path.
func (a *answer) isScalar(path string) bool {
	if path == "" {
		return false
	}
	path = strings.ToLower(path)
	for p := range a.paths {
		rest, ok := strings.CutPrefix(p, path)
		if ok && (strings.HasPrefix(rest, ".") || strings.HasPrefix(rest, "[]")) {
			return false
		}
	}
	return true
}

// always are the fields that an answer has even if Partner Center sends nothing.
var always = []string{"items", "totalCount"}

// isAlways reports whether a field is never left out.
func isAlways(path string) bool { return slices.Contains(always, path) }
