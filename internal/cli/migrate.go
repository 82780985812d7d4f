package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/partner-center/connector/internal/definition/registration"
	"github.com/partner-center/connector/internal/migrate"
	"github.com/partner-center/connector/internal/migrate/flow"
	"github.com/partner-center/connector/internal/migrate/report"
	"github.com/partner-center/connector/openapi"
)

// migrateCommand rewrites exported flows, apps, Logic Apps and agents.
type migrateCommand struct {
	To            *string  `env:"-" placeholder:"ID" help:"${migrate_to}"`
	Connector     *string  `env:"-" placeholder:"FILE" help:"${migrate_connector}"`
	ConnectorGUID string   `env:"-" placeholder:"GUID" help:"${migrate_guid}"`
	ConnectorName string   `env:"-" placeholder:"NAME" help:"${migrate_name}"`
	From          string   `env:"-" default:"shared_microsoftpartnercent" placeholder:"ID" help:"${migrate_from}"`
	References    string   `env:"-" default:"new" placeholder:"HOW" help:"${migrate_references}"`
	Out           *string  `env:"-" placeholder:"PATH" help:"${migrate_out}"`
	Report        string   `env:"-" default:"text" placeholder:"FORM" help:"Form of the report: text or json."`
	Strict        bool     `env:"-" help:"Write nothing if there is a warning, and fail."`
	Inputs        []string `arg:"" name:"input" help:"${migrate_input}"`
}

// errNotMigrated is the error for an input with an error in its report, which says the rest.
var errNotMigrated = errors.New("nothing was written: the report says why")

// Run prints the report, and writes the migrated exports if --out is given.
func (c *migrateCommand) Run(ctx context.Context, con *console) error {
	options, err := c.options()
	if err != nil {
		return usageError{err}
	}
	options.Progress = func(message string) { fmt.Fprintf(con.stderr, "connector: %s\n", message) }
	reports, err := migrate.Run(ctx, c.Inputs, options)
	if errors.Is(err, migrate.ErrOptions) {
		return usageError{err}
	}
	if reports == nil {
		return err
	}
	write := report.WriteText
	if c.Report == "json" {
		write = report.WriteJSON
	}
	if err := errors.Join(write(con.stdout, reports), err); err != nil {
		return err
	}
	for _, r := range reports {
		if options.Refuses(r) {
			return errNotMigrated
		}
	}
	return nil
}

// options converts the flags. An error joins all mistakes.
func (c *migrateCommand) options() (migrate.Options, error) {
	from, fromErr := migrate.ParseID(c.From)
	options := migrate.Options{From: from, KeepReferences: c.References == "keep", Strict: c.Strict}
	var toErr, outErr, connectorErr, catalogErr error
	if c.Out != nil {
		options.Out = *c.Out
	}
	if (c.Out != nil) && (*c.Out == "") { // such as of an unset variable
		outErr = errors.New("--out is empty: want a file or a folder")
	}
	if c.To != nil { // an empty one is a mistake, such as an unset variable
		var to migrate.ID
		to, toErr = migrate.ParseID(*c.To)
		options.To = &to
	}
	options.GUID, options.Name, connectorErr = c.connector()
	spec, err := openapi.Spec()
	if err != nil {
		return options, err
	}
	options.Catalog, catalogErr = flow.NewCatalog(spec)
	return options, errors.Join(named("--from", fromErr), named("--to", toErr), outErr, connectorErr,
		catalogErr,
		oneOf("--references", c.References, "new", "keep"), oneOf("--report", c.Report, "text", "json"))
}

// named returns an error with the name of its flag.
func named(flag string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", flag, err)
}

// oneOf returns an error unless a value is one of two.
func oneOf(flag, value, first, second string) error {
	if (value == first) || (value == second) {
		return nil
	}
	return fmt.Errorf("%s %q: want %s or %s", flag, value, first, second)
}

// connector returns the Dataverse ID and name of the new connector, from its solution or from the flags.
func (c *migrateCommand) connector() (id, name string, err error) {
	if c.Connector != nil {
		if (c.ConnectorGUID != "") || (c.ConnectorName != "") {
			return "", "", errors.New("--connector has the GUID and the name: leave out --connector-guid and " +
				"--connector-name")
		}
		id, name, err := migrate.ReadConnector(*c.Connector, registration.ConnectorName)
		return id, name, named("--connector", err)
	}
	id, name, err = migrate.CheckConnector(c.ConnectorGUID, c.ConnectorName)
	return id, name, named("--connector-guid, --connector-name", err)
}
