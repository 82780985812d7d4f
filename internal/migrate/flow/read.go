package flow

import (
	"strings"

	"github.com/partner-center/connector/internal/migrate/expression"
	"github.com/partner-center/connector/internal/migrate/report"
	"github.com/partner-center/connector/internal/migrate/splice"
)

// A place is where an expression stands.
type place struct {
	action *action
	at     string // pointer of the text
	item   *value // what item() is
	silent bool   // nothing is reported: the expression is resolved for another one
}

// handsOn are the types of actions, in lower case, that pass values to readers that are not followed.
var handsOn = map[string]bool{
	"initializevariable": true, "setvariable": true, "appendtoarrayvariable": true, "appendtostringvariable": true,
	"response": true, "workflow": true,
}

// readAction reports what the expressions of an action read.
func (r *reader) readAction(a *action) {
	for _, m := range a.body.Members {
		switch m.Name {
		case "actions", "else", "cases", "default", "tools", "metadata", "runAfter", "type":
			continue
		case "description": // is not evaluated
			r.checkMention(place{action: a, at: a.at + splice.Pointer(m.Name)}, m.Value.Str())
			continue
		}
		r.readTexts(a, a.at+splice.Pointer(m.Name), m.Value)
	}
	if a.kind == "parsejson" {
		r.checkRequired(a)
	}
}

// readTexts reports what all texts of a part of an action read.
func (r *reader) readTexts(a *action, at string, part *splice.Value) {
	part.Walk(func(pointer string, v *splice.Value) bool {
		full := at + pointer
		if v.Kind == splice.String {
			r.readText(place{action: a, at: full, item: r.itemAt(a, full)}, v.Text)
		}
		return !isHost(a, full)
	})
}

// isHost reports whether a pointer is that of an action's host, which names a connection.
func isHost(a *action, at string) bool { return (Host(a.body) != nil) && (at == a.at+"/inputs/host") }

// itemAt returns what item() is at a place of an action: a row in the parts of Select, Filter array and
// Create table that are evaluated for each row, and else the item of the innermost loop.
func (r *reader) itemAt(a *action, at string) *value {
	rest := strings.TrimPrefix(at, a.at)
	perRow := strings.HasPrefix(rest, "/inputs/") && !strings.HasPrefix(rest, "/inputs/from")
	if perRow && ((a.kind == "query") || (a.kind == "select") || (a.kind == "table")) {
		return r.row(a)
	}
	return r.loopItem(a)
}

// row returns what the rows of a Select, Filter array or Create table action are.
func (r *reader) row(a *action) *value {
	if !a.rowKnown {
		a.rowKnown = true
		a.rowValue = r.inputOf(a, "from").elementOf()
	}
	return a.rowValue
}

// loopItem returns the item of the innermost loop around an action.
func (r *reader) loopItem(a *action) *value {
	if len(a.loops) == 0 {
		return nil
	}
	return r.itemOf(a.loops[len(a.loops)-1])
}

// itemOf returns what the items of a loop are, or nil for no action.
func (r *reader) itemOf(loop *action) *value {
	if loop == nil {
		return nil
	}
	return r.output(loop).elementOf()
}

// readText reports what the expressions of a text read.
func (r *reader) readText(p place, text string) {
	r.checkMention(p, text)
	parsed, err := expression.Parse(text)
	if (err != nil) && r.used {
		r.add(report.Finding{Code: report.ExpressionNotRead, Level: report.Note, At: p.at},
			"%s: the expression could not be read: %v", p.action.name, err)
	}
	if err != nil {
		return
	}
	for _, part := range parsed.Parts {
		if part.Expr == nil {
			continue
		}
		v := r.evaluate(part.Expr, p)
		if handsOn[p.action.kind] && v.isPart() {
			r.add(report.Finding{Code: report.NotFollowed, Level: report.Note, At: p.at},
				"%s passes on %s; what is read from it there was not checked", p.action.name, v)
		}
	}
}

// checkMention reports a text that names the connector. Texts are never changed.
func (r *reader) checkMention(p place, text string) {
	if r.definition.Ours.Mentions(text) {
		r.add(report.Finding{Code: report.MentionLeft, Level: report.Note, At: p.at},
			"%s has a text with the ID of the old connector; it was left as it is", p.action.name)
	}
}

// output returns what outputs() of an action returns; of a loop, what it loops over.
func (r *reader) output(a *action) *value {
	const deepest = 1000 // actions that refer to each other in a row; a flow has at most 500
	if a.resolved || (r.depth > deepest) {
		return a.output
	}
	a.resolved = true // before the evaluation, so that a circle ends
	r.depth++
	defer func() { r.depth-- }()
	switch {
	case a.ours:
		if answer := r.catalog.answerOf(a.operation); answer != nil {
			a.output = bodyOf(answer)
		}
	case a.kind == "foreach":
		a.output = r.valueOf(a.body.Get("foreach"), place{action: a, item: r.loopItem(a), silent: true})
	case a.kind == "compose":
		a.output = r.inputOf(a)
	case a.kind == "query":
		a.output = bodyOf(r.inputOf(a, "from"))
	case a.kind == "parsejson":
		a.output = bodyOf(r.inputOf(a, "content"))
	case a.kind == "select":
		row := place{action: a, item: r.row(a), silent: true}
		a.output = bodyOf(newArray(r.valueOf(a.body.Get("inputs", "select"), row)))
	}
	return a.output
}

// bodyOf returns an output with a body.
func bodyOf(v *value) *value { return newObject(map[string]*value{"body": v}) }

// inputOf returns the value of an input of an action.
func (r *reader) inputOf(a *action, path ...string) *value {
	input := a.body.Get(append([]string{"inputs"}, path...)...)
	return r.valueOf(input, place{action: a, item: r.loopItem(a), silent: true})
}

// valueOf returns what is known about a JSON value after its expressions are evaluated.
func (r *reader) valueOf(v *splice.Value, p place) *value {
	switch {
	case v == nil:
		return nil
	case v.Kind == splice.String:
		parsed, err := expression.Parse(v.Text)
		if (err != nil) || (parsed.Whole() == nil) {
			return nil
		}
		return r.evaluate(parsed.Whole(), p)
	case v.Kind == splice.Object:
		members := map[string]*value{}
		for _, m := range v.Members {
			members[strings.ToLower(m.Name)] = r.valueOf(m.Value, p)
		}
		return newObject(members)
	case (v.Kind == splice.Array) && (len(v.Elements) > 0):
		return newArray(r.valueOf(v.Elements[0], p))
	}
	return nil
}
