package config

import (
	"log/slog"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/partner-center/connector/internal/secretfile"
)

// file checks that the file at path can be read, so that a mistake shows at startup rather than on
// the first call. An empty path means that there is no file.
func (l *loader) file(setting, path string) string {
	if path == "" {
		return ""
	}
	f, err := os.Open(path)
	if err != nil {
		l.report(setting, unreadable(path, err), "")
		return path
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		l.report(setting, "cannot read "+path+": it is a directory", "")
	}
	return path
}

// unreadable describes why a file cannot be read.
func unreadable(path string, err error) string {
	return "cannot read " + path + ": " + secretfile.Reason(err).Error()
}

// boolean parses a boolean in any of the forms of strconv.ParseBool.
func (l *loader) boolean(setting string, value Toggle) bool {
	b, err := strconv.ParseBool(string(value))
	if err != nil {
		l.report(setting, "true or false", "")
	}
	return b
}

// integer parses an integer within a range.
func (l *loader) integer(setting, value string, valid interval[int]) int {
	n, err := strconv.Atoi(value)
	if err != nil || !valid.contains(n) {
		l.report(setting, "a whole number from "+valid.String(), strconv.Itoa(min(100, valid.high)))
	}
	return n
}

// duration parses a duration within a range. A number without a unit is a mistake: its unit would
// be a guess.
func (l *loader) duration(setting, value string, valid interval[time.Duration]) time.Duration {
	d, err := time.ParseDuration(value)
	if err != nil || !valid.contains(d) {
		l.report(setting, "a duration with its unit, from "+valid.String(), "30s")
	}
	return d
}

// sizeForm matches a number with an optional unit, in any case. Decimal units such as MB are a
// mistake, because people disagree about their size.
var sizeForm = regexp.MustCompile(`^([0-9]{1,12}) ?([A-Za-z]*)$`)

// size parses a size within a range and returns it in bytes.
func (l *loader) size(setting, value string, valid interval[int64]) int64 {
	var n int64
	if parts := sizeForm.FindStringSubmatch(value); parts != nil {
		n, _ = strconv.ParseInt(parts[1], 10, 64) // cannot fail: at most 12 digits
		n *= units[strings.ToUpper(parts[2])]     // an unknown unit makes it 0
	}
	if !valid.contains(n) {
		l.report(setting, "a size from "+valid.String(), "16MiB")
	}
	return n
}

// level parses the name of a log level. Other forms that slog accepts, such as INFO+2, are
// mistakes.
func (l *loader) level(value string) slog.Level {
	var level slog.Level
	l.oneOf("CONNECTOR_LOG_LEVEL", value, "debug", "info", "warn", "error")
	_ = level.UnmarshalText([]byte(value)) // oneOf has reported an unknown name
	return level
}

// oneOf checks that value is one of the allowed words. If the empty word is allowed, the mistake
// does not list it.
func (l *loader) oneOf(setting, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		l.report(setting, strings.TrimPrefix(strings.Join(allowed, " or "), " or "), "")
	}
}

// cloud returns the cloud with the given name.
func (l *loader) cloud(name string) Cloud {
	cloud, ok := Clouds[name]
	if !ok {
		l.report("CONNECTOR_CLOUD", "global, usgov or china", "")
	}
	return cloud
}
