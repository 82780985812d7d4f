package flows_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/migrate/expression"
)

// values is what an expression is evaluated with.
type values struct {
	now       time.Time
	outputs   map[string]any // of actions
	variables map[string]any
	items     map[string]any // the current item of each enclosing loop
	item      map[string]any // what item() is
	trigger   map[string]any // what triggerBody() is
}

// dateFormats are the formats that flows here use, in Go's form.
var dateFormats = map[string]string{"yyyy-MM-dd": "2006-01-02", "yyyy-MM": "2006-01"}

// evaluate returns a value of a flow with its expressions replaced by their values. It has the
// functions that the flows here call, and panics for any other.
func (v values) evaluate(t *testing.T, value any) any {
	t.Helper()
	switch value := value.(type) {
	case string:
		return v.evaluateText(t, value)
	case []any:
		list := []any{}
		for _, element := range value {
			list = append(list, v.evaluate(t, element))
		}
		return list
	case map[string]any:
		object := map[string]any{}
		for name, member := range value {
			object[name] = v.evaluate(t, member)
		}
		return object
	}
	return value
}

func (v values) evaluateText(t *testing.T, text string) any {
	t.Helper()
	parsed, err := expression.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if whole := parsed.Whole(); whole != nil {
		return v.value(whole)
	}
	var out strings.Builder
	for _, part := range parsed.Parts {
		out.WriteString(part.Literal)
		if part.Expr != nil {
			out.WriteString(textOf(v.value(part.Expr)))
		}
	}
	return out.String()
}

// textOf returns a value as it is in a text.
func textOf(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return value
	}
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func (v values) value(e *expression.Expr) any {
	switch {
	case e.Of != nil:
		value := v.value(e.Of)
		for name := range strings.SplitSeq(e.Index.Literal.(string), "/") {
			object, _ := value.(map[string]any) // nil, as ?[ ] has it
			value = object[name]
		}
		return value
	case e.Call != "":
		var arguments []any
		for _, a := range e.Args {
			arguments = append(arguments, v.value(a))
		}
		return v.call(e.Call, arguments)
	}
	if number, ok := e.Literal.(expression.Number); ok {
		return float(number)
	}
	return e.Literal
}

// float returns the value of a number as decoding JSON would.
func float(n expression.Number) float64 {
	f, err := strconv.ParseFloat(string(n), 64)
	if err != nil {
		panic(err)
	}
	return f
}

// call evaluates a function.
func (v values) call(name string, arguments []any) any {
	switch name {
	case "item":
		return v.item
	case "items":
		return found(v.items, arguments[0])
	case "outputs":
		return found(v.outputs, arguments[0])
	case "body":
		output, _ := found(v.outputs, arguments[0]).(map[string]any) // nil of a skipped action
		return output["body"]
	case "triggerBody":
		return v.trigger
	case "variables":
		return found(v.variables, arguments[0])
	case "utcNow":
		if len(arguments) == 0 {
			return v.now
		}
		return v.now.Format(dateFormats[arguments[0].(string)])
	}
	if function, ok := pure[name]; ok {
		return function(arguments)
	}
	panic(fmt.Sprintf("no function %s", name))
}

func found(in map[string]any, name any) any {
	value, ok := in[name.(string)]
	if !ok {
		panic(fmt.Sprintf("no %q", name))
	}
	return value
}

// pure are the functions whose value depends on their arguments only. They panic for null where the
// platform fails. Texts are compared by their bytes, which for dates is the order of time.
var pure = map[string]func(arguments []any) any{
	"addDays": func(a []any) any {
		return a[0].(time.Time).AddDate(0, 0, int(a[1].(float64))).Format(dateFormats[a[2].(string)])
	},
	"addToTime": func(a []any) any {
		if a[2] != "Month" {
			panic("no unit " + textOf(a[2]))
		}
		return a[0].(time.Time).AddDate(0, int(a[1].(float64)), 0).Format(dateFormats[a[3].(string)])
	},
	"and":      func(a []any) any { return !slices.Contains(a, any(false)) },
	"coalesce": coalesce,
	"concat": func(a []any) any {
		text := ""
		for _, part := range a {
			text += textOf(part)
		}
		return text
	},
	"empty":       func(a []any) any { return a[0] == nil || reflect.ValueOf(a[0]).Len() == 0 },
	"equals":      func(a []any) any { return reflect.DeepEqual(a[0], a[1]) },
	"createArray": func(a []any) any { return a },
	"first": func(a []any) any {
		if list := a[0].([]any); len(list) > 0 {
			return list[0]
		}
		return nil
	},
	"greaterOrEquals": func(a []any) any { return a[0].(string) >= a[1].(string) },
	"if": func(a []any) any {
		if a[0].(bool) {
			return a[1]
		}
		return a[2]
	},
	"last":         func(a []any) any { return a[0].([]any)[len(a[0].([]any))-1] },
	"length":       func(a []any) any { return len(a[0].([]any)) },
	"lessOrEquals": func(a []any) any { return a[0].(string) <= a[1].(string) },
	"not":          func(a []any) any { return !a[0].(bool) },
	"sort":         sortBy,
	"split": func(a []any) any {
		parts := []any{}
		for part := range strings.SplitSeq(a[0].(string), a[1].(string)) {
			parts = append(parts, part)
		}
		return parts
	},
	"startOfMonth": func(a []any) any {
		now := a[0].(time.Time)
		return time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	},
	"startsWith": func(a []any) any { return strings.HasPrefix(a[0].(string), a[1].(string)) },
	"take": func(a []any) any {
		text := a[0].(string)
		return text[:min(len(text), int(a[1].(float64)))]
	},
	"union": union,
}

func coalesce(arguments []any) any {
	for _, a := range arguments {
		if a != nil {
			return a
		}
	}
	return nil
}

// sortBy returns objects in the order of a property that is a text.
func sortBy(a []any) any {
	list := slices.Clone(a[0].([]any))
	key := func(of any) string { return of.(map[string]any)[a[1].(string)].(string) }
	slices.SortStableFunc(list, func(x, y any) int { return strings.Compare(key(x), key(y)) })
	return list
}

// union returns the items of two arrays, each once.
func union(a []any) any {
	all := []any{}
	for _, item := range slices.Concat(a[0].([]any), a[1].([]any)) {
		if !slices.ContainsFunc(all, func(other any) bool { return reflect.DeepEqual(item, other) }) {
			all = append(all, item)
		}
	}
	return all
}
