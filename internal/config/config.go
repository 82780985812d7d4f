// Package config converts flags and environment variables into one validated Config. Load reports
// all mistakes at once, each with the name of the setting, what is expected and an example. The
// package opens no connection and changes no file; it only checks that files can be read. Each
// range of values is declared once, in ranges.go, and used for help texts, mistakes and documents.
// Secrets have a type of their own that cannot be printed.
package config

import (
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/alecthomas/kong"
)

// Flags holds the settings as written. Each is a flag and an environment variable of the same name
// with the prefix CONNECTOR_; the flag wins. All fields are text, so that Load can report all
// mistakes together. The help texts are in help.go.
type Flags struct {
	Listen          string `default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	PublicURL       string `placeholder:"URL"`
	Sandbox         Toggle `default:"false" placeholder:"BOOL"`
	SandboxPublic   Toggle `default:"false" placeholder:"BOOL"`
	SandboxActivity string `default:"60m" placeholder:"DURATION"`
	SignIn          string `default:"api-key" placeholder:"WAYS"`
	APIKeysFile     string `placeholder:"FILE"`
	Audience        string `placeholder:"LIST"`
	Scope           string `default:"access_as_user" placeholder:"NAME"`
	AllowedTenants  string `placeholder:"LIST"`
	AllowedClients  string `placeholder:"LIST"`
	PartnerFlags
	UpstreamURL     string `placeholder:"URL"`
	LinkSecretFile  string `placeholder:"FILE"`
	LimitCalls      string `default:"100" placeholder:"N"`
	LimitWindow     string `default:"60s" placeholder:"DURATION"`
	RedisURL        string `placeholder:"URL"`
	RedisURLFile    string `placeholder:"FILE"`
	RedisCAFile     string `placeholder:"FILE"`
	RedisSignIn     string `default:"password" placeholder:"HOW"`
	LimitStoreDown  string `default:"refuse" placeholder:"WHAT"`
	UpstreamTimeout string `default:"30s" placeholder:"DURATION"`
	MaxBody         string `default:"16MiB" placeholder:"SIZE"`
	Drain           string `placeholder:"DURATION"`
	AdminListen     string `placeholder:"HOST:PORT"`
	MCP             Toggle `placeholder:"BOOL"`
	MCPTools        string `placeholder:"LIST"`
	Console         Toggle `placeholder:"BOOL"`
	LogLevel        string `default:"info" placeholder:"LEVEL"`
	LogFormat       string `placeholder:"FORMAT"`
}

// PartnerFlags holds the settings with which the service signs in to Partner Center.
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

// A Toggle is a flag whose value may be omitted, which means true. Like every flag, it is text
// until Load parses it.
type Toggle string

// IsBool tells kong that the value may be omitted.
func (*Toggle) IsBool() bool { return true }

// Decode implements kong.MapperValue. It stores the value as written, or true if the flag stands alone.
func (t *Toggle) Decode(c *kong.DecodeContext) error {
	*t = "true"
	if c.Scan.Peek().Type == kong.FlagValueToken {
		*t = Toggle(fmt.Sprint(c.Scan.Pop().Value))
	}
	return nil
}

// A Config is a validated set of settings.
type Config struct {
	Listen      string // host:port
	PublicURL   string // scheme and host in lower case, without a slash at the end; empty: accept any Host
	Sandbox     bool
	UpstreamURL string // without a slash at the end; empty in the sandbox, as is Partner

	SandboxActivity time.Duration // between two changes in the sandbox

	SignIn         []string // ways to sign in, from the constants below
	APIKeysFile    string   // empty: none, in the sandbox or if no API key is accepted
	Audiences      []string // of callers' tokens
	Scope          string   // of callers' tokens
	AllowedTenants []string // in lower case
	AllowedClients []string // in lower case; empty: any
	Partner
	LinkSecret Secret // empty: derive one from the app's credential

	LimitCalls      int
	LimitWindow     time.Duration
	Redis           *Redis // nil: each instance counts its own calls
	LimitLocal      bool   // while Redis is down, each instance counts its own calls
	UpstreamTimeout time.Duration
	MaxBody         int64         // bytes
	Drain           time.Duration // 0: stop accepting calls at once
	AdminListen     string        // host:port; empty: off
	MCP             bool          // serve the actions as MCP tools
	MCPTools        []string      // names of the tools that are offered; empty: all
	Console         bool          // serve the console for browsers
	Traces          bool          // OpenTelemetry's own variables name a collector
	LogLevel        slog.Level
	LogFormat       string // json, text, or empty to choose by the output
}

// Ways to sign in.
const (
	APIKey = "api-key" // a key of the keys file
	Entra  = "entra"   // an access token for this service
	Caller = "caller"  // an access token for Partner Center, passed on
)

// Accepts reports whether callers may sign in in the given way.
func (c Config) Accepts(way string) bool { return slices.Contains(c.SignIn, way) }

// OnlyCallers reports whether every caller brings a token for Partner Center. The service then
// needs none of its own.
func (c Config) OnlyCallers() bool { return onlyCallers(c.SignIn) }

// A Partner holds the credentials with which the service signs in to Partner Center. At most one
// credential of the app is set, apart from the certificate's password.
type Partner struct {
	Cloud        Cloud
	AuthorityURL string // without a slash at the end
	TenantID     string // in lower case
	ClientID     string // in lower case

	ClientSecret                  Secret // the value at the start, even if ClientSecretFile is set
	ClientSecretFile              string
	ClientCertificateFile         string
	ClientCertificatePassword     Secret
	ClientCertificatePasswordFile string
	FederatedTokenFile            string
	ManagedIdentity               string // "system" or a client ID
	RefreshTokenFile              string // App+User
	RefreshToken                  Secret // App+User of the sandbox, which stores none
}

// HasApp reports whether the app has a credential of its own.
func (p Partner) HasApp() bool {
	return p.ClientSecret != "" || p.ClientCertificateFile != "" || p.FederatedTokenFile != "" ||
		p.ManagedIdentity != ""
}

// HasUser reports whether the service is signed in as a user (App+User).
func (p Partner) HasUser() bool { return p.RefreshTokenFile != "" || p.RefreshToken != "" }

// A Cloud holds the addresses of one of Microsoft's clouds. They are documented at
// https://learn.microsoft.com/partner-center/developer/partner-center-authentication and
// https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud.
type Cloud struct {
	Name      string // the value of CONNECTOR_CLOUD
	Upstream  string // Partner Center's base URL, which is also the audience of its tokens
	Authority string // base URL of Entra ID
	V1Issuer  string // issuer of version 1 tokens, without the tenant
	Exchange  string // audience of a managed identity's token that is exchanged for an app's
}

// Clouds maps the values of CONNECTOR_CLOUD to clouds. Do not modify it.
var Clouds = map[string]Cloud{
	"global": {
		Name:      "global",
		Upstream:  "https://api.partnercenter.microsoft.com",
		Authority: "https://login.microsoftonline.com",
		V1Issuer:  "https://sts.windows.net",
		Exchange:  "api://AzureADTokenExchange",
	},
	"usgov": {
		Name:      "usgov",
		Upstream:  "https://api.partnercenter.microsoft.com",
		Authority: "https://login.microsoftonline.us",
		V1Issuer:  "https://sts.windows.net",
		Exchange:  "api://AzureADTokenExchangeUSGov",
	},
	"china": {
		Name:      "china",
		Upstream:  "https://partner.partnercenterapi.microsoftonline.cn",
		Authority: "https://login.partner.microsoftonline.cn",
		V1Issuer:  "https://sts.chinacloudapi.cn",
		Exchange:  "api://AzureADTokenExchangeChina",
	},
}

// A Secret is a string that printing, logging and encoding do not reveal. Convert it to a string to
// use it.
type Secret string

// redacted is printed in place of every secret, including an empty one.
const redacted = "[secret]"

// String hides the secret from %v and %s.
func (Secret) String() string { return redacted }

// GoString hides the secret from %#v.
func (Secret) GoString() string { return redacted }

// MarshalText hides the secret from JSON and other encodings.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue hides the secret from logs.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
