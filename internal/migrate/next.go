package migrate

import (
	"slices"
	"strings"

	"github.com/partner-center/connector/internal/migrate/report"
)

// next returns the next steps for an input, in order.
func (m *migration) next(in *input) []string {
	r := in.report
	if reason := m.nothingToDo(in); reason != "" {
		return []string{reason}
	}
	if len(r.Edits) == 0 {
		next := []string{"There is nothing to write: what is left has to be changed by hand."}
		return append(next, stepsByHand(r)...)
	}
	var next []string
	if r.Has(report.Warning) {
		next = append(next, "Read the warnings. Where an action or a call fails, correct the flow and export it "+
			"again, or correct it before you turn it on.")
	}
	if !r.Written {
		next = append(next, "Nothing was written yet: run the command again with --out.")
	}
	if len(in.undefined) > 0 {
		next = append(next, "The export uses "+strings.Join(in.undefined, ", ")+" but does not define it: migrate it "+
			"in one run with the solution that does, or make the reference in the environment first.")
	}
	kind := exports[r.Kind]
	next = slices.Concat(next, kind.prepare, m.applySteps(kind), agentSteps(in), stepsByHand(r))
	if kind.back != "" {
		next = append(next, m.wayBack(kind))
	}
	return next
}

// applySteps returns how to import or deploy an export.
func (m *migration) applySteps(kind export) []string {
	if m.KeepReferences && (kind.keep != "") {
		return append([]string{kind.keep}, kind.apply[1:]...)
	}
	return kind.apply
}

// wayBack returns how to undo a migration.
func (m *migration) wayBack(kind export) string {
	if m.KeepReferences && (kind.back == reimport) {
		return "To go back, import the old export, and give each reference its old connection by hand."
	}
	return kind.back
}

// agentSteps returns the step for agents in a solution.
func agentSteps(in *input) []string {
	if in.facts.isAgent && (in.report.Kind != report.Agent) {
		return []string{testAgent}
	}
	return nil
}

// nothingToDo returns why an input is not migrated, and what to do, or "".
func (m *migration) nothingToDo(in *input) string {
	r := in.report
	hasEdits := len(r.Edits) > 0
	switch {
	case r.Has(report.Error):
		return "Nothing was written. Correct what the errors name and export it again, then run the command again."
	case m.Strict && r.Has(report.Warning):
		return "Nothing was written, because of --strict. Change what the warnings name, or run the command without it."
	case m.failed:
		return "Nothing was written, because another input failed. Its report says why."
	case hasEdits || r.Has(report.Manual):
		return ""
	case r.HasCode(report.OldIDLeft):
		return "The export uses the connector, but nothing in it can be replaced: see the note."
	case len(r.Actions) > 0:
		return "The export uses the connector but does not name it: migrate the file that has its connection too."
	case in.migrated:
		return "There is nothing to do: the export uses the new connector already. Its actions were not checked " +
			"again, so the warnings of the first report still hold."
	}
	return "There is nothing to do: the export does not use the old connector."
}

// stepsByHand returns the steps for the findings of a report.
func stepsByHand(r *report.Report) (next []string) {
	for _, b := range byHand {
		if r.HasCode(b.code) {
			next = append(next, b.step)
		}
	}
	return next
}
