package migrate

import (
	"slices"
	"strings"

	"github.com/partner-center/connector/internal/migrate/report"
)

// addNext adds the next steps for an input.
func (m *migration) addNext(in *input) {
	r := in.report
	switch {
	case r.Has(report.Error):
		r.Next = []string{"Nothing was written. Change what the errors name in the export, or in the flow before " +
			"you export it again, and run the command again."}
		return
	case m.Strict && r.Has(report.Warning):
		r.Next = []string{"Nothing was written, because of --strict. Change what the warnings name, or run the " +
			"command without it."}
		return
	case (len(r.Edits) == 0) && !r.Has(report.Manual) && in.migrated:
		r.Next = []string{"There is nothing to do: the export uses the new connector already."}
		return
	case (len(r.Edits) == 0) && !r.Has(report.Manual):
		r.Next = []string{"There is nothing to do: the export does not use the connector."}
		return
	}
	switch {
	case r.Written:
	case len(r.Edits) == 0:
		r.Next = append(r.Next, "There is nothing to write: what is left has to be changed by hand.")
	default:
		r.Next = append(r.Next, "Nothing was written yet: run the command again with --out.")
	}
	if r.Has(report.Warning) {
		r.Next = append(r.Next, "Read the warnings: these places behave differently with the new connector. Change them "+
			"before or after the import.")
	}
	if len(in.undefined) > 0 {
		r.Next = append(r.Next, "The export uses "+strings.Join(in.undefined, ", ")+" but does not define it: migrate it "+
			"in one run with the solution that does, or make the reference in the environment first.")
	}
	r.Next = append(r.Next, steps[r.Kind]...)
	for _, b := range byHand {
		if slices.ContainsFunc(r.Findings, func(f report.Finding) bool { return f.Code == b.code }) {
			r.Next = append(r.Next, b.step)
		}
	}
	r.Next = append(r.Next, goingBack[r.Kind]...)
}
