package flows_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/partner-center/connector/internal/migrate/expression"
)

// shape is what is known about a value: its type as in a schema, or "any".
type shape struct {
	kind       string
	properties map[string]*shape
	items      *shape
}

// kindOf returns a shape with a type and nothing below it.
func kindOf(kind string) *shape { return &shape{kind: kind} }

// scope is what an expression can read.
type scope struct {
	outputs   map[string]*shape // of the actions that ran before, with their body as a property
	loops     map[string]*shape // the current item of each enclosing loop
	item      *shape            // what item() is
	variables map[string]*shape // shared by all scopes of a flow
	trigger   *shape            // the output of the trigger; nil if it has none
	repeats   bool              // in a loop
}

// functions are the functions that flows here may call, with the number of their arguments, at most
// and at least, and the type of their result. An empty type stands for that of the first argument.
var functions = map[string]struct {
	least, most int
	result      string
}{
	"addDays":         {2, 3, "string"},
	"addToTime":       {3, 4, "string"},
	"and":             {1, 99, "boolean"},
	"coalesce":        {1, 99, ""},
	"concat":          {1, 99, "string"},
	"empty":           {1, 1, "boolean"},
	"equals":          {2, 2, "boolean"},
	"greaterOrEquals": {2, 2, "boolean"},
	"length":          {1, 1, "integer"},
	"lessOrEquals":    {2, 2, "boolean"},
	"not":             {1, 1, "boolean"},
	"sort":            {2, 2, ""},
	"startOfMonth":    {1, 2, "string"},
	"startsWith":      {2, 2, "boolean"},
	"take":            {2, 2, ""},
	"utcNow":          {0, 1, "string"},
}

// shapeOfValue returns the shape of a value of a flow after its expressions were evaluated.
func (s *scope) shapeOfValue(value any) (*shape, error) {
	switch value := value.(type) {
	case string:
		return s.shapeOfText(value)
	case bool:
		return kindOf("boolean"), nil
	case float64:
		return kindOf("integer"), nil
	case []any:
		array := kindOf("array")
		for _, element := range value {
			items, err := s.shapeOfValue(element)
			if err != nil {
				return nil, err
			}
			array.items = items
		}
		return array, nil
	case map[string]any:
		object := &shape{kind: "object", properties: map[string]*shape{}}
		for name, member := range value {
			property, err := s.shapeOfValue(member)
			if err != nil {
				return nil, err
			}
			object.properties[name] = property
		}
		return object, nil
	}
	return kindOf("any"), nil
}

// shapeOfText returns the shape of a text that may contain expressions.
func (s *scope) shapeOfText(text string) (*shape, error) {
	parsed, err := expression.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", text, err)
	}
	result := kindOf("string")
	for _, part := range parsed.Parts {
		if part.Expr == nil {
			continue
		}
		found, err := s.shapeOf(part.Expr)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", text, err)
		}
		if parsed.Whole() != nil {
			result = found
		}
	}
	return result, nil
}

func (s *scope) shapeOf(e *expression.Expr) (*shape, error) {
	switch {
	case e.Of != nil:
		return s.shapeOfAccess(e)
	case e.Call != "":
		return s.shapeOfCall(e)
	}
	switch literal := e.Literal.(type) {
	case string:
		return kindOf("string"), nil
	case expression.Number:
		return kindOf("integer"), nil
	default:
		return s.shapeOfValue(literal)
	}
}

// shapeOfAccess returns the shape of a property, or of a property of a property if its name has a
// slash.
func (s *scope) shapeOfAccess(e *expression.Expr) (*shape, error) {
	value, err := s.shapeOf(e.Of)
	if err != nil {
		return nil, err
	}
	path, ok := e.Index.Str()
	if !ok {
		return nil, fmt.Errorf("expected the name of a property")
	}
	if !e.Safe {
		return nil, fmt.Errorf("%q is read without ?, which fails if it is left out", path)
	}
	for name := range strings.SplitSeq(path, "/") {
		property, ok := value.properties[name]
		if !ok {
			return nil, fmt.Errorf("no property %q in a value of type %s", name, value.kind)
		}
		value = property
	}
	return value, nil
}

func (s *scope) shapeOfCall(e *expression.Expr) (*shape, error) {
	var arguments []*shape
	for _, a := range e.Args {
		argument, err := s.shapeOf(a)
		if err != nil {
			return nil, err
		}
		arguments = append(arguments, argument)
	}
	switch e.Call {
	case "item":
		if (s.item == nil) || (len(arguments) > 0) {
			return nil, fmt.Errorf("there is no item()")
		}
		return s.item, nil
	case "outputs", "body", "items", "variables":
		return s.shapeOfReference(e)
	case "triggerOutputs", "triggerBody":
		return s.shapeOfTrigger(e)
	case "createArray":
		if len(arguments) != 1 {
			return nil, fmt.Errorf("expected an array of one item")
		}
		return &shape{kind: "array", items: arguments[0]}, nil
	case "first", "last":
		if (len(arguments) != 1) || (arguments[0].items == nil) {
			return nil, fmt.Errorf("%s takes an array", e.Call)
		}
		return arguments[0].items, nil
	case "if":
		return shapeOfIf(arguments)
	case "split":
		if (len(arguments) != 2) || (arguments[0].kind != "string") || (arguments[1].kind != "string") {
			return nil, fmt.Errorf("split takes two strings")
		}
		return &shape{kind: "array", items: arguments[0]}, nil
	case "union":
		return shapeOfUnion(arguments)
	}
	function, ok := functions[e.Call]
	if !ok {
		return nil, fmt.Errorf("unknown function %s", e.Call)
	}
	if (len(arguments) < function.least) || (len(arguments) > function.most) {
		return nil, fmt.Errorf("%s takes %d to %d arguments", e.Call, function.least, function.most)
	}
	if function.result == "" {
		return arguments[0], nil
	}
	return kindOf(function.result), nil
}

// shapeOfTrigger returns the shape of what the trigger returned, which is one item after splitOn.
func (s *scope) shapeOfTrigger(e *expression.Expr) (*shape, error) {
	switch {
	case (s.trigger == nil) || (len(e.Args) > 0):
		return nil, fmt.Errorf("there is no %s()", e.Call)
	case e.Call == "triggerBody":
		return s.trigger.properties["body"], nil
	}
	return s.trigger, nil
}

func shapeOfIf(arguments []*shape) (*shape, error) {
	if (len(arguments) != 3) || (arguments[0].kind != "boolean") || (arguments[1].kind != arguments[2].kind) {
		return nil, fmt.Errorf("if takes a boolean and two values of one type")
	}
	return arguments[1], nil
}

// shapeOfUnion returns the shape of all items of two arrays, one of which can be empty.
func shapeOfUnion(arguments []*shape) (*shape, error) {
	if (len(arguments) != 2) || (arguments[0].kind != "array") || (arguments[1].kind != "array") {
		return nil, fmt.Errorf("union takes two arrays")
	}
	if arguments[1].items == nil {
		return arguments[0], nil
	}
	return arguments[1], nil
}

// shapeOfReference returns the shape of what an action, a loop or a variable holds.
func (s *scope) shapeOfReference(e *expression.Expr) (*shape, error) {
	if len(e.Args) != 1 {
		return nil, fmt.Errorf("%s takes one name", e.Call)
	}
	name, _ := e.Args[0].Str()
	switch e.Call {
	case "items":
		if item, ok := s.loops[name]; ok {
			return item, nil
		}
		return nil, fmt.Errorf("not in a loop %q", name)
	case "variables":
		if variable, ok := s.variables[name]; ok {
			return variable, nil
		}
		return nil, fmt.Errorf("no variable %q", name)
	}
	output, ok := s.outputs[name]
	if !ok {
		return nil, fmt.Errorf("%q does not run before, or has no output", name)
	}
	if e.Call == "outputs" {
		return output, nil
	}
	if body, ok := output.properties["body"]; ok {
		return body, nil
	}
	return nil, fmt.Errorf("%q has no body", name)
}

// accepts reports whether a value of this shape can be an argument of a type.
func (v *shape) accepts(kind string) bool {
	return slices.Contains([]string{kind, "any"}, v.kind) || ((kind == "number") && (v.kind == "integer"))
}
