package flow

import (
	"strings"

	"github.com/partner-center/connector/internal/migrate/expression"
	"github.com/partner-center/connector/internal/migrate/report"
	"github.com/partner-center/connector/internal/migrate/splice"
)

// identify finds out whether an action calls the connector, and which operation.
func (r *reader) identify(a *action) {
	host := Host(a.body)
	key, byPath := connectionKey(host)
	id := host.Get("apiId").Str()
	switch {
	case id != "":
		a.ours = r.definition.Ours.APIID(id)
	case (key != "") && (host.Get("operationId") == nil) && !byPath:
		return // a host of something else, such as a child flow
	default:
		a.ours = (key != "") && r.definition.Ours.Key(key)
	}
	if !a.ours {
		return
	}
	r.used = true
	found := report.Action{
		File: r.definition.File, Name: &a.name, At: a.at, Scope: append([]string{}, a.scope...),
		By: report.ByOperationID, Operation: host.Get("operationId").Str(),
	}
	if key != "" {
		found.Key = &key
	}
	if byPath && (a.body.Get("inputs", "path") != nil) {
		found.By = report.ByPath
		found.Operation = r.operationOfPath(a)
	} else if byPath {
		found.Operation = oldOperation(a)
	}
	found.Known = r.catalog.Has(found.Operation)
	r.report.Actions = append(r.report.Actions, found)
	switch {
	case found.Known:
		a.operation = found.Operation
	case found.Operation == hidden:
		r.add(report.Finding{Code: report.ParameterNotChecked, Level: report.Note,
			At: a.at + splice.Pointer("inputs", "path")},
			"%s computes its path, so its operation is not known and was not checked", a.name)
	default:
		r.addUnknown(a, found)
	}
}

// oldOperation returns the operationId of an old action without a path.
func oldOperation(a *action) string {
	if id := a.body.Get("inputs", "operationId").Str(); id != "" {
		return id
	}
	return a.body.Get("metadata", "flowSystemMetadata", "swaggerOperationId").Str()
}

// builtIn are the types of actions, in lower case, that call no connector. Their inputs are the maker's.
var builtIn = map[string]bool{
	"compose": true, "parsejson": true, "select": true, "query": true, "table": true, "join": true, "http": true,
	"httpwebhook": true, "response": true, "workflow": true, "terminate": true, "wait": true, "expression": true,
	"javascriptcode": true, "initializevariable": true, "setvariable": true, "incrementvariable": true,
	"decrementvariable": true, "appendtoarrayvariable": true, "appendtostringvariable": true,
}

// Host returns what names the connection of an action or a trigger, or nil if it calls no connector.
func Host(action *splice.Value) *splice.Value {
	if builtIn[strings.ToLower(action.Get("type").Str())] {
		return nil
	}
	return action.Get("inputs", "host")
}

// addUnknown adds the finding for an operation that the connector does not have.
func (r *reader) addUnknown(a *action, found report.Action) {
	code, what := report.UnknownOperation, "operation"
	if found.By == report.ByPath {
		code, what = report.UnknownPath, strings.ToLower(a.body.Get("inputs", "method").Str())
	}
	if found.Operation == "" {
		what, found.Operation = "operation", "without a name"
	}
	r.add(report.Finding{Code: code, Level: report.Error, At: a.at},
		"%s: the connector has no %s %s", a.name, what, found.Operation)
}

// connectionKey returns the key of an action's connection, or "". ByPath reports that the action is
// bound by method and path.
func connectionKey(host *splice.Value) (key string, byPath bool) {
	for _, name := range []string{"connectionName", "connectionReferenceName"} {
		if key := host.Get(name).Str(); key != "" {
			return key, false
		}
	}
	connection := host.Get("connection")
	if key := connection.Get("referenceName").Str(); key != "" {
		return key, true
	}
	if name := connection.Get("name").Str(); name != "" {
		return keyOfExpression(name), true
	}
	return connection.Str(), connection.Str() == "" && (host.Get("api") != nil)
}

// keyOfExpression returns KEY of an expression such as
// @parameters('$connections')['KEY']['connectionId'], or "".
func keyOfExpression(text string) string {
	parsed, err := expression.Parse(text)
	if err != nil {
		return ""
	}
	e := parsed.Whole()
	if (e == nil) && (len(parsed.Parts) > 0) {
		e = parsed.Parts[0].Expr
	}
	if (e == nil) || (e.Of == nil) {
		return ""
	}
	if last, ok := e.Index.Str(); !ok || !strings.EqualFold(last, "connectionId") || (e.Of.Index == nil) {
		return ""
	}
	key, _ := e.Of.Index.Str()
	return key
}

// operationOfPath returns the operation of an action that is bound by path, or the template of a path
// that is unknown. It returns hidden if the path is computed from its start.
func (r *reader) operationOfPath(a *action) string {
	request, ok := parseRequest(a.body.Get("inputs", "path").Str())
	if !ok || request.segments[0].dynamic {
		return hidden
	}
	operation, _, ok := r.catalog.match(a.body.Get("inputs", "method").Str(), request.segments)
	if !ok {
		return request.template()
	}
	return operation
}
