package flow

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"

	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/migrate/expression"
	"github.com/partner-center/connector/internal/migrate/report"
	"github.com/partner-center/connector/internal/migrate/splice"
)

// checkCall checks the arguments and settings of an action that calls the connector.
func (r *reader) checkCall(a *action) {
	if a.body.Get("runtimeConfiguration", "paginationPolicy") != nil {
		r.checkPagination(a)
	}
	if runtimeURL := a.body.Get("inputs", "host", "api", "runtimeUrl"); runtimeURL != nil {
		r.add(report.Finding{Code: report.RuntimeURL, Level: report.Manual,
			At: a.at + splice.Pointer("inputs", "host", "api", "runtimeUrl")},
			"%s keeps the address of the old connector, which cannot be computed: open the flow after the import "+
				"and add the action again if it does not save", a.name)
	}
	if a.operation == "" {
		return
	}
	for _, group := range []string{"parameters", "queries"} {
		if arguments := a.body.Get("inputs", group); arguments != nil {
			r.checkArguments(a, group, arguments)
		}
	}
	if path := a.body.Get("inputs", "path"); path != nil {
		r.checkPath(a, path.Str())
	}
}

// checkPagination reports the pagination setting of an action. It did nothing before.
func (r *reader) checkPagination(a *action) {
	effect := "the operation has no pages, so the setting still does nothing"
	if r.catalog.hasPages(a.operation) {
		effect = "it did nothing before and now follows nextLink, so loops may see more rows"
	}
	r.add(report.Finding{Code: report.PaginationSetting, Level: report.Warning,
		At: a.at + splice.Pointer("runtimeConfiguration")}, "%s has pagination turned on: %s", a.name, effect)
}

// singleEncoded is a query of old actions that is meant for the platform.
const singleEncoded = "queryParametersSingleEncoded"

// checkArguments checks the arguments in a member of the inputs.
func (r *reader) checkArguments(a *action, group string, arguments *splice.Value) {
	for _, m := range arguments.Members {
		if m.Name == singleEncoded {
			continue
		}
		at := a.at + splice.Pointer("inputs", group, m.Name)
		for _, f := range r.catalog.CheckText(a.operation, m.Name, literal(m.Value)) {
			f.At = at
			r.add(f, "%s: %s", a.name, f.Text)
		}
	}
}

// checkPath checks the literal arguments in the path of an action that is bound by path.
func (r *reader) checkPath(a *action, path string) {
	request, ok := parseRequest(path)
	if !ok {
		return
	}
	_, arguments, _ := r.catalog.match(a.body.Get("inputs", "method").Str(), request.segments)
	query, _ := url.ParseQuery(request.query)
	for name, values := range query {
		arguments[name] = values[0]
	}
	for name, value := range arguments {
		if strings.Contains(value, placeholder) {
			continue
		}
		for _, f := range r.catalog.CheckText(a.operation, name, Text{value, true}) {
			f.At = a.at + splice.Pointer("inputs", "path")
			r.add(f, "%s: %s", a.name, f.Text)
		}
	}
}

// A Text is an argument as it is sent, or an expression that makes it.
type Text struct {
	Value     string
	IsLiteral bool
}

// CheckText returns what is to be said about an argument, without the place. The value of an expression
// is not checked.
func (c *Catalog) CheckText(operation, name string, argument Text) []report.Finding {
	value := argument.Value
	if !argument.IsLiteral {
		value = ""
	}
	var wrong *fault.Error
	errors.As(c.CheckArgument(operation, name, value), &wrong)
	unknown := (wrong != nil) && (wrong.Code == fault.UnknownParameter)
	switch {
	case !argument.IsLiteral && !unknown:
		return []report.Finding{{Code: report.ParameterNotChecked, Level: report.Note,
			Text: name + " is an expression, whose value was not checked"}}
	case wrong == nil:
		return nil
	}
	text := wrong.Text()
	if argument.IsLiteral && shown[name] {
		text = fmt.Sprintf("%s %q is refused. %s", name, value, text)
	}
	return []report.Finding{{Code: report.Code(wrong.Code), Level: report.Warning, Text: text}}
}

// UnknownParameter is the code of findings about names that an operation does not have.
const UnknownParameter = report.Code(fault.UnknownParameter)

// literal returns what is sent for an argument. Objects and arrays count as expressions.
func literal(v *splice.Value) Text {
	switch v.Kind {
	case splice.String:
		text, err := expression.Parse(v.Text)
		if err != nil {
			return Text{}
		}
		value, ok := text.Literal()
		return Text{value, ok}
	case splice.Number:
		return Text{canonical(v.Text), true}
	case splice.Bool:
		return Text{v.Text, true}
	case splice.Null:
		return Text{"", true}
	}
	return Text{}
}

// canonical returns a number as the platform sends it: a whole one without a point and an exponent.
func canonical(number string) string {
	n, err := strconv.ParseFloat(number, 64)
	if (err != nil) || (n != math.Trunc(n)) || (math.Abs(n) > 1e15) {
		return number
	}
	return strconv.FormatInt(int64(n), 10)
}

// shown are the parameters whose values a report may have.
var shown = map[string]bool{"Size": true, "Offset": true}
