package flows_test

import (
	"fmt"
	"slices"
)

// pollInterval is how often, in minutes, a flow may ask for changes at most: each time is a call of
// the limit, and the records of changes come late anyway.
const pollInterval = 15

// trigger checks the trigger of a flow and returns its output, or nil if it has none.
func (w *walk) trigger(name string, t trigger) *shape {
	w.checkTriggerName(name, t)
	switch t.Type {
	case "Recurrence":
		if (t.Recurrence.Interval != 1) || !slices.Contains([]string{"Day", "Month"}, t.Recurrence.Frequency) {
			w.report("the recurrence is %v", t.Recurrence)
		}
		if (t.SplitOn != "") || (t.Inputs != nil) {
			w.report("%s has inputs or is split", name)
		}
		return nil
	case "OpenApiConnection":
		output, err := w.polling(name, t)
		if err != nil {
			w.report("%s: %v", name, err)
		}
		return output
	}
	w.report("%s is of type %s", name, t.Type)
	return nil
}

func (w *walk) checkTriggerName(name string, t trigger) {
	if !actionName.MatchString(name) {
		w.report("the name %q is not allowed", name)
	}
	if len(t.Description) > noteLimit {
		w.report("the note of %s has more than %d characters", name, noteLimit)
	}
}

// polling checks a trigger that calls an operation of this connector on a schedule, and starts a run
// for each item of the answer.
func (w *walk) polling(name string, t trigger) (*shape, error) {
	var inputs call
	if err := decodeInputs(t.Inputs, &inputs); err != nil {
		return nil, err
	}
	if err := w.host(name, inputs); err != nil {
		return nil, err
	}
	o := w.api.operation(inputs.Host.OperationID)
	if (inputs.Host.ConnectionName != ours) || (o == nil) || (o.Trigger != "batch") {
		return nil, fmt.Errorf("no trigger %s of this connector", inputs.Host.OperationID)
	}
	if (t.Recurrence.Frequency != "Minute") || (t.Recurrence.Interval < pollInterval) {
		w.report("%s asks too often: %v", name, t.Recurrence)
	}
	w.arguments(name, o, inputs, scope{})
	answer := &scope{trigger: bodyOf(w.api.shapeOf(o.Responses["200"].Schema))}
	item, err := itemsOf(*answer, t.SplitOn)
	if err != nil {
		return nil, fmt.Errorf("splitOn: %w", err)
	}
	return bodyOf(item), nil
}
