// Package config turns flags and environment into one validated value. Load reports every mistake at once, each
// with the setting's name, what it wants and an example, and acts on nothing: it opens no connection and changes
// no file. Values of secrets cannot be printed.
package config

import (
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/alecthomas/kong"
)

// Flags are the settings as they are written. Each is a flag and the environment variable of the same name with
// CONNECTOR_ before it; the flag wins. They are all text, so that all mistakes can be told together.
type Flags struct {
	Listen         string `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Address to listen on."`
	PublicURL      string `placeholder:"URL" help:"URL under which the platform reaches the service. When it is set, no other Host is answered (421)."`
	Sandbox        Toggle `default:"false" placeholder:"BOOL" help:"Run against an embedded Partner Center with sample data and the API key sandbox."`
	SandboxPublic  Toggle `default:"false" placeholder:"BOOL" help:"Allow the sandbox on an address that is not loopback."`
	SignIn         string `default:"api-key" placeholder:"WAYS" help:"How callers prove who they are: api-key, entra (an account of your tenant), both as api-key,entra, or caller (the maker's own token for Partner Center, passed on)."`
	APIKeysFile    string `placeholder:"FILE" help:"API keys, a line each: NAME SHA256-HEX-OF-THE-KEY. Read again when it changes. Made by connector keys add."`
	Audience       string `placeholder:"LIST" help:"For entra: the audiences accepted, separated by commas: the client ID of this service's own app registration and its Application ID URI."`
	Scope          string `default:"access_as_user" placeholder:"NAME" help:"For entra: the scope that a token must have."`
	AllowedTenants string `placeholder:"LIST" help:"For entra and caller: IDs of the tenants whose users may call, separated by commas. Default: the partner's."`
	AllowedClients string `placeholder:"LIST" help:"For entra and caller: client IDs of the apps that may call, separated by commas. Default: any."`
	PartnerFlags
	UpstreamURL     string `placeholder:"URL" help:"Partner Center's base URL without /v1; https, or http on a loopback address. Default: the cloud's."`
	LinkSecretFile  string `placeholder:"FILE" help:"File with a text of 32 characters or more that tokens in links to next pages are sealed with. Default: the client secret or the certificate."`
	LimitCalls      string `default:"100" placeholder:"N" help:"Calls that a connection may make in a window, 1 to 10000."`
	LimitWindow     string `default:"60s" placeholder:"DURATION" help:"Length of the window, 1s to 5m."`
	RedisURL        string `placeholder:"URL" help:"Redis or Valkey that all instances count in, so that they share one limit: redis:// or rediss://. It must not evict (maxmemory-policy noeviction). Default: each instance counts by itself."`
	RedisURLFile    string `placeholder:"FILE" help:"File with that URL, where it has a password."`
	LimitStoreDown  string `default:"refuse" placeholder:"WHAT" help:"While Redis is away: refuse (503), or local (each instance keeps the limit by itself)."`
	UpstreamTimeout string `default:"30s" placeholder:"DURATION" help:"Deadline of one answer with all that it needs, 1s to 100s."`
	MaxBody         string `default:"16MiB" placeholder:"SIZE" help:"Largest answer accepted from Partner Center, 1KiB to 256MiB."`
	Drain           string `default:"10s" placeholder:"DURATION" help:"How long the service keeps answering, not ready, after SIGTERM; 0s to 5m."`
	AdminListen     string `placeholder:"HOST:PORT" help:"Address of /metrics, for Prometheus to read, as can whoever reaches it. Default: off."`
	LogLevel        string `default:"info" placeholder:"LEVEL" help:"debug, info, warn or error."`
	LogFormat       string `placeholder:"FORMAT" help:"json or text. Default: text on a terminal, else json."`
}

// PartnerFlags are the settings that sign the service in to Partner Center.
type PartnerFlags struct {
	Cloud                         string `default:"global" placeholder:"NAME" help:"Microsoft cloud: global, usgov or china. It sets the addresses of Entra ID and Partner Center."`
	AuthorityURL                  string `placeholder:"URL" help:"Entra ID's authority; https. Default: the cloud's."`
	TenantID                      string `placeholder:"GUID" help:"The partner's tenant."`
	ClientID                      string `placeholder:"GUID" help:"Client ID of the app that is registered in Partner Center."`
	ClientSecretFile              string `placeholder:"FILE" help:"File with the app's client secret. Read again for every token."`
	ClientCertificateFile         string `placeholder:"FILE" help:"The app's certificate with its key, PEM or PFX, in place of a secret. Read again for every token."`
	ClientCertificatePasswordFile string `placeholder:"FILE" help:"File with the password of the certificate file."`
	FederatedTokenFile            string `placeholder:"FILE" help:"Workload identity token, in place of a secret. Read again for every token."`
	ManagedIdentity               string `placeholder:"ID" help:"Client ID of the managed identity that is federated to the app, in place of a secret; or system, which Entra ID does not take for this today."`
	RefreshTokenFile              string `placeholder:"FILE" help:"App+User: the refresh token of a signed-in user, made by connector consent and written anew with each use."`
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
	Listen      string // host:port
	PublicURL   string // scheme and host, without a slash at the end; empty: any Host is answered
	Sandbox     bool
	UpstreamURL string // without a slash at the end; empty in the sandbox, as is Partner

	SignIn         []string // ways to sign in, of the constants below
	APIKeysFile    string   // empty: none, in the sandbox or where no API key is accepted
	Audiences      []string // of callers' tokens
	Scope          string   // of callers' tokens
	AllowedTenants []string // in lower case
	AllowedClients []string // in lower case; empty: any
	Partner
	LinkSecret Secret // empty: something else that instances share

	LimitCalls      int
	LimitWindow     time.Duration
	RedisURL        Secret // empty: none; it can have a password
	LimitLocal      bool   // while Redis is away, each instance counts by itself
	UpstreamTimeout time.Duration
	MaxBody         int64 // bytes
	Drain           time.Duration
	AdminListen     string // host:port; empty: off
	Traces          bool   // go where OpenTelemetry's own variables say
	LogLevel        slog.Level
	LogFormat       string // json, text or empty
}

// The ways in which callers prove who they are.
const (
	APIKey = "api-key" // a key of the keys file
	Entra  = "entra"   // an access token for this service
	Caller = "caller"  // an access token for Partner Center, which is passed on
)

// Accepts says whether callers may sign in in a way.
func (c Config) Accepts(way string) bool { return slices.Contains(c.SignIn, way) }

// Partner is what signs the service in to Partner Center. At most one of the app's credentials is set.
type Partner struct {
	Cloud        Cloud
	AuthorityURL string // without a slash at the end
	TenantID     string // in lower case
	ClientID     string // in lower case

	ClientSecret              Secret // as it was at the start, if ClientSecretFile is set
	ClientSecretFile          string
	ClientCertificateFile     string
	ClientCertificatePassword Secret
	FederatedTokenFile        string
	ManagedIdentity           string // "system" or a client ID
	RefreshTokenFile          string // App+User
}

// HasApp says whether there is a credential of the app's own.
func (p Partner) HasApp() bool {
	return p.ClientSecret != "" || p.ClientCertificateFile != "" || p.FederatedTokenFile != "" || p.ManagedIdentity != ""
}

// Cloud is one of Microsoft's. Its addresses are those of
// https://learn.microsoft.com/partner-center/developer/partner-center-authentication and
// https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud.
type Cloud struct {
	Upstream  string // Partner Center's base URL, which is also the audience of its tokens
	Authority string // Entra ID's
	V1Issuer  string // of Entra ID's version 1 tokens, without the tenant
	Exchange  string // audience of a managed identity's token that is exchanged for an app's
}

// Clouds are Microsoft's, by the names that CONNECTOR_CLOUD takes.
var Clouds = map[string]Cloud{
	"global": {"https://api.partnercenter.microsoft.com", "https://login.microsoftonline.com", "https://sts.windows.net", "api://AzureADTokenExchange"},
	"usgov":  {"https://api.partnercenter.microsoft.com", "https://login.microsoftonline.us", "https://sts.windows.net", "api://AzureADTokenExchangeUSGov"},
	"china":  {"https://partner.partnercenterapi.microsoftonline.cn", "https://login.partner.microsoftonline.cn", "https://sts.chinacloudapi.cn", "api://AzureADTokenExchangeChina"},
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
