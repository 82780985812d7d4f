package config_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/config"
)

const (
	someID  = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
	otherID = "7d3f1c52-9b84-4e06-a2d7-6c58e0f4b913"
)

// good returns the flags of a service that can run, with a keys file.
func good(t *testing.T) config.Flags {
	t.Helper()
	return config.Flags{
		Listen:          "127.0.0.1:8080",
		PublicURL:       "https://Connector.Contoso.com/",
		Sandbox:         "false",
		SandboxPublic:   "false",
		SandboxActivity: "60m",
		SignIn:          "api-key",
		APIKeysFile:     newFile(t, ""),
		Scope:           "access_as_user",
		PartnerFlags:    config.PartnerFlags{Cloud: "global", TenantID: someID, ClientID: someID},
		LimitCalls:      "100",
		LimitWindow:     "60s",
		RedisSignIn:     "password",
		LimitStoreDown:  "refuse",
		UpstreamTimeout: "30s",
		MaxBody:         "16MiB",
		LogLevel:        "info",
	}
}

// goodSandbox returns the flags of a sandbox.
func goodSandbox(t *testing.T) config.Flags {
	t.Helper()
	f := good(t)
	f.Sandbox, f.TenantID, f.ClientID = "true", "", ""
	return f
}

// authority is a certificate.
const authority = `-----BEGIN CERTIFICATE-----
MIIBezCCASGgAwIBAgIUPaU/9PAKb9juhoyuucTRUF33fX8wCgYIKoZIzj0EAwIw
EjEQMA4GA1UEAwwHQ29udG9zbzAgFw0yNjExMjYyMTM1MTVaGA8yMTI2MTEwMjIx
MzUxNVowEjEQMA4GA1UEAwwHQ29udG9zbzBZMBMGByqGSM49AgEGCCqGSM49AwEH
A0IABI5s/n+p2GIzHtj9Jt7nk37lY0x/kia5TmeOaL1yrxWztABMqw22nbd/acHR
pykKGn3K7Obv9Wypc70fY3S5Jo2jUzBRMB0GA1UdDgQWBBTSdAr/KwHwyt9R6XD8
/tN+Dc1vijAfBgNVHSMEGDAWgBTSdAr/KwHwyt9R6XD8/tN+Dc1vijAPBgNVHRMB
Af8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIEXuoTK8r9srckXzetFBhp7tPlda
93Dwjc3JC/bdd5YvAiEAuo4U1nizvt+FUiNd8aBYxugdrIqX3C+HVAmJwSX2rGw=
-----END CERTIFICATE-----
`

// newFile creates a file and returns its path.
func newFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// environment returns a getenv that knows the client secret and nothing else.
func environment(secret string) func(string) string {
	return func(name string) string {
		if name == "CONNECTOR_CLIENT_SECRET" {
			return secret
		}
		return ""
	}
}

// mistaken returns the settings that an error of Load names, in order.
func mistaken(err error) []string {
	if err == nil {
		return nil
	}
	var names []string
	for line := range strings.Lines(err.Error()) {
		name, _, _ := strings.Cut(line, ":")
		names = append(names, name)
	}
	return names
}

func TestLoad(t *testing.T) {
	f := good(t)
	got, err := config.Load(f, environment("hush"))
	want := config.Config{
		Listen:         "127.0.0.1:8080",
		PublicURL:      "https://connector.contoso.com",
		UpstreamURL:    "https://api.partnercenter.microsoft.com",
		SignIn:         []string{"api-key"},
		APIKeysFile:    f.APIKeysFile,
		Scope:          "access_as_user",
		AllowedTenants: []string{someID},
		Partner: config.Partner{
			Cloud:        config.Clouds["global"],
			AuthorityURL: "https://login.microsoftonline.com",
			TenantID:     someID,
			ClientID:     someID,
			ClientSecret: "hush",
		},
		LimitCalls:      100,
		LimitWindow:     time.Minute,
		UpstreamTimeout: 30 * time.Second,
		MaxBody:         16 << 20,
		Drain:           10 * time.Second,
		SandboxActivity: time.Hour,
		MCP:             true,
		LogLevel:        slog.LevelInfo,
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
}

func TestLoadVariants(t *testing.T) {
	type flags = *config.Flags
	type settings = config.Config
	upper := strings.ToUpper
	for _, c := range []struct {
		name   string
		change func(flags)
		check  func(settings) bool
	}{
		{"takes addresses from the cloud China", func(f flags) { f.Cloud = "china" }, func(c settings) bool {
			return c.UpstreamURL == "https://partner.partnercenterapi.microsoftonline.cn" &&
				c.AuthorityURL == "https://login.partner.microsoftonline.cn" &&
				c.Cloud.V1Issuer == "https://sts.chinacloudapi.cn"
		}},
		{"takes addresses from the cloud US Government", func(f flags) { f.Cloud = "usgov" }, func(c settings) bool {
			return c.AuthorityURL == "https://login.microsoftonline.us" &&
				c.Cloud.Exchange == "api://AzureADTokenExchangeUSGov"
		}},
		{"keeps the cloud's audience for another upstream", func(f flags) {
			f.UpstreamURL = "http://127.0.0.1:9/"
		}, func(c settings) bool {
			return c.UpstreamURL == "http://127.0.0.1:9" &&
				c.Cloud.Upstream == "https://api.partnercenter.microsoft.com"
		}},
		{"needs no public URL", func(f flags) { f.PublicURL = "" }, func(c settings) bool { return c.PublicURL == "" }},
		{"keeps a port of the public URL", func(f flags) { f.PublicURL = "https://contoso.com:8443" },
			func(c settings) bool {
				return c.PublicURL == "https://contoso.com:8443"
			}},
		{"drops the default port of https", func(f flags) { f.PublicURL = "https://contoso.com:443" },
			func(c settings) bool {
				return c.PublicURL == "https://contoso.com"
			}},
		{"drops the default port of http", func(f flags) { f.PublicURL = "http://127.0.0.1:80" },
			func(c settings) bool {
				return c.PublicURL == "http://127.0.0.1"
			}},
		{"takes a size with a unit in any case", func(f flags) { f.MaxBody = "512 kib" }, func(c settings) bool {
			return c.MaxBody == 512<<10
		}},
		{"takes a size in bytes", func(f flags) { f.MaxBody = "2048" },
			func(c settings) bool { return c.MaxBody == 2048 }},
		{"turns GUIDs into lower case", func(f flags) { f.TenantID, f.ClientID = upper(someID), upper(someID) },
			func(c settings) bool { return c.TenantID == someID && c.ClientID == someID }},
		{"takes two ways to sign in", func(f flags) {
			f.SignIn, f.Audience = "api-key, entra", upper(someID)+", api://"+someID
		}, func(c settings) bool {
			return c.Accepts("api-key") && c.Accepts("entra") &&
				slices.Equal(c.Audiences, []string{someID, "api://" + someID})
		}},
		{"needs no API keys for Entra ID alone", func(f flags) {
			f.SignIn, f.Audience, f.APIKeysFile = "entra", someID, ""
		}, func(c settings) bool { return !c.Accepts("api-key") && c.AllowedClients == nil }},
		{"takes allowed tenants and clients", func(f flags) {
			f.SignIn, f.Audience = "entra", someID
			f.AllowedTenants, f.AllowedClients = upper(otherID)+","+someID, upper(otherID)
		}, func(c settings) bool {
			return slices.Equal(c.AllowedTenants, []string{otherID, someID}) &&
				slices.Equal(c.AllowedClients, []string{otherID})
		}},
		{"needs no app for callers with their own tokens", func(f flags) {
			f.SignIn, f.APIKeysFile, f.ClientID, f.ClientSecretFile = "caller", "", "", ""
		}, func(c settings) bool { return c.Accepts("caller") && c.OnlyCallers() && c.ClientID == "" }},
		{"needs an app if keys are accepted besides", func(f flags) { f.SignIn = "api-key,caller" },
			func(c settings) bool { return c.Accepts("caller") && !c.OnlyCallers() && c.ClientID == someID }},
		{"takes a Redis", func(f flags) { f.RedisURL, f.LimitStoreDown = "redis://127.0.0.1:6379", "local" },
			func(c settings) bool {
				want := config.Redis{Setting: "CONNECTOR_REDIS_URL", Address: "127.0.0.1:6379"}
				return reflect.DeepEqual(c.Redis, &want) && c.LimitLocal
			}},
		{"takes a Redis with a password from a file", func(f flags) {
			f.RedisURLFile = newFile(t, "rediss://:hush@redis.contoso.com:6380\n")
		}, func(c settings) bool {
			return reflect.DeepEqual(c.Redis, &config.Redis{Setting: "CONNECTOR_REDIS_URL_FILE",
				Address: "redis.contoso.com:6380", Password: "hush", TLS: true})
		}},
		{"takes a Redis that trusts Entra ID, and an authority", func(f flags) {
			f.RedisURL, f.RedisSignIn = "rediss://redis.contoso.com:10000", "entra"
			f.RedisCAFile = newFile(t, authority)
		}, func(c settings) bool { return c.Redis.Entra && (c.Redis.Roots != nil) }},
		{"takes a link secret", func(f flags) { f.LinkSecretFile = newFile(t, strings.Repeat("x", 32)) },
			func(c settings) bool { return len(c.LinkSecret) == 32 }},
		{"takes an address for metrics", func(f flags) { f.AdminListen = "127.0.0.1:9464" }, func(c settings) bool {
			return c.AdminListen == "127.0.0.1:9464"
		}},
		{"takes two free ports", func(f flags) { f.Listen, f.AdminListen = "127.0.0.1:0", "127.0.0.1:0" },
			func(c settings) bool { return c.AdminListen == c.Listen }},
		{"listens on IPv6", func(f flags) { f.Listen = "[::]:80" },
			func(c settings) bool { return c.Listen == "[::]:80" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := good(t)
			c.change(&f)
			if got, err := config.Load(f, environment("hush")); err != nil || !c.check(got) {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

// TestCredentials has each credential of the app alone, App+User with each and alone, and
// combinations that are wrong.
func TestCredentials(t *testing.T) {
	some := newFile(t, "content")
	for _, c := range []struct {
		name   string
		change func(*config.Flags)
		want   []string // the settings that are wrong
	}{
		{"none", func(*config.Flags) {}, []string{"CONNECTOR_CLIENT_SECRET"}},
		{"a secret", func(f *config.Flags) { f.ClientSecretFile = some }, nil},
		{"a certificate", func(f *config.Flags) { f.ClientCertificateFile = some }, nil},
		{"a certificate with a password", func(f *config.Flags) {
			f.ClientCertificateFile, f.ClientCertificatePasswordFile = some, some
		}, nil},
		{"a password without a certificate", func(f *config.Flags) {
			f.ClientSecretFile, f.ClientCertificatePasswordFile = some, some
		}, []string{"CONNECTOR_CLIENT_CERTIFICATE_PASSWORD"}},
		{"a workload identity", func(f *config.Flags) { f.FederatedTokenFile = some }, nil},
		{"a system-assigned identity", func(f *config.Flags) { f.ManagedIdentity = "system" }, nil},
		{"a user-assigned identity", func(f *config.Flags) { f.ManagedIdentity = otherID }, nil},
		{"the app's own ID as its identity", func(f *config.Flags) { f.ManagedIdentity = someID },
			[]string{"CONNECTOR_MANAGED_IDENTITY"}},
		{"a malformed identity", func(f *config.Flags) { f.ManagedIdentity = "me" },
			[]string{"CONNECTOR_MANAGED_IDENTITY"}},
		{"App+User alone", func(f *config.Flags) { f.RefreshTokenFile = some }, nil},
		{"App+User with a certificate",
			func(f *config.Flags) { f.RefreshTokenFile, f.ClientCertificateFile = some, some }, nil},
		{"a secret and a certificate",
			func(f *config.Flags) { f.ClientSecretFile, f.ClientCertificateFile = some, some },
			[]string{"CONNECTOR_CLIENT_CERTIFICATE_FILE"}},
		{"all of them", func(f *config.Flags) {
			f.ClientSecretFile, f.ClientCertificateFile = some, some
			f.FederatedTokenFile, f.ManagedIdentity = some, "system"
		},
			[]string{"CONNECTOR_CLIENT_CERTIFICATE_FILE", "CONNECTOR_FEDERATED_TOKEN_FILE",
				"CONNECTOR_MANAGED_IDENTITY"}},
		{"an absent certificate", func(f *config.Flags) { f.ClientCertificateFile = "/absent" },
			[]string{"CONNECTOR_CLIENT_CERTIFICATE_FILE"}},
		{"an absent workload identity", func(f *config.Flags) { f.FederatedTokenFile = "/absent" },
			[]string{"CONNECTOR_FEDERATED_TOKEN_FILE"}},
		{"App+User before the consent", func(f *config.Flags) { f.RefreshTokenFile = "/absent" },
			[]string{"CONNECTOR_REFRESH_TOKEN_FILE"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := good(t)
			c.change(&f)
			_, err := config.Load(f, environment(""))
			if got := mistaken(err); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v: %v", got, c.want, err)
			}
		})
	}
}

func TestLoadPartner(t *testing.T) {
	f := good(t).PartnerFlags
	t.Run("needs the name of the refresh token's file", func(t *testing.T) {
		_, err := config.LoadPartner(f, environment("hush"))
		if got := mistaken(err); !slices.Equal(got, []string{"CONNECTOR_REFRESH_TOKEN_FILE"}) {
			t.Error(err)
		}
	})
	t.Run("does not need the file itself", func(t *testing.T) {
		f.RefreshTokenFile = "/absent"
		p, err := config.LoadPartner(f, environment(""))
		if err != nil || p.RefreshTokenFile != "/absent" || p.TenantID != someID {
			t.Errorf("%+v, %v", p, err)
		}
	})
}

func TestSecretFile(t *testing.T) {
	load := func(t *testing.T, content, variable string) (config.Config, error) {
		t.Helper()
		f := good(t)
		f.ClientSecretFile = newFile(t, content)
		return config.Load(f, environment(variable))
	}
	t.Run("loses its line end and nothing else", func(t *testing.T) {
		if got, err := load(t, "hush\r\n", ""); err != nil || string(got.ClientSecret) != "hush" {
			t.Errorf("%q, %v", string(got.ClientSecret), err)
		}
	})
	t.Run("excludes the variable", func(t *testing.T) {
		_, err := load(t, "hush", "hush")
		if !slices.Equal(mistaken(err), []string{"CONNECTOR_CLIENT_SECRET"}) {
			t.Error(err)
		}
	})
	for name, content := range map[string]string{
		"must not be empty":              "",
		"must hold more than a line end": "\n",
		"must hold one line":             "hush\nhush\n",
		"must not begin with a BOM":      "\ufeffhush",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, content, "")
			if !slices.Equal(mistaken(err), []string{"CONNECTOR_CLIENT_SECRET_FILE"}) ||
				strings.Contains(err.Error(), "hush") {
				t.Error(err)
			}
		})
	}
}

func TestSecretCannotBePrinted(t *testing.T) {
	c, err := config.Load(good(t), environment("hush"))
	if err != nil {
		t.Fatal(err)
	}
	marshaled, _ := json.Marshal(c)
	var logged strings.Builder
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "config", c, "secret", c.ClientSecret)
	secret := c.ClientSecret
	for way, text := range map[string]string{
		"Sprint":  fmt.Sprint(c),
		"Sprintf": fmt.Sprintf("%+v %#v %s %q %x", c, c, secret, secret, secret),
		"JSON":    string(marshaled),
		"slog":    logged.String(),
	} {
		if strings.Contains(text, "hush") || strings.Contains(text, "68757368") {
			t.Errorf("%s: %s", way, text)
		}
	}
}

func TestSettings(t *testing.T) {
	secrets := []string{
		"CONNECTOR_CLIENT_SECRET", "CONNECTOR_CLIENT_CERTIFICATE_PASSWORD", "CONNECTOR_LINK_SECRET",
	}
	var names []string
	for _, s := range config.Settings() {
		names = append(names, s.Variable)
		if isSecret := slices.Contains(secrets, s.Variable); s.Help == "" || (s.Flag == "") != isSecret {
			t.Errorf("%+v", s)
		}
	}
	for _, name := range append(secrets, "CONNECTOR_PUBLIC_URL", "CONNECTOR_CLIENT_SECRET_FILE") {
		if !slices.Contains(names, name) {
			t.Errorf("%s is not in %v", name, names)
		}
	}
}
