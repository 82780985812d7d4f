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

// longestText bounds the text of an expression, since a short one can make a very long text.
const longestText = 4096

// A names looks up a parameter with a default, or a variable, of a template.
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

// textOf returns the text that an expression of a template makes. One that is too long is not known.
func textOf(e *expression.Expr, known names) string {
	if text := unboundedText(e, known); len(text) <= longestText {
		return text
	}
	return placeholder
}

func unboundedText(e *expression.Expr, known names) string {
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
// refer to them and to each other.
func namesOf(template *splice.Value) names {
	source := map[string]string{} // by kind and name in lower case
	for _, m := range members(template.Get("parameters")) {
		source["parameters "+strings.ToLower(m.Name)] = m.Value.Get("defaultValue").Str()
	}
	for _, m := range members(template.Get("variables")) {
		source["variables "+strings.ToLower(m.Name)] = m.Value.Str()
	}
	texts := map[string]string{}
	var known names
	known = func(kind, name string) (string, bool) {
		key := kind + " " + strings.ToLower(name)
		if text, ok := texts[key]; ok {
			return text, true
		}
		text, ok := source[key]
		if !ok || (text == "") {
			return "", false
		}
		texts[key] = placeholder // while it refers to itself
		texts[key] = templateText(text, known)
		return texts[key], true
	}
	return known
}
