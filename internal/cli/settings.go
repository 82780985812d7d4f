package cli

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/partner-center/connector/internal/auth"
	"github.com/partner-center/connector/internal/config"
)

// loadSettings returns the validated settings and the log that they configure. The caller closes
// the log. Unknown variables that look like settings, probably misspelled, are reported along with
// other mistakes; if there are no others, they are only logged.
func loadSettings(f config.Flags, con *console) (config.Config, serviceLog, error) {
	unknown := unknownVariables(os.Environ(), con.getenv)
	settings, err := config.Load(f, con.getenv)
	if err != nil {
		_, tools := newTools(settings)
		return settings, serviceLog{}, errors.Join(append(unknown, err, checkKeys(f.APIKeysFile), tools)...)
	}
	log := newLog(settings, con.stderr)
	for _, u := range unknown {
		log.Warn("unknown setting", "error", u.Error())
	}
	return settings, log, nil
}

// checkFiles returns a mistake for each file that the service needs from the start but cannot use.
func checkFiles(c config.Config) error {
	var keys error
	if c.Accepts(config.APIKey) {
		keys = checkKeys(c.APIKeysFile)
	}
	_, tools := newTools(c)
	return errors.Join(keys, validateCredentials(c), tools)
}

// checkKeys returns a mistake if the keys file is malformed. An unreadable file is not its concern:
// config.Load reports that.
func checkKeys(path string) error {
	_, err := auth.OpenKeys(path, nil, slog.New(slog.DiscardHandler))
	if err == nil || errors.As(err, new(*fs.PathError)) {
		return nil
	}
	return keysMistake(err)
}

// keysMistake wraps err as a mistake in the setting that names the keys file.
func keysMistake(err error) error {
	return config.Mistake{Setting: "CONNECTOR_API_KEYS_FILE", Wants: err.Error()}
}

// A settingsError reports unusable files, one per line. Each line begins with the setting that
// names the file.
type settingsError struct{ error }

// isSettings reports whether err is about the settings.
func isSettings(err error) bool {
	return errors.As(err, new(config.Mistake)) || errors.As(err, new(settingsError))
}

// unknownVariables returns a mistake for each environment variable that looks like a setting but is
// none. Names come from environ; names for which getenv returns no value are skipped, because a
// test's getenv need not match the environment of the process.
func unknownVariables(environ []string, getenv func(string) string) []error {
	var mistakes []error
	known := config.Settings()
	for _, variable := range environ {
		name, _, _ := strings.Cut(variable, "=")
		isKnown := slices.ContainsFunc(known, func(s config.Setting) bool { return s.Variable == name })
		if isKnown || !strings.HasPrefix(name, "CONNECTOR_") || getenv(name) == "" {
			continue
		}
		mistakes = append(mistakes, config.Mistake{Setting: name, Wants: "is not a setting" + suggest(name, known)})
	}
	return mistakes
}

// suggest returns a question that names the setting that was probably meant, or an empty text. A
// distance of three edits covers swapped letters and a missing underscore.
func suggest(name string, known []config.Setting) string {
	for _, s := range known {
		if levenshtein.ComputeDistance(name, s.Variable) <= 3 {
			return "; did you mean " + s.Variable + "?"
		}
	}
	return ""
}
