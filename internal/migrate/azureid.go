package migrate

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/partner-center/connector/internal/migrate/expression"
	"github.com/partner-center/connector/internal/migrate/splice"
)

// placeholder stands for a part of a text that is not known. No resource ID has it.
const placeholder = "\x00"

// A names is what a template calls a value: a parameter with a default, or a variable.
type names func(kind, name string) (text string, ok bool)

// unknown is the names of a template of which nothing is known.
func unknown(string, string) (string, bool) { return "", false }

// templateText returns the text of a value of an Azure template, which is an expression if it begins
// with a bracket. Parts that are not known are placeholders.
func templateText(text string, known names) string {
	inner, ok := strings.CutPrefix(text, "[")
	if !ok || strings.HasPrefix(inner, "[") || !strings.HasSuffix(inner, "]") {
		return text
	}
	parsed, err := expression.Parse("@" + strings.TrimSuffix(inner, "]"))
	if (err != nil) || (parsed.Whole() == nil) {
		return placeholder
	}
	return textOf(parsed.Whole(), known)
}

// textOf returns the text that an expression of a template makes.
func textOf(e *expression.Expr, known names) string {
	if s, ok := e.Str(); ok {
		return s
	}
	var arguments []string
	for _, a := range e.Args {
		arguments = append(arguments, textOf(a, known))
	}
	switch name := strings.ToLower(e.Call); {
	case name == "concat":
		return strings.Join(arguments, "")
	case (name == "format") && (len(arguments) > 0):
		return format(arguments[0], arguments[1:])
	case strings.HasSuffix(name, "resourceid"):
		return resourceID(arguments)
	case ((name == "parameters") || (name == "variables")) && (len(arguments) == 1):
		if text, ok := known(name, arguments[0]); ok {
			return text
		}
	case ((name == "tolower") || (name == "string")) && (len(arguments) == 1):
		return arguments[0]
	}
	return placeholder
}

var formatItem = regexp.MustCompile(`\{(\d+)\}`)

// format returns a text with {0} and so on replaced by arguments.
func format(text string, arguments []string) string {
	return formatItem.ReplaceAllStringFunc(text, func(item string) string {
		n, err := strconv.Atoi(strings.Trim(item, "{}"))
		if (err != nil) || (n >= len(arguments)) {
			return placeholder
		}
		return arguments[n]
	})
}

// resourceID returns the end of what resourceId and its relatives return: the type with a name after
// each of its parts. Arguments before the type are subscriptions and resource groups.
func resourceID(arguments []string) string {
	for i, a := range arguments {
		provider, types, ok := strings.Cut(a, "/")
		if !ok || strings.Contains(provider, placeholder) {
			continue
		}
		out := "/providers/" + provider
		for j, part := range strings.Split(types, "/") {
			name := placeholder
			if i+1+j < len(arguments) {
				name = arguments[i+1+j]
			}
			out += "/" + part + "/" + name
		}
		return out
	}
	return placeholder
}

// A match is how a value of a template names a connector.
type match int

const (
	noMatch  match = iota
	direct         // in its own text
	indirect       // through a parameter or a variable
)

// matchResource reports how the text of a template names the connector.
func (id ID) matchResource(text string, known names) match {
	switch {
	case id.isResource(templateText(text, unknown)):
		return direct
	case id.isResource(templateText(text, known)):
		return indirect
	}
	return noMatch
}

// namesOf returns the names of a template: the defaults of its parameters, and its variables, which may
// refer to them.
func namesOf(template *splice.Value) names {
	var known names
	depth := 0
	known = func(kind, name string) (string, bool) {
		v := memberFold(template.Get(kind), name)
		if kind == "parameters" {
			v = v.Get("defaultValue")
		}
		const deepest = 10 // variables may refer to themselves
		if (v == nil) || (v.Kind != splice.String) || (depth > deepest) {
			return "", false
		}
		depth++
		defer func() { depth-- }()
		return templateText(v.Text, known), true
	}
	return known
}

// memberFold returns a member of an object, without regard to case.
func memberFold(object *splice.Value, name string) *splice.Value {
	if object == nil {
		return nil
	}
	for _, m := range object.Members {
		if strings.EqualFold(m.Name, name) {
			return m.Value
		}
	}
	return nil
}

func itoa(i int) string { return strconv.Itoa(i) }
