// Package migrate rewrites exported flows, apps, agents and Logic Apps so that they use another
// connector: from the retired Microsoft Partner Center connector to this one, or from one environment
// to another. It replaces whole values at known places by splicing bytes and changes nothing else. Its
// report also says what will behave differently. It uses no network, never writes over anything, and
// writes all of the output or none.
package migrate

import (
	"context"
	"fmt"

	"github.com/partner-center/connector/internal/migrate/report"
)

// Run reads the exports at paths and writes them, migrated, if o.Out is set and no report has an error.
// It returns a report for each input. The connection references of all inputs are taken as those of one
// environment. An error wraps ErrOptions if the options or the paths are wrong, and is that of ctx if it
// ends; if writing fails, the reports are returned too. Anything wrong in an input is a finding instead.
func Run(ctx context.Context, paths []string, o Options) ([]*report.Report, error) {
	if err := o.check(paths); err != nil {
		return nil, err
	}
	m := &migration{Options: o, ctx: ctx, references: newReferences(o.KeepReferences), agentKeys: map[string]bool{}}
	defer m.close()
	for _, path := range paths {
		m.inputs = append(m.inputs, open(path))
	}
	for _, in := range m.inputs {
		m.survey(in)
	}
	if err := m.checkTarget(); err != nil {
		return nil, err
	}
	m.references.infer(m.agentKeys)
	m.references.rename()
	for _, in := range m.inputs {
		m.migrate(in)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return m.finish()
}

// A migration is one run.
type migration struct {
	Options
	ctx        context.Context // of the run: a migration lives no longer
	inputs     []*input
	references *references
	failed     bool            // an input is refused
	agentKeys  map[string]bool // references of agents whose names look like those of the old connector
}

func (m *migration) progress(format string, values ...any) {
	if m.Progress != nil {
		m.Progress(fmt.Sprintf(format, values...))
	}
}

func (m *migration) close() {
	for _, in := range m.inputs {
		if in.archive != nil {
			in.archive.Close()
		}
	}
}
