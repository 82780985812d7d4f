package flow

import (
	"errors"
	"fmt"
	"math"
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
			"%s has the address of the old connector, which cannot be computed: open the flow after the import, save "+
				"it, and if that fails add the action again", a.name)
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
	effect := "the operation has no pages, so the setting does nothing"
	if r.catalog.hasPages(a.operation) {
		effect = "with the old connector it did nothing, now it follows nextLink, so loops can see more rows"
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
		for _, f := range r.catalog.CheckArgument(a.operation, m.Name, literal(m.Value)) {
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
	_, inPath, ok := r.catalog.match(a.body.Get("inputs", "method").Str(), request.segments)
	if !ok {
		return
	}
	for _, argument := range append(inPath, request.arguments()...) {
		if strings.Contains(argument.name+argument.value, placeholder) {
			continue
		}
		for _, f := range r.catalog.CheckArgument(a.operation, argument.name, Argument{argument.value, true}) {
			f.At = a.at + splice.Pointer("inputs", "path")
			r.add(f, "%s: %s", a.name, f.Text)
		}
	}
}

// An Argument is what a flow or an agent passes to an operation: a value as it is sent, or an expression.
type Argument struct {
	Value     string
	IsLiteral bool
}

// CheckArgument returns what is to be said about an argument, without the place. The value of an
// expression is not checked.
func (c *Catalog) CheckArgument(operation, name string, argument Argument) []report.Finding {
	value := argument.Value
	if !argument.IsLiteral {
		value = ""
	}
	var wrong *fault.Error
	errors.As(c.operations[operation].CheckArgument(name, value), &wrong)
	unknown := (wrong != nil) && (wrong.Code == fault.UnknownParameter)
	switch {
	case !argument.IsLiteral && !unknown:
		return []report.Finding{{Code: report.ParameterNotChecked, Level: report.Note,
			Text: name + " is an expression, whose value was not checked"}}
	case wrong == nil:
		return nil
	}
	text := wrong.Text()
	if argument.IsLiteral && shown[name] && (len(value) <= longestShown) {
		text = fmt.Sprintf("%s %q is refused with status 400. %s", name, value, text)
	} else {
		text = "the call fails with status 400. " + text
	}
	return []report.Finding{{Code: report.Code(wrong.Code), Level: report.Warning, Text: text}}
}

// UnknownParameter is the code of findings about names that an operation does not have.
const UnknownParameter = report.Code(fault.UnknownParameter)

// literal returns what is sent for an argument. Objects and arrays count as expressions.
func literal(v *splice.Value) Argument {
	switch v.Kind {
	case splice.String:
		text, err := expression.Parse(v.Text)
		if err != nil {
			return Argument{}
		}
		value, ok := text.Literal()
		return Argument{value, ok}
	case splice.Number:
		return Argument{canonical(v.Text), true}
	case splice.Bool:
		return Argument{v.Text, true}
	case splice.Null:
		return Argument{"", true}
	}
	return Argument{}
}

// canonical returns a number as the platform sends it: a whole one without a point and an exponent.
func canonical(number string) string {
	n, err := strconv.ParseFloat(number, 64)
	if (err != nil) || (n != math.Trunc(n)) || (math.Abs(n) > 1e15) {
		return number
	}
	return strconv.FormatInt(int64(n), 10)
}

// shown are the parameters whose values a report may have, if they are short.
var shown = map[string]bool{"Size": true, "Offset": true}

const longestShown = 20
