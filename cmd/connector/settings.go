package main

import (
	"errors"
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/partner-center/connector/internal/config"
)

// loadSettings reads the settings and returns them with the log that they ask for. Variables that look like
// settings and are none, such as misspelt ones, are told beside other mistakes, and logged where there are no others.
func loadSettings(f config.Flags, con *console) (config.Config, *slog.Logger, error) {
	unknown := unknownVariables(os.Environ())
	settings, err := config.Load(f, os.Getenv)
	if err != nil {
		return settings, nil, errors.Join(append([]error{err}, unknown...)...)
	}
	log := newLog(settings, con.stderr)
	for _, u := range unknown {
		log.Warn("unknown setting", "error", u.Error())
	}
	return settings, log, nil
}

// unknownVariables returns a mistake for each variable of an environment that begins like a setting and is none.
func unknownVariables(environment []string) (mistakes []error) {
	known := config.Settings()
	for _, variable := range environment {
		name, _, _ := strings.Cut(variable, "=")
		if !strings.HasPrefix(name, "CONNECTOR_") || slices.ContainsFunc(known, func(s config.Setting) bool { return s.Variable == name }) {
			continue
		}
		wants := "is no setting"
		for _, s := range known {
			if levenshtein.ComputeDistance(name, s.Variable) <= 3 {
				wants += "; is it " + s.Variable + "?"
				break
			}
		}
		mistakes = append(mistakes, config.Mistake{Setting: name, Wants: wants})
	}
	return mistakes
}
