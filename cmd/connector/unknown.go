package main

import (
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/partner-center/connector/internal/config"
)

// warnUnknownVariables logs variables of the environment that look like settings and are none, such as a
// misspelt one.
func warnUnknownVariables(log *slog.Logger) {
	known := config.Settings()
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "CONNECTOR_") && !slices.ContainsFunc(known, func(s config.Setting) bool { return s.Variable == name }) {
			log.Warn("unknown setting", "variable", name)
		}
	}
}
