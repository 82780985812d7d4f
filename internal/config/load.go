package config

import (
	"errors"
	"time"
)

// A Mistake is an invalid setting.
type Mistake struct {
	Setting string // the environment variable
	Wants   string // what is expected, or what is wrong
	Example string // a valid value; may be empty
}

// Error returns the mistake in one line, without the invalid value unless Wants contains it.
func (m Mistake) Error() string {
	text := m.Setting + ": " + m.Wants
	if m.Example != "" {
		text += ", such as " + m.Example
	}
	return text
}

// A loader parses settings and collects mistakes. What its methods return is only meaningful if
// they report no mistake.
type loader struct {
	getenv   func(string) string
	mistakes []error
}

// report records a mistake. Loading continues, so that all mistakes are reported together.
func (l *loader) report(setting, wants, example string) {
	l.mistakes = append(l.mistakes, Mistake{setting, wants, example})
}

// Load validates the flags. It reads secrets, which have no flags, through getenv. An error joins a
// Mistake for each invalid setting.
func Load(f Flags, getenv func(string) string) (Config, error) {
	l := &loader{getenv: getenv}
	c := Config{
		Listen:          l.listen("CONNECTOR_LISTEN", f.Listen, "127.0.0.1:8080"),
		PublicURL:       l.publicURL(f.PublicURL),
		Sandbox:         l.boolean("CONNECTOR_SANDBOX", f.Sandbox),
		SandboxActivity: l.duration("CONNECTOR_SANDBOX_ACTIVITY", f.SandboxActivity, sandboxActivityRange),
		SignIn:          l.signIn(f.SignIn),
		APIKeysFile:     l.file("CONNECTOR_API_KEYS_FILE", f.APIKeysFile),
		Scope:           f.Scope,
		LinkSecret:      l.linkSecret(f.LinkSecretFile),
		LimitCalls:      l.integer("CONNECTOR_LIMIT_CALLS", f.LimitCalls, limitCallsRange),
		LimitWindow:     l.duration("CONNECTOR_LIMIT_WINDOW", f.LimitWindow, limitWindowRange),
		Redis:           l.redis(f),
		LimitLocal:      f.LimitStoreDown == "local",
		UpstreamTimeout: l.duration("CONNECTOR_UPSTREAM_TIMEOUT", f.UpstreamTimeout, upstreamTimeoutRange),
		MaxBody:         l.size("CONNECTOR_MAX_BODY", f.MaxBody, maxBodyRange),
		AdminListen:     l.adminListen(f.AdminListen, f.Listen),
		MCPTools:        split(f.MCPTools),
		Traces:          l.traces(),
		LogLevel:        l.level(f.LogLevel),
		LogFormat:       f.LogFormat,
	}
	l.oneOf("CONNECTOR_LOG_FORMAT", f.LogFormat, "", "json", "text")
	l.oneOf("CONNECTOR_LIMIT_STORE_DOWN", f.LimitStoreDown, "refuse", "local")
	c.Drain = l.drain(f.Drain, c)
	c.MCP = l.mcp(f.MCP, c)
	c.Console = l.console(f.Console, c)
	isPublic := l.boolean("CONNECTOR_SANDBOX_PUBLIC", f.SandboxPublic)
	if c.Sandbox {
		c.Cloud = l.cloud(f.Cloud)
		l.checkSandbox(f)
		if !isPublic && !isLoopback(c.Listen) {
			l.report("CONNECTOR_LISTEN", "a loopback address unless CONNECTOR_SANDBOX_PUBLIC=true, "+
				"because anyone can call the sandbox", "127.0.0.1:8080")
		}
	} else {
		c.Partner = l.partner(f.PartnerFlags, c.SignIn)
		if (c.Redis != nil) && c.Redis.Entra && (!c.HasApp() || (c.ClientID == "")) {
			l.report("CONNECTOR_REDIS_SIGN_IN", "password, because entra needs a credential of the app", "")
		}
		c.RefreshTokenFile = l.refreshTokenFile(f.RefreshTokenFile)
		c.UpstreamURL = l.upstreamURL(f.UpstreamURL, c.Cloud)
		l.callers(&c, f)
	}
	return c, errors.Join(l.mistakes...)
}

// LoadPartner validates the settings with which a user signs in for the service. The file of the
// refresh token must be set but need not exist.
func LoadPartner(f PartnerFlags, getenv func(string) string) (Partner, error) {
	l := &loader{getenv: getenv}
	p := l.partner(f, nil)
	if p.RefreshTokenFile == "" {
		l.report("CONNECTOR_REFRESH_TOKEN_FILE", "not set: the file to write the refresh token to",
			"/var/lib/connector/refresh-token")
	}
	return p, errors.Join(l.mistakes...)
}

// drain returns how long to drain. The default is 0 in the sandbox, whose calls may be lost.
func (l *loader) drain(value string, c Config) time.Duration {
	switch {
	case value != "":
		return l.duration("CONNECTOR_DRAIN", value, drainRange)
	case c.Sandbox:
		return 0
	default:
		return 10 * time.Second
	}
}

// mcp reports whether MCP tools are served: by default, unless every caller brings a token for Partner
// Center, which an MCP server must not pass on:
// https://modelcontextprotocol.io/docs/tutorials/security/security_best_practices#token-passthrough.
func (l *loader) mcp(value Toggle, c Config) bool {
	if value == "" {
		return !c.OnlyCallers()
	}
	on := l.boolean("CONNECTOR_MCP", value)
	if on && c.OnlyCallers() {
		l.report("CONNECTOR_MCP", "false with CONNECTOR_SIGN_IN=caller: an MCP server must not pass tokens on", "")
		return false
	}
	return on
}

// console reports whether the console is served: by default only in the sandbox, where everybody knows
// the API key.
func (l *loader) console(value Toggle, c Config) bool {
	if value == "" {
		return c.Sandbox
	}
	return l.boolean("CONNECTOR_CONSOLE", value)
}
