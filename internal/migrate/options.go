package migrate

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/partner-center/connector/internal/migrate/flow"
	"github.com/partner-center/connector/internal/migrate/report"
)

// Options are the choices of a migration.
type Options struct {
	Catalog *flow.Catalog // what the new connector offers

	From ID  // the old connector
	To   *ID // the new one; nil: not known, which only a legacy package allows

	// GUID and Name are the Dataverse connectorid and name of the new connector, for solutions.
	GUID, Name string

	KeepReferences bool   // keep the names of connection references
	Strict         bool   // write nothing if there is a warning
	Out            string // file or folder to write, which must not exist; empty: write nothing

	// Progress is called with a message now and then while a large export is read. It may be nil.
	Progress func(message string)
}

// Refuses reports whether an input with the given report keeps all inputs from being written.
func (o *Options) Refuses(r *report.Report) bool {
	return r.Has(report.Error) || (o.Strict && r.Has(report.Warning))
}

// ErrOptions is wrapped by errors about options that do not fit each other or the inputs.
var ErrOptions = errors.New("wrong options")

// optionError returns an error that wraps ErrOptions and has only the given text.
func optionError(format string, values ...any) error {
	return &wrongOption{fmt.Sprintf(format, values...)}
}

type wrongOption struct{ text string }

func (e *wrongOption) Error() string { return e.text }

// Is reports whether target is ErrOptions.
func (e *wrongOption) Is(target error) bool { return target == ErrOptions }

// check returns an error for options that do not fit each other or the paths.
func (o *Options) check(paths []string) error {
	if (o.To != nil) && o.To.equal(o.From) {
		return optionError("the old and the new connector are the same: set --to to the ID of the new one")
	}
	names := map[string]bool{}
	for _, path := range paths {
		if _, err := os.Stat(path); err != nil {
			return optionError("input %q: %v", path, errors.Unwrap(err))
		}
		name := strings.ToLower(baseName(path))
		if names[name] && (o.Out != "") {
			return optionError("two inputs have the name %q: rename one of them", baseName(path))
		}
		names[name] = true
	}
	if o.Out == "" {
		return nil
	}
	return checkOut(o.Out, paths)
}

// checkOut returns an error unless out can be made, outside of the inputs.
func checkOut(out string, inputs []string) error {
	for _, input := range inputs {
		if isWithin(out, input) {
			return optionError("output %q is the input %q or inside of it: choose a place outside", out, input)
		}
	}
	if _, err := os.Lstat(out); err == nil {
		return optionError("output %q exists: choose another name, or remove it", out)
	}
	parent := filepath.Dir(out)
	if info, err := os.Stat(parent); (err != nil) || !info.IsDir() {
		return optionError("output %q: the folder %q does not exist: make it first", out, parent)
	}
	return nil
}

// isWithin reports whether a path is the input or below it, also through links.
func isWithin(path, input string) bool {
	other, err := os.Stat(input)
	if err != nil {
		return false
	}
	path, err = filepath.Abs(path)
	if err != nil {
		return false
	}
	for {
		if resolved, err := filepath.EvalSymlinks(path); err == nil {
			path = resolved
		}
		if info, err := os.Stat(path); (err == nil) && os.SameFile(info, other) {
			return true
		}
		parent := filepath.Dir(path)
		if parent == path {
			return false
		}
		path = parent
	}
}

// baseName returns the name of a path without the folder, also of the path ".".
func baseName(path string) string {
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	return filepath.Base(path)
}
