// Package config turns flags and environment into one validated value. Load reports every mistake
// in one go, each with the setting's name, what it wants and an example. It opens no connection and
// changes no file. A range of values is declared once, in ranges.go; help texts, mistakes and
// documents show that declaration. Secrets cannot be printed.
package config

import (
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/alecthomas/kong"
)

// Flags are the settings as written. Each is a flag and an environment variable of the same name
// that begins with CONNECTOR_; the flag wins. All are text, so that Load can report all mistakes
// together. Their help texts are in help.go.
type Flags struct {
	Listen         string `default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	PublicURL      string `placeholder:"URL"`
	Sandbox        Toggle `default:"false" placeholder:"BOOL"`
	SandboxPublic  Toggle `default:"false" placeholder:"BOOL"`
	SignIn         string `default:"api-key" placeholder:"WAYS"`
	APIKeysFile    string `placeholder:"FILE"`
	Audience       string `placeholder:"LIST"`
	Scope          string `default:"access_as_user" placeholder:"NAME"`
	AllowedTenants string `placeholder:"LIST"`
	AllowedClients string `placeholder:"LIST"`
	PartnerFlags
	UpstreamURL     string `placeholder:"URL"`
	LinkSecretFile  string `placeholder:"FILE"`
	LimitCalls      string `default:"100" placeholder:"N"`
	LimitWindow     string `default:"60s" placeholder:"DURATION"`
	RedisURL        string `placeholder:"URL"`
	RedisURLFile    string `placeholder:"FILE"`
	LimitStoreDown  string `default:"refuse" placeholder:"WHAT"`
	UpstreamTimeout string `default:"30s" placeholder:"DURATION"`
	MaxBody         string `default:"16MiB" placeholder:"SIZE"`
	Drain           string `placeholder:"DURATION"`
	AdminListen     string `placeholder:"HOST:PORT"`
	LogLevel        string `default:"info" placeholder:"LEVEL"`
	LogFormat       string `placeholder:"FORMAT"`
}

// PartnerFlags are the settings with which the service signs in to Partner Center.
type PartnerFlags struct {
	Cloud                         string `default:"global" placeholder:"NAME"`
	AuthorityURL                  string `placeholder:"URL"`
	TenantID                      string `placeholder:"GUID"`
	ClientID                      string `placeholder:"GUID"`
	ClientSecretFile              string `placeholder:"FILE"`
	ClientCertificateFile         string `placeholder:"FILE"`
	ClientCertificatePasswordFile string `placeholder:"FILE"`
	FederatedTokenFile            string `placeholder:"FILE"`
	ManagedIdentity               string `placeholder:"ID"`
	RefreshTokenFile              string `placeholder:"FILE"`
}

// Toggle is a flag whose value may be left out, which means true. Like every flag it is text until
// Load parses it.
type Toggle string

// IsBool tells kong that the value may be left out.
func (*Toggle) IsBool() bool { return true }

// Decode stores the value as written, or true if there is none.
func (t *Toggle) Decode(c *kong.DecodeContext) error {
	*t = "true"
	if c.Scan.Peek().Type == kong.FlagValueToken {
		*t = Toggle(fmt.Sprint(c.Scan.Pop().Value))
	}
	return nil
}

// Config is a validated set of settings.
type Config struct {
	Listen      string // host:port
	PublicURL   string // scheme and host, without a slash at the end; empty: any Host is answered
	Sandbox     bool
	UpstreamURL string // without a slash at the end; empty in the sandbox, as is Partner

	SignIn         []string // ways to sign in, from the constants below
	APIKeysFile    string   // empty: none, in the sandbox or if no API key is accepted
	Audiences      []string // of callers' tokens
	Scope          string   // of callers' tokens
	AllowedTenants []string // in lower case
	AllowedClients []string // in lower case; empty: any
	Partner
	LinkSecret Secret // empty: use another secret that all instances have

	LimitCalls      int
	LimitWindow     time.Duration
	Redis           *Redis // nil: each instance counts by itself
	LimitLocal      bool   // while Redis is down, each instance counts by itself
	UpstreamTimeout time.Duration
	MaxBody         int64 // bytes
	Drain           time.Duration
	AdminListen     string // host:port; empty: off
	Traces          bool   // send traces where OpenTelemetry's own variables say
	LogLevel        slog.Level
	LogFormat       string // json, text or empty
}

// The ways to sign in.
const (
	APIKey = "api-key" // a key of the keys file
	Entra  = "entra"   // an access token for this service
	Caller = "caller"  // an access token for Partner Center, passed on
)

// Accepts reports whether callers may sign in this way.
func (c Config) Accepts(way string) bool { return slices.Contains(c.SignIn, way) }

// OnlyCallers reports whether every caller brings a token for Partner Center, so that the service
// needs none of its own.
func (c Config) OnlyCallers() bool { return onlyCallers(c.SignIn) }

// Partner is what the service signs in to Partner Center with. At most one of the app's credentials
// is set.
type Partner struct {
	Cloud        Cloud
	AuthorityURL string // without a slash at the end
	TenantID     string // in lower case
	ClientID     string // in lower case

	ClientSecret                  Secret // read at the start, even if ClientSecretFile is set
	ClientSecretFile              string
	ClientCertificateFile         string
	ClientCertificatePassword     Secret
	ClientCertificatePasswordFile string
	FederatedTokenFile            string
	ManagedIdentity               string // "system" or a client ID
	RefreshTokenFile              string // App+User
}

// HasApp reports whether the app has a credential of its own.
func (p Partner) HasApp() bool {
	return p.ClientSecret != "" || p.ClientCertificateFile != "" || p.FederatedTokenFile != "" ||
		p.ManagedIdentity != ""
}

// Cloud holds the addresses of one of Microsoft's clouds, from
// https://learn.microsoft.com/partner-center/developer/partner-center-authentication and
// https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud.
type Cloud struct {
	Upstream  string // Partner Center's base URL, which is also the audience of its tokens
	Authority string // Entra ID's
	V1Issuer  string // of Entra ID's version 1 tokens, without the tenant
	Exchange  string // audience of a managed identity's token that is exchanged for an app's
}

// Clouds are Microsoft's clouds, by the values of CONNECTOR_CLOUD.
var Clouds = map[string]Cloud{
	"global": {
		Upstream:  "https://api.partnercenter.microsoft.com",
		Authority: "https://login.microsoftonline.com",
		V1Issuer:  "https://sts.windows.net",
		Exchange:  "api://AzureADTokenExchange",
	},
	"usgov": {
		Upstream:  "https://api.partnercenter.microsoft.com",
		Authority: "https://login.microsoftonline.us",
		V1Issuer:  "https://sts.windows.net",
		Exchange:  "api://AzureADTokenExchangeUSGov",
	},
	"china": {
		Upstream:  "https://partner.partnercenterapi.microsoftonline.cn",
		Authority: "https://login.partner.microsoftonline.cn",
		V1Issuer:  "https://sts.chinacloudapi.cn",
		Exchange:  "api://AzureADTokenExchangeChina",
	},
}

// Secret is a string that no way of printing, logging or encoding reveals.
type Secret string

const redacted = "[secret]"

// String hides the secret from %v and %s.
func (Secret) String() string { return redacted }

// GoString hides the secret from %#v.
func (Secret) GoString() string { return redacted }

// MarshalText hides the secret from JSON and other encodings.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue hides the secret from logs.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
