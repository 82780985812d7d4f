package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Mistake is one setting that is wrong.
type Mistake struct {
	Setting string // the environment variable
	Wants   string // what it wants
	Example string // may be empty
}

// Error says it in one line.
func (m Mistake) Error() string {
	text := m.Setting + ": " + m.Wants
	if m.Example != "" {
		text += ", such as " + m.Example
	}
	return text
}

// loader gathers mistakes.
type loader struct {
	getenv   func(string) string
	mistakes []error
}

func (l *loader) refuse(setting, wants, example string) {
	l.mistakes = append(l.mistakes, Mistake{setting, wants, example})
}

// Load validates flags; getenv gives the secrets, which have none. An error joins a Mistake for each wrong setting.
func Load(f Flags, getenv func(string) string) (Config, error) {
	l := &loader{getenv: getenv}
	c := Config{
		Listen:          l.listen("CONNECTOR_LISTEN", f.Listen, "127.0.0.1:8080"),
		PublicURL:       l.publicURL(f.PublicURL),
		Sandbox:         l.boolean("CONNECTOR_SANDBOX", f.Sandbox),
		SignIn:          l.signIn(f.SignIn),
		APIKeysFile:     l.file("CONNECTOR_API_KEYS_FILE", f.APIKeysFile),
		Scope:           f.Scope,
		LinkSecret:      l.linkSecret(f.LinkSecretFile),
		LimitCalls:      l.integer("CONNECTOR_LIMIT_CALLS", f.LimitCalls, 1, 10_000),
		LimitWindow:     l.duration("CONNECTOR_LIMIT_WINDOW", f.LimitWindow, time.Second, 5*time.Minute),
		RedisURL:        l.redisURL(f.RedisURL, f.RedisURLFile),
		LimitLocal:      f.LimitStoreDown == "local",
		UpstreamTimeout: l.duration("CONNECTOR_UPSTREAM_TIMEOUT", f.UpstreamTimeout, time.Second, 100*time.Second),
		MaxBody:         l.size("CONNECTOR_MAX_BODY", f.MaxBody, 1<<10, 256<<20),
		Drain:           l.duration("CONNECTOR_DRAIN", f.Drain, 0, 5*time.Minute),
		AdminListen:     l.adminListen(f.AdminListen, f.Listen),
		Traces:          l.traces(),
		LogLevel:        l.level(f.LogLevel),
		LogFormat:       f.LogFormat,
	}
	l.oneOf("CONNECTOR_LOG_FORMAT", f.LogFormat, "", "json", "text")
	l.oneOf("CONNECTOR_LIMIT_STORE_DOWN", f.LimitStoreDown, "refuse", "local")
	public := l.boolean("CONNECTOR_SANDBOX_PUBLIC", f.SandboxPublic)
	if c.Sandbox {
		c.Cloud = l.cloud(f.Cloud)
		l.sandboxAlone(f)
		if !public && !isLoopback(c.Listen) {
			l.refuse("CONNECTOR_LISTEN", "a loopback address, because the sandbox is open to all; CONNECTOR_SANDBOX_PUBLIC=true allows others", "127.0.0.1:8080")
		}
	} else {
		c.Partner = l.partner(f.PartnerFlags, c.SignIn)
		c.RefreshTokenFile = l.refreshTokenFile(f.RefreshTokenFile)
		c.UpstreamURL = l.baseURL("CONNECTOR_UPSTREAM_URL", f.UpstreamURL, c.Cloud.Upstream, true)
		l.callers(&c, f)
	}
	return c, errors.Join(l.mistakes...)
}

// LoadPartner validates the settings that sign the service in as a user for the first time: the file of the refresh
// token must be named and need not be there.
func LoadPartner(f PartnerFlags, getenv func(string) string) (Partner, error) {
	l := &loader{getenv: getenv}
	p := l.partner(f, nil)
	if p.RefreshTokenFile == "" {
		l.refuse("CONNECTOR_REFRESH_TOKEN_FILE", "not set: the file to write the refresh token to", "/var/lib/connector/refresh-token")
	}
	return p, errors.Join(l.mistakes...)
}

// secret reads a secret, if there is one, from its variable or from the file that its twin names.
func (l *loader) secret(setting, path string) Secret {
	value := l.getenv(setting)
	switch {
	case path == "":
		return Secret(value)
	case value != "":
		l.refuse(setting, "here or in the file that "+setting+"_FILE names, not both", "")
		return Secret(value)
	}
	return l.secretFile(setting+"_FILE", path)
}

// secretFile reads a secret from the file that a setting names.
func (l *loader) secretFile(setting, path string) Secret {
	content, err := os.ReadFile(path)
	if err != nil {
		l.refuse(setting, unreadable(path, err), "")
		return ""
	}
	value := strings.TrimRight(string(content), "\r\n")
	switch {
	case value == "":
		l.refuse(setting, path+" is empty; write the secret into it", "")
	case strings.ContainsAny(value, "\r\n\ufeff"):
		l.refuse(setting, path+" has more than the secret in one line of plain text", "")
	}
	return Secret(value)
}

// unreadable says why a file cannot be read.
func unreadable(path string, err error) string {
	return fmt.Sprintf("cannot read %s: %v", path, errors.Unwrap(err))
}

func (l *loader) cloud(name string) Cloud {
	of, ok := Clouds[name]
	if !ok {
		l.refuse("CONNECTOR_CLOUD", "global, usgov or china", "")
	}
	return of
}

func (l *loader) listen(setting, value, example string) string {
	host, port, err := net.SplitHostPort(value)
	if _, portErr := strconv.ParseUint(port, 10, 16); err != nil || portErr != nil || strings.ContainsAny(host, "/ ") {
		l.refuse(setting, "host:port", example)
	}
	return value
}

// adminListen reads the address of the metrics, which must not be the service's. Port 0 is a free one each time.
func (l *loader) adminListen(value, service string) string {
	if value == "" {
		return ""
	}
	const setting, example = "CONNECTOR_ADMIN_LISTEN", "127.0.0.1:9464"
	if value == service && !strings.HasSuffix(value, ":0") {
		l.refuse(setting, "another address than CONNECTOR_LISTEN", example)
		return value
	}
	return l.listen(setting, value, example)
}

// traces says whether a collector of traces is named, in either of OpenTelemetry's variables.
func (l *loader) traces() bool {
	named := false
	for _, setting := range []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"} {
		value := l.getenv(setting)
		if value == "" {
			continue
		}
		named = true
		if u, err := url.Parse(value); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
			l.refuse(setting, "the http or https URL of a collector", "http://127.0.0.1:4318")
		}
	}
	return named
}

// publicURL returns the public URL in lower case, without its scheme's own port.
func (l *loader) publicURL(value string) string {
	if value == "" {
		return ""
	}
	u, err := url.Parse(value)
	if err != nil || !isOrigin(u) || u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Host)) {
		l.refuse("CONNECTOR_PUBLIC_URL", "an https URL without a path", "https://connector.contoso.com")
		return ""
	}
	return u.Scheme + "://" + strings.TrimSuffix(strings.ToLower(u.Host), map[string]string{"http": ":80", "https": ":443"}[u.Scheme])
}

// baseURL checks the URL of a server that is called.
func (l *loader) baseURL(setting, value, fallback string, loopback bool) string {
	if value == "" {
		return fallback
	}
	u, err := url.Parse(value)
	if err != nil || !isOrigin(u) || u.Scheme != "https" && !(loopback && u.Scheme == "http" && isLoopback(u.Host)) {
		wants := "an https URL without a path"
		if loopback {
			wants += ", or http on a loopback address"
		}
		l.refuse(setting, wants, fallback)
		return ""
	}
	return strings.TrimSuffix(value, "/")
}

// redisURL checks the URL of a Redis, which a file can hold.
func (l *loader) redisURL(value, path string) Secret {
	setting := "CONNECTOR_REDIS_URL"
	if path != "" {
		if value != "" {
			l.refuse(setting, "here or in the file that "+setting+"_FILE names, not both", "")
			return ""
		}
		setting += "_FILE"
		value = string(l.secretFile(setting, path))
	}
	if value == "" {
		return ""
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "redis" && u.Scheme != "rediss" || u.Hostname() == "" {
		l.refuse(setting, "redis://HOST:PORT or, with TLS, rediss://USER:PASSWORD@HOST:PORT", "rediss://:password@redis.contoso.com:6380")
	}
	return Secret(value)
}

// isOrigin says whether a URL has a scheme, a host and perhaps a port, and nothing else.
func isOrigin(u *url.URL) bool {
	return u.Hostname() != "" && u.User == nil && strings.TrimSuffix(u.Path, "/") == "" && u.RawQuery == "" && !u.ForceQuery && u.Fragment == ""
}

// isLoopback says whether a host, with or without a port, is this machine alone.
func isLoopback(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// file checks that a file that a setting names can be read.
func (l *loader) file(setting, path string) string {
	if path == "" {
		return ""
	}
	f, err := os.Open(path)
	if err != nil {
		l.refuse(setting, unreadable(path, err), "")
		return path
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		l.refuse(setting, "cannot read "+path+": it is a directory", "")
	}
	return path
}

func (l *loader) boolean(setting string, value Toggle) bool {
	b, err := strconv.ParseBool(string(value))
	if err != nil {
		l.refuse(setting, "true or false", "")
	}
	return b
}

func (l *loader) integer(setting, value string, low, high int) int {
	n, err := strconv.Atoi(value)
	if err != nil || n < low || n > high {
		l.refuse(setting, fmt.Sprintf("a whole number from %d to %d", low, high), strconv.Itoa(min(100, high)))
	}
	return n
}

func (l *loader) duration(setting, value string, low, high time.Duration) time.Duration {
	d, err := time.ParseDuration(value)
	if err != nil || d < low || d > high {
		l.refuse(setting, fmt.Sprintf("a duration with its unit, from %gs to %gs", low.Seconds(), high.Seconds()), "30s")
	}
	return d
}

var units = map[string]int64{"": 1, "B": 1, "KIB": 1 << 10, "MIB": 1 << 20}
var sizeForm = regexp.MustCompile(`^([0-9]{1,12}) ?([A-Za-z]*)$`)

func (l *loader) size(setting, value string, low, high int64) int64 {
	var n int64
	if parts := sizeForm.FindStringSubmatch(value); parts != nil {
		n, _ = strconv.ParseInt(parts[1], 10, 64) // at most 12 digits
		n *= units[strings.ToUpper(parts[2])]
	}
	if n < low || n > high {
		l.refuse(setting, fmt.Sprintf("a size from %dKiB to %dMiB", low>>10, high>>20), "16MiB")
	}
	return n
}

func (l *loader) level(value string) slog.Level {
	var level slog.Level
	l.oneOf("CONNECTOR_LOG_LEVEL", value, "debug", "info", "warn", "error")
	_ = level.UnmarshalText([]byte(value)) // oneOf has spoken
	return level
}

func (l *loader) oneOf(setting, value string, allowed ...string) {
	for _, a := range allowed {
		if value == a {
			return
		}
	}
	l.refuse(setting, strings.TrimPrefix(strings.Join(allowed, " or "), " or "), "")
}
