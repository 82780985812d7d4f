// Package config turns flags and environment into one validated value. Load reports every mistake at once, each
// with the setting's name, what it wants and an example, and acts on nothing: it opens no connection and changes
// no file. Values of secrets cannot be printed.
package config

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/alecthomas/kong"
)

// Flags are the settings as they are written. Each is a flag and the environment variable of the same name with
// CONNECTOR_ before it; the flag wins. They are all text, so that all mistakes can be told together.
type Flags struct {
	Listen           string `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Address to listen on."`
	PublicURL        string `placeholder:"URL" help:"URL under which the platform reaches the service. When it is set, no other Host is answered (421)."`
	Sandbox          Toggle `default:"false" placeholder:"BOOL" help:"Run against an embedded Partner Center with sample data and the API key sandbox."`
	SandboxPublic    Toggle `default:"false" placeholder:"BOOL" help:"Allow the sandbox on an address that is not loopback."`
	Cloud            string `default:"global" placeholder:"NAME" help:"Microsoft cloud: global, usgov or china. It sets the next two."`
	UpstreamURL      string `placeholder:"URL" help:"Partner Center's base URL without /v1; https, or http on a loopback address. Default: the cloud's."`
	AuthorityURL     string `placeholder:"URL" help:"Entra ID's authority; https. Default: the cloud's."`
	SignIn           string `default:"api-key" placeholder:"WAY" help:"How callers prove who they are: api-key."`
	APIKeysFile      string `placeholder:"FILE" help:"API keys, a line each: NAME SHA256-HEX-OF-THE-KEY. Read again when it changes. Made by connector keys add."`
	TenantID         string `placeholder:"GUID" help:"The partner's tenant."`
	ClientID         string `placeholder:"GUID" help:"Client id of the app that is registered in Partner Center."`
	ClientSecretFile string `placeholder:"FILE" help:"File with the app's client secret."`
	LimitCalls       string `default:"100" placeholder:"N" help:"Calls that a connection may make in a window, 1 to 10000."`
	LimitWindow      string `default:"60s" placeholder:"DURATION" help:"Length of the window, 1s to 5m."`
	UpstreamTimeout  string `default:"30s" placeholder:"DURATION" help:"Deadline of one answer with all that it needs, 1s to 100s."`
	MaxBody          string `default:"16MiB" placeholder:"SIZE" help:"Largest answer accepted from Partner Center, 1KiB to 256MiB."`
	Drain            string `default:"10s" placeholder:"DURATION" help:"How long the service keeps answering, not ready, after SIGTERM; 0s to 5m."`
	LogLevel         string `default:"info" placeholder:"LEVEL" help:"debug, info, warn or error."`
	LogFormat        string `placeholder:"FORMAT" help:"json or text. Default: text on a terminal, else json."`
}

// Toggle is a flag that may stand alone and means true then. Like every flag it is text until Load reads it.
type Toggle string

// IsBool lets the flag stand without a value.
func (*Toggle) IsBool() bool { return true }

// Decode takes the flag's value as it was written.
func (t *Toggle) Decode(c *kong.DecodeContext) error {
	*t = "true"
	if c.Scan.Peek().Type == kong.FlagValueToken {
		*t = Toggle(fmt.Sprint(c.Scan.Pop().Value))
	}
	return nil
}

// Config is a valid set of settings.
type Config struct {
	Listen       string // host:port
	PublicURL    string // scheme and host, without a slash at the end; empty: any Host is answered
	Sandbox      bool
	Scope        string // of the token for Partner Center
	UpstreamURL  string // without a slash at the end; empty in the sandbox, as are the next four
	AuthorityURL string
	TenantID     string
	ClientID     string
	ClientSecret Secret
	APIKeysFile  string // empty: none, in the sandbox alone

	LimitCalls      int
	LimitWindow     time.Duration
	UpstreamTimeout time.Duration
	MaxBody         int64 // bytes
	Drain           time.Duration
	LogLevel        slog.Level
	LogFormat       string // json, text or empty
}

// Secret is a text that shows in no output.
type Secret string

const redacted = "[secret]"

// String keeps the secret out of %v and %s.
func (Secret) String() string { return redacted }

// GoString keeps the secret out of %#v.
func (Secret) GoString() string { return redacted }

// MarshalText keeps the secret out of JSON and of other encodings.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue keeps the secret out of logs.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
