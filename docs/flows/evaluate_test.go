package flows_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/migrate/expression"
)

// values is what an expression is evaluated with.
type values struct {
	now     time.Time
	outputs map[string]any
	item    map[string]any
}

// dateFormats are the formats that flows here use, in Go's form.
var dateFormats = map[string]string{"yyyy-MM-dd": "2006-01-02", "yyyy-MM": "2006-01"}

// evaluate returns the value of a text that is one expression, and other values as they are. It has
// the functions that the conditions of filters call, and panics for any other.
func (v values) evaluate(t *testing.T, value any) any {
	t.Helper()
	text, ok := value.(string)
	if !ok || !strings.HasPrefix(text, "@") {
		return value
	}
	parsed, err := expression.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	whole := parsed.Whole()
	if whole == nil {
		t.Fatalf("%s: expected one expression", text)
	}
	return v.value(whole)
}

func (v values) value(e *expression.Expr) any {
	switch {
	case e.Of != nil:
		object, _ := v.value(e.Of).(map[string]any) // nil, as ?[ ] has it
		return object[e.Index.Literal.(string)]
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

// call evaluates a function. Texts are compared by their bytes, which for dates is the order of time.
func (v values) call(name string, arguments []any) any {
	switch name {
	case "item":
		return v.item
	case "outputs":
		return v.outputs[arguments[0].(string)]
	case "and":
		for _, a := range arguments {
			if !a.(bool) {
				return false
			}
		}
		return true
	case "coalesce":
		for _, a := range arguments {
			if a != nil {
				return a
			}
		}
		return nil
	case "equals":
		return arguments[0] == arguments[1]
	case "greaterOrEquals":
		return arguments[0].(string) >= arguments[1].(string)
	case "lessOrEquals":
		return arguments[0].(string) <= arguments[1].(string)
	case "startsWith":
		return strings.HasPrefix(arguments[0].(string), arguments[1].(string))
	case "take":
		return arguments[0].(string)[:min(len(arguments[0].(string)), int(arguments[1].(float64)))]
	case "utcNow":
		if len(arguments) == 0 {
			return v.now
		}
		return v.now.Format(dateFormats[arguments[0].(string)])
	case "addDays":
		later := arguments[0].(time.Time).AddDate(0, 0, int(arguments[1].(float64)))
		return later.Format(dateFormats[arguments[2].(string)])
	}
	panic(fmt.Sprintf("no function %s", name))
}
