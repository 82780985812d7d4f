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

// loadSettings returns the settings and the log that they ask for, which the caller closes.
// Variables that look like settings, such as misspelt ones, are reported with other mistakes, and
// only logged if there are no others.
func loadSettings(f config.Flags, con *console) (config.Config, serviceLog, error) {
	unknown := unknownVariables(os.Environ(), con.getenv)
	settings, err := config.Load(f, con.getenv)
	if err != nil {
		return settings, serviceLog{}, errors.Join(append(unknown, err, checkKeys(f.APIKeysFile))...)
	}
	log := newLog(settings, con.stderr)
	for _, u := range unknown {
		log.Warn("unknown setting", "error", u.Error())
	}
	return settings, log, nil
}

// checkFiles returns a mistake for each file that the service needs from the start and cannot use.
func checkFiles(c config.Config) error {
	var keys error
	if c.Accepts(config.APIKey) {
		keys = checkKeys(c.APIKeysFile)
	}
	return errors.Join(keys, validateCredentials(c))
}

// checkKeys returns a mistake if the keys file can be read but is malformed.
func checkKeys(path string) error {
	_, err := auth.OpenKeys(path, nil, slog.New(slog.DiscardHandler))
	if err == nil || errors.As(err, new(*fs.PathError)) {
		return nil
	}
	return keysMistake(err)
}

// keysMistake returns err as a mistake in the setting that names the keys file.
func keysMistake(err error) error {
	return config.Mistake{Setting: "CONNECTOR_API_KEYS_FILE", Wants: err.Error()}
}

// settingsError reports files that cannot be used, one per line. A line begins with the setting
// that names the file.
type settingsError struct{ error }

// isSettings reports whether err is about the settings.
func isSettings(err error) bool {
	return errors.As(err, new(config.Mistake)) || errors.As(err, new(settingsError))
}

// unknownVariables returns a mistake for each variable that looks like a setting and is none. The
// names come from the process's environment; those that getenv has no value for are skipped.
func unknownVariables(environ []string, getenv func(string) string) []error {
	var mistakes []error
	known := config.Settings()
	for _, variable := range environ {
		name, _, _ := strings.Cut(variable, "=")
		isKnown := slices.ContainsFunc(known, func(s config.Setting) bool { return s.Variable == name })
		if isKnown || !strings.HasPrefix(name, "CONNECTOR_") || getenv(name) == "" {
			continue
		}
		mistakes = append(mistakes, config.Mistake{Setting: name, Wants: "is no setting" + suggest(name, known)})
	}
	return mistakes
}

// suggest returns a question for the setting that name is probably meant to be, or nothing. Three
// edits cover swapped letters and a missing underscore.
func suggest(name string, known []config.Setting) string {
	for _, s := range known {
		if levenshtein.ComputeDistance(name, s.Variable) <= 3 {
			return "; is it " + s.Variable + "?"
		}
	}
	return ""
}
