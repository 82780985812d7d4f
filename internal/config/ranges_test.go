package config_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/config"
)

// TestRanges accepts both ends of each range and nothing beyond, and shows the range in the help
// and in the mistake.
func TestRanges(t *testing.T) {
	help := make(map[string]string)
	for _, s := range config.Settings() {
		help[s.Variable] = s.Help
	}
	for _, c := range []struct {
		setting         string
		field           func(*config.Flags) *string
		valid, invalid  []string
		inHelp, mistake string
	}{
		{"CONNECTOR_LIMIT_CALLS", func(f *config.Flags) *string { return &f.LimitCalls },
			[]string{"1", "10000"}, []string{"0", "10001", "1.5"}, "1 to 10000", "from 1 to 10000, such as 100"},
		{"CONNECTOR_LIMIT_WINDOW", func(f *config.Flags) *string { return &f.LimitWindow },
			[]string{"1s", "5m"}, []string{"999ms", "300001ms", "60"}, "1s to 5m", "from 1s to 5m, such as 30s"},
		{"CONNECTOR_UPSTREAM_TIMEOUT", func(f *config.Flags) *string { return &f.UpstreamTimeout },
			[]string{"1s", "100s"}, []string{"999ms", "100001ms"}, "1s to 100s", "from 1s to 100s, such as 30s"},
		{"CONNECTOR_MAX_BODY", func(f *config.Flags) *string { return &f.MaxBody },
			[]string{"1KiB", "256MiB"}, []string{"1023", "268435457"}, "1KiB to 256MiB",
			"from 1KiB to 256MiB, such as 16MiB"},
		{"CONNECTOR_SANDBOX_ACTIVITY", func(f *config.Flags) *string { return &f.SandboxActivity },
			[]string{"1s", "1h"}, []string{"999ms", "61m"}, "1s to 60m", "from 1s to 60m, such as 30s"},
		{"CONNECTOR_DRAIN", func(f *config.Flags) *string { return &f.Drain },
			[]string{"0s", "5m"}, []string{"-1ns", "300001ms"}, "0s to 5m", "from 0s to 5m, such as 30s"},
	} {
		t.Run(c.setting, func(t *testing.T) {
			if !strings.Contains(help[c.setting], c.inHelp) {
				t.Errorf("help: %s", help[c.setting])
			}
			for _, value := range slices.Concat(c.valid, c.invalid) {
				f := good(t)
				*c.field(&f) = value
				_, err := config.Load(f, environment("hush"))
				switch {
				case slices.Contains(c.valid, value) && err != nil:
					t.Errorf("%s: %v", value, err)
				case slices.Contains(c.invalid, value) && (err == nil || !strings.HasSuffix(err.Error(), c.mistake)):
					t.Errorf("%s: %v, want %s", value, err, c.mistake)
				}
			}
		})
	}
}

func TestDrain(t *testing.T) {
	for _, c := range []struct {
		name          string
		flags         func(*testing.T) config.Flags
		secret, drain string
		want          time.Duration
	}{
		{"is 10s for a partner", good, "hush", "", 10 * time.Second},
		{"is 0s in the sandbox", goodSandbox, "", "", 0},
		{"is what is set in the sandbox too", goodSandbox, "", "10s", 10 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := c.flags(t)
			f.Drain = c.drain
			got, err := config.Load(f, environment(c.secret))
			if err != nil || got.Drain != c.want {
				t.Errorf("%v, %v", got.Drain, err)
			}
		})
	}
}
