package flow

import (
	"strings"

	"github.com/partner-center/connector/internal/migrate/expression"
	"github.com/partner-center/connector/internal/migrate/report"
)

// evaluate returns what is known about the value of an expression, and reports the fields that it reads.
func (r *reader) evaluate(e *expression.Expr, p place) *value {
	switch {
	case e.Call != "":
		return r.call(e, p)
	case e.Of != nil:
		return r.access(e, p)
	}
	return nil
}

// access returns an element, a member, or a member of a member if the name has a slash.
func (r *reader) access(e *expression.Expr, p place) *value {
	v := r.evaluate(e.Of, p)
	path, ok := e.Index.Str()
	if !ok {
		r.evaluate(e.Index, p)
		return v.elementOf()
	}
	for name := range strings.SplitSeq(path, "/") {
		if element := v.elementOf(); (element != nil) && isIndex(name) {
			v = element
			continue
		}
		member, missing := v.member(name)
		if missing.path != "" {
			r.addUndocumented(p, missing, effectOf(e))
			return nil
		}
		if v = member; !e.Safe {
			r.checkSafe(p, v)
		}
	}
	return v
}

func isIndex(name string) bool { return (name != "") && (strings.Trim(name, "0123456789") == "") }

// effectOf returns what happens where an expression reads a member that is missing.
func effectOf(e *expression.Expr) string {
	if e.Safe {
		return "the value is null"
	}
	return "the action fails"
}

// addUndocumented reports the read of a member that the connector never sends.
func (r *reader) addUndocumented(p place, missing missingField, effect string) {
	if !p.silent {
		r.add(report.Finding{Code: report.UndocumentedField, Level: report.Warning, At: p.at, Field: missing.path},
			"%s reads %s, so %s", p.action.name, missing, effect)
	}
}

// checkSafe reports the read of a field without a question mark.
func (r *reader) checkSafe(p place, v *value) {
	if p.silent || (v == nil) || (v.answer == nil) || (v.path == "") || isAlways(v.path) {
		return
	}
	r.add(report.Finding{Code: report.UnsafeAccess, Level: report.Note, At: p.at, Field: v.path},
		"%s reads %s without ?, so the action fails where Partner Center has no value and the field is left out",
		p.action.name, v.path)
}

// call returns the result of a function.
func (r *reader) call(e *expression.Expr, p place) *value {
	var arguments []*value
	for _, a := range e.Args {
		arguments = append(arguments, r.evaluate(a, p))
	}
	name := strings.ToLower(e.Call)
	if v, ok := r.refer(name, r.named(e), p); ok {
		return v
	}
	if len(arguments) == 0 {
		return nil
	}
	switch name {
	case "first", "last":
		return arguments[0].elementOf()
	case "take", "skip", "sort", "reverse", "removeproperty", "json", "string":
		return arguments[0]
	case "addproperty", "setproperty":
		return withMember(arguments[0], e.Args)
	case "array", "createarray":
		return newArray(either(arguments))
	case "chunk":
		return newArray(arguments[0])
	case "union", "intersection", "coalesce":
		return either(arguments)
	case "if":
		return either(arguments[1:])
	}
	return nil
}

// withMember returns v with the member that addProperty or setProperty gives it. Of several, only the last
// is known, so of the others nothing is.
func withMember(v *value, arguments []*expression.Expr) *value {
	if (v == nil) || (v.added != "") || (len(arguments) < 2) {
		return nil
	}
	name, ok := arguments[1].Str()
	if !ok {
		return nil
	}
	with := *v
	with.added = name
	return &with
}

// named returns the action or trigger that a call names, or nil.
func (r *reader) named(e *expression.Expr) *action {
	if len(e.Args) != 1 {
		return nil
	}
	name, _ := e.Args[0].Str()
	return r.byName[strings.ToLower(name)]
}

// refer returns what a function returns that refers to an action, a loop or the trigger. It returns false
// for any other function.
func (r *reader) refer(function string, a *action, p place) (*value, bool) {
	switch function {
	case "outputs", "actionoutputs":
		return r.outputsOf(a), true
	case "body", "actionbody":
		return r.body(a), true
	case "actions":
		return r.record(a), true
	case "trigger":
		return r.record(r.trigger), true
	case "triggeroutputs":
		return r.outputsOf(r.trigger), true
	case "triggerbody":
		return r.body(r.trigger), true
	case "item":
		return p.item, true
	case "items":
		return r.itemOf(a), true
	}
	return nil, false
}

// outputsOf returns what outputs() of an action returns, or nil for a loop and for no action.
func (r *reader) outputsOf(a *action) *value {
	if (a == nil) || (a.kind == "foreach") {
		return nil
	}
	return r.output(a)
}

// body returns what body() of an action returns.
func (r *reader) body(a *action) *value {
	v := r.outputsOf(a)
	if (v == nil) || (v.answer != nil) { // of Compose, which has no body
		return nil
	}
	return v.members["body"]
}

// record returns what actions() returns.
func (r *reader) record(a *action) *value {
	return newObject(map[string]*value{"outputs": r.outputsOf(a)})
}
