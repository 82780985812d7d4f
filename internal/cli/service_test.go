package cli

import (
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/config"
	"github.com/partner-center/connector/internal/ratelimit"
)

// TestLimiterTakesEverySetting holds the ranges of the settings to the bounds of the limiter, which knows no settings.
func TestLimiterTakesEverySetting(t *testing.T) {
	ends := make(map[string][]string)
	for _, s := range config.Settings() {
		if match := regexp.MustCompile(`(\S+) to (\S+)\.$`).FindStringSubmatch(s.Help); match != nil {
			ends[s.Variable] = match[1:]
		}
	}
	for _, calls := range ends["CONNECTOR_LIMIT_CALLS"] {
		for _, window := range ends["CONNECTOR_LIMIT_WINDOW"] {
			t.Run(calls+" calls in "+window, func(t *testing.T) {
				n, err := strconv.Atoi(calls)
				if err != nil {
					t.Fatal(err)
				}
				d, err := time.ParseDuration(window)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := ratelimit.New(n, d); err != nil {
					t.Error(err)
				}
			})
		}
	}
	if len(ends["CONNECTOR_LIMIT_CALLS"]) != 2 || len(ends["CONNECTOR_LIMIT_WINDOW"]) != 2 {
		t.Errorf("the help texts have the ranges %v", ends)
	}
}
