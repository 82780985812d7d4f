package flows_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// action is an action of a flow. What Inputs holds depends on Type.
type action struct {
	RunAfter             map[string][]string `json:"runAfter"`
	Type                 string              `json:"type"`
	Description          string              `json:"description"`
	Inputs               jsontext.Value      `json:"inputs"`
	Foreach              string              `json:"foreach"`
	Expression           any                 `json:"expression"`
	Limit                limit               `json:"limit"`
	Actions              map[string]*action  `json:"actions"`
	Else                 branch              `json:"else"`
	RuntimeConfiguration struct {
		PaginationPolicy struct {
			MinimumItemCount int `json:"minimumItemCount"`
		} `json:"paginationPolicy"`
		Concurrency struct {
			Repetitions int `json:"repetitions"`
		} `json:"concurrency"`
		ContentTransfer struct {
			TransferMode string `json:"transferMode"`
		} `json:"contentTransfer"`
	} `json:"runtimeConfiguration"`
}

// limit ends a loop that does not reach its condition.
type limit struct {
	Count   int    `json:"count"`
	Timeout string `json:"timeout"`
}

type branch struct {
	Actions map[string]*action `json:"actions"`
}

// call is the inputs of an action of a connector.
type call struct {
	Host struct {
		APIID          string `json:"apiId"`
		ConnectionName string `json:"connectionName"`
		OperationID    string `json:"operationId"`
	} `json:"host"`
	Parameters     map[string]any `json:"parameters"`
	Authentication string         `json:"authentication"`
}

// Limits of Power Automate: the length of a note, and what pagination may collect under any license.
const (
	noteLimit = 256
	pageLimit = 5000
)

var (
	actionName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,79}$`)
	duration   = regexp.MustCompile(`^PT[1-9][0-9]*[MH]$`)
	statuses   = []string{"Succeeded", "Failed", "Skipped", "TimedOut"}
)

// pauseOf is how many seconds a loop waits before it calls an operation, if not one: a page of
// ListRenewals takes up to eleven of the 100 calls that a minute has.
var pauseOf = map[string]int{"ListRenewals": 7}

// continuation is the parameter with which a loop reads the pages of an operation. It is internal, so
// that makers do not see it.
const continuation = "ContinuationToken"

// walk checks the actions of a flow in an order in which they can run.
type walk struct {
	*checker
	references map[string]reference
	names      map[string]bool // of all actions so far
	pauses     map[string]int  // the actions that wait, with the seconds
}

// checkActions checks all actions of a flow.
func (c *checker) checkActions(f flow) {
	w := &walk{c, f.Properties.ConnectionReferences, map[string]bool{}, map[string]int{}}
	s := scope{outputs: map[string]*shape{}, loops: map[string]*shape{}, variables: map[string]*shape{}}
	for name, t := range f.Properties.Definition.Triggers {
		s.trigger = w.trigger(name, t)
	}
	if _, ok := f.Properties.Definition.Actions["Settings"]; !ok {
		c.report("there is no action Settings")
	}
	w.actions(f.Properties.Definition.Actions, s)
}

// actions checks the actions of one branch. An action sees the outputs of those that it runs after,
// directly or not.
func (w *walk) actions(all map[string]*action, outer scope) {
	visible := map[string]map[string]*shape{} // of an action, and of those before it
	for len(visible) < len(all) {
		progress := false
		for _, name := range slices.Sorted(maps.Keys(all)) {
			if _, done := visible[name]; done || !ready(all[name], visible) {
				continue
			}
			inner := outer
			inner.outputs = maps.Clone(outer.outputs)
			for before := range all[name].RunAfter {
				maps.Copy(inner.outputs, visible[before])
			}
			w.checkRunAfter(name, all[name])
			if output := w.action(name, all[name], inner); output != nil {
				inner.outputs[name] = output
			}
			visible[name], progress = inner.outputs, true
		}
		if !progress {
			w.reportBlocked(all, visible)
			return
		}
	}
}

// ready reports whether all that an action runs after was checked.
func ready(a *action, done map[string]map[string]*shape) bool {
	for before := range a.RunAfter {
		if _, ok := done[before]; !ok {
			return false
		}
	}
	return true
}

func (w *walk) reportBlocked(all map[string]*action, done map[string]map[string]*shape) {
	for name, a := range all {
		for before := range a.RunAfter {
			if _, ok := done[before]; !ok {
				w.report("%s runs after %q, which is not beside it or runs after it", name, before)
			}
		}
	}
}

func (w *walk) checkRunAfter(name string, a *action) {
	for before, when := range a.RunAfter {
		for _, status := range when {
			if !slices.Contains(statuses, status) {
				w.report("%s runs after %s with the status %q", name, before, status)
			}
		}
		if len(when) == 0 {
			w.report("%s runs after %s with no status", name, before)
		}
	}
	if !actionName.MatchString(name) || w.names[name] {
		w.report("the name %q is taken or not allowed", name)
	}
	if len(a.Description) > noteLimit {
		w.report("the note of %s has more than %d characters", name, noteLimit)
	}
	w.names[name] = true
}

// action checks one action and returns its output, or nil if it has none.
func (w *walk) action(name string, a *action, s scope) *shape {
	var output *shape
	var err error
	switch a.Type {
	case "Compose":
		output, err = compose(a, s)
	case "Wait":
		w.wait(name, a)
	case "InitializeVariable":
		err = initialize(a, s)
	case "AppendToArrayVariable":
		err = appendTo(a, s)
	case "SetVariable":
		err = set(a, s)
	case "Query":
		output, err = query(a, s)
	case "Table":
		output, err = table(a, s)
	case "If":
		_, err = s.shapeOfValue(a.Expression)
		w.actions(a.Actions, s)
		w.actions(a.Else.Actions, s)
	case "Foreach":
		err = w.foreach(name, a, s)
	case "Until":
		err = w.until(a, s)
	case "OpenApiConnection":
		output, err = w.call(name, a, s)
	default:
		err = fmt.Errorf("unknown type %q", a.Type)
	}
	if err != nil {
		w.report("%s: %v", name, err)
	}
	return output
}

// bodyOf returns an output that has only a body.
func bodyOf(body *shape) *shape {
	return &shape{kind: "object", properties: map[string]*shape{"body": body}}
}

func decode(a *action, into any) error { return decodeInputs(a.Inputs, into) }

func decodeInputs(inputs jsontext.Value, into any) error {
	return json.Unmarshal(inputs, into, json.RejectUnknownMembers(true))
}

func compose(a *action, s scope) (*shape, error) {
	var inputs any
	if err := decode(a, &inputs); err != nil {
		return nil, err
	}
	return s.shapeOfValue(inputs)
}

// wait notes how many seconds an action waits.
func (w *walk) wait(name string, a *action) {
	var inputs struct {
		Interval struct {
			Count int    `json:"count"`
			Unit  string `json:"unit"`
		} `json:"interval"`
	}
	if (decode(a, &inputs) == nil) && (inputs.Interval.Unit == "Second") {
		w.pauses[name] = inputs.Interval.Count
	}
}

func initialize(a *action, s scope) error {
	var inputs struct {
		Variables []struct {
			Name  string `json:"name"`
			Type  string `json:"type"`
			Value any    `json:"value"`
		} `json:"variables"`
	}
	if err := decode(a, &inputs); err != nil {
		return err
	}
	if s.repeats || (len(inputs.Variables) != 1) {
		return fmt.Errorf("expected one variable, outside of loops: %v", inputs.Variables)
	}
	variable := inputs.Variables[0]
	value, err := s.shapeOfValue(variable.Value)
	if err != nil {
		return err
	}
	if value.kind != variable.Type {
		return fmt.Errorf("the value of %s is of type %s, not %s", variable.Name, value.kind, variable.Type)
	}
	s.variables[variable.Name] = value
	return nil
}

// An assignment is the inputs of an action that changes a variable.
type assignment struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
}

// assigned returns the inputs of an action that changes a variable, with the shapes of the variable and
// of the value.
func assigned(a *action, s scope) (inputs assignment, variable, value *shape, err error) {
	if err := decode(a, &inputs); err != nil {
		return inputs, nil, nil, err
	}
	variable, ok := s.variables[inputs.Name]
	if !ok {
		return inputs, nil, nil, fmt.Errorf("no variable %q", inputs.Name)
	}
	value, err = s.shapeOfValue(inputs.Value)
	return inputs, variable, value, err
}

// set checks an action that sets a variable, which keeps its type. An array gets the items of the
// value. The value cannot depend on the variable itself.
func set(a *action, s scope) error {
	inputs, variable, value, err := assigned(a, s)
	if err != nil {
		return err
	}
	if value.kind != variable.kind {
		return fmt.Errorf("sets %s of type %s to a value of type %s", inputs.Name, variable.kind, value.kind)
	}
	if strings.Contains(fmt.Sprint(inputs.Value), "variables('"+inputs.Name+"')") {
		return fmt.Errorf("the value of %s depends on it", inputs.Name)
	}
	variable.items = value.items
	return nil
}

// appendTo gives a variable the shape of what is appended, which must be the same each time.
func appendTo(a *action, s scope) error {
	_, variable, value, err := assigned(a, s)
	if err != nil {
		return err
	}
	if (variable.items != nil) && !maps.EqualFunc(variable.items.properties, value.properties, sameName) {
		return fmt.Errorf("appends other properties than an action before")
	}
	variable.items = value
	return nil
}

func sameName(_, _ *shape) bool { return true }

// itemsOf returns the shape of the elements of what an expression stands for.
func itemsOf(s scope, text string) (*shape, error) {
	list, err := s.shapeOfText(text)
	if err != nil {
		return nil, err
	}
	if (list.kind != "array") || (list.items == nil) {
		return nil, fmt.Errorf("%s is not an array of known items", text)
	}
	return list.items, nil
}

func query(a *action, s scope) (*shape, error) {
	var inputs struct {
		From  string `json:"from"`
		Where string `json:"where"`
	}
	if err := decode(a, &inputs); err != nil {
		return nil, err
	}
	items, err := itemsOf(s, inputs.From)
	if err != nil {
		return nil, err
	}
	s.item = items
	where, err := s.shapeOfText(inputs.Where)
	if err != nil {
		return nil, err
	}
	if where.kind != "boolean" {
		return nil, fmt.Errorf("the condition is of type %s", where.kind)
	}
	return bodyOf(&shape{kind: "array", items: items}), nil
}

func table(a *action, s scope) (*shape, error) {
	var inputs struct {
		From    string `json:"from"`
		Format  string `json:"format"`
		Columns []struct {
			Header string `json:"header"`
			Value  string `json:"value"`
		} `json:"columns"`
	}
	if err := decode(a, &inputs); err != nil {
		return nil, err
	}
	items, err := itemsOf(s, inputs.From)
	if err != nil {
		return nil, err
	}
	s.item = items
	for _, column := range inputs.Columns {
		if _, err := s.shapeOfText(column.Value); err != nil {
			return nil, err
		}
	}
	return bodyOf(kindOf("string")), nil
}

// foreach checks a loop, which must run one item at a time: variables and pauses depend on it.
func (w *walk) foreach(name string, a *action, s scope) error {
	items, err := itemsOf(s, a.Foreach)
	if err != nil {
		return err
	}
	if a.RuntimeConfiguration.Concurrency.Repetitions != 1 {
		w.report("%s does not run one item at a time", name)
	}
	s.loops = maps.Clone(s.loops)
	s.loops[name], s.item, s.repeats = items, items, true
	w.actions(a.Actions, s)
	return nil
}

// until checks a loop that ends on a condition, which is read after the actions.
func (w *walk) until(a *action, s scope) error {
	s.repeats = true
	w.actions(a.Actions, s)
	if (a.Limit.Count < 1) || (a.Limit.Count > 5000) || !duration.MatchString(a.Limit.Timeout) {
		return fmt.Errorf("the limit is %v", a.Limit)
	}
	condition, err := s.shapeOfValue(a.Expression)
	if err != nil {
		return err
	}
	if condition.kind != "boolean" {
		return fmt.Errorf("the condition is of type %s", condition.kind)
	}
	return nil
}

// call checks an action of a connector and returns its output.
func (w *walk) call(name string, a *action, s scope) (*shape, error) {
	var inputs call
	if err := decode(a, &inputs); err != nil {
		return nil, err
	}
	key := inputs.Host.ConnectionName
	if err := w.host(name, inputs); err != nil {
		return nil, err
	}
	for parameter, value := range inputs.Parameters {
		if _, err := s.shapeOfValue(value); err != nil {
			return nil, fmt.Errorf("%s: %w", parameter, err)
		}
	}
	if key == ours {
		return w.ourCall(name, a, inputs, s)
	}
	return w.foreignCall(key+"/"+inputs.Host.OperationID, inputs)
}

// host checks the connection of an action or a trigger of a connector.
func (w *walk) host(name string, inputs call) error {
	key := inputs.Host.ConnectionName
	if _, ok := w.references[key]; !ok {
		return fmt.Errorf("no reference to a connection %s", key)
	}
	w.require("apiId of "+name, inputs.Host.APIID, apiPrefix+key)
	w.require("authentication of "+name, inputs.Authentication, "@parameters('$authentication')")
	return nil
}

// ourCall checks an action of this connector against its definition.
func (w *walk) ourCall(name string, a *action, inputs call, s scope) (*shape, error) {
	o := w.api.operation(inputs.Host.OperationID)
	if (o == nil) || (o.Visibility == "internal") || (o.Trigger != "") {
		return nil, fmt.Errorf("no operation %s, or an internal one, or a trigger", inputs.Host.OperationID)
	}
	w.arguments(name, o, inputs, s)
	paginated := a.RuntimeConfiguration.PaginationPolicy.MinimumItemCount == pageLimit
	if _, looped := inputs.Parameters[continuation]; (o.Pageable != nil) != (paginated != looped) {
		w.report("%s: pagination is not as %s has it", name, inputs.Host.OperationID)
	}
	if s.repeats && (w.pause(a) < max(1, pauseOf[inputs.Host.OperationID])) {
		w.report("%s is in a loop without a long enough pause before it", name)
	}
	return bodyOf(w.api.shapeOf(o.Responses["200"].Schema)), nil
}

// arguments checks the parameters of an action or a trigger of this connector.
func (w *walk) arguments(name string, o *operation, inputs call, s scope) {
	known := map[string]bool{}
	for _, p := range o.Parameters {
		value, given := inputs.Parameters[p.Name]
		known[p.Name] = (p.Visibility != "internal") || ((p.Name == continuation) && s.repeats)
		if given {
			w.argument(name, p, value, s)
		} else if p.Required {
			w.report("%s lacks %s", name, p.Name)
		}
	}
	for parameter := range inputs.Parameters {
		if !known[parameter] {
			w.report("%s has no parameter %s", inputs.Host.OperationID, parameter)
		}
	}
}

// pause returns how many seconds an action waits before it runs.
func (w *walk) pause(a *action) int {
	seconds := 0
	for before := range a.RunAfter {
		seconds = max(seconds, w.pauses[before])
	}
	return seconds
}

// argument checks the value of a parameter: a literal against its schema, an expression by its type.
func (w *walk) argument(name string, p *parameter, value any, s scope) {
	if text, ok := value.(string); ok && strings.Contains(text, "@") {
		if got, err := s.shapeOfText(text); (err != nil) || !got.accepts(p.Type) {
			w.report("%s: %s is not of type %s", name, text, p.Type)
		}
		return
	}
	if err := p.check(value); err != nil {
		w.report("%s: %s: %v", name, p.Name, err)
	}
}

// foreignCall checks an action of another connector against the table.
func (w *walk) foreignCall(id string, inputs call) (*shape, error) {
	o, ok := foreign[id]
	if !ok {
		return nil, fmt.Errorf("no operation %s in the table", inputs.Host.OperationID)
	}
	for _, parameter := range o.required {
		if _, ok := inputs.Parameters[parameter]; !ok {
			w.report("%s lacks %s", id, parameter)
		}
	}
	for parameter := range inputs.Parameters {
		if !slices.Contains(append(o.required, o.optional...), parameter) {
			w.report("%s has no parameter %s", id, parameter)
		}
	}
	return bodyOf(o.body), nil
}
