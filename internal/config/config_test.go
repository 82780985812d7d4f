package config_test

import (
	"encoding/json"
	"errors"
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

const someID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"

// good are the flags of a service that could run, with a keys file.
func good(t *testing.T) config.Flags {
	t.Helper()
	keys := filepath.Join(t.TempDir(), "keys")
	write(t, keys, "")
	return config.Flags{
		Listen: "127.0.0.1:8080", PublicURL: "https://Connector.Contoso.com/", Sandbox: "false", SandboxPublic: "false",
		SignIn: "api-key", APIKeysFile: keys, Scope: "access_as_user", PartnerFlags: config.PartnerFlags{Cloud: "global", TenantID: someID, ClientID: someID}, LimitCalls: "100", LimitWindow: "60s", LimitStoreDown: "refuse",
		UpstreamTimeout: "30s", MaxBody: "16MiB", Drain: "10s", LogLevel: "info",
	}
}

// newFile makes a file and returns its path.
func newFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	write(t, path, content)
	return path
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

const otherID = "7d3f1c52-9b84-4e06-a2d7-6c58e0f4b913"

// environment is a getenv of the one secret.
func environment(secret string) func(string) string {
	return func(name string) string {
		if name == "CONNECTOR_CLIENT_SECRET" {
			return secret
		}
		return ""
	}
}

func TestLoad(t *testing.T) {
	f := good(t)
	got, err := config.Load(f, environment("hush"))
	want := config.Config{
		Listen: "127.0.0.1:8080", PublicURL: "https://connector.contoso.com", UpstreamURL: "https://api.partnercenter.microsoft.com",
		SignIn: []string{"api-key"}, APIKeysFile: f.APIKeysFile, Scope: "access_as_user", AllowedTenants: []string{someID},
		Partner: config.Partner{
			Cloud: config.Clouds["global"], AuthorityURL: "https://login.microsoftonline.com",
			TenantID: someID, ClientID: someID, ClientSecret: "hush",
		},
		LimitCalls: 100, LimitWindow: time.Minute, UpstreamTimeout: 30 * time.Second, MaxBody: 16 << 20, Drain: 10 * time.Second,
		LogLevel: slog.LevelInfo,
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
}

func TestLoadVariants(t *testing.T) {
	file := func(content string) string { return newFile(t, content) }
	for _, c := range []struct {
		name   string
		change func(*config.Flags)
		check  func(config.Config) bool
	}{
		{"China", func(f *config.Flags) { f.Cloud = "china" }, func(c config.Config) bool {
			return c.UpstreamURL == "https://partner.partnercenterapi.microsoftonline.cn" && c.AuthorityURL == "https://login.partner.microsoftonline.cn" && c.Cloud.V1Issuer == "https://sts.chinacloudapi.cn"
		}},
		{"US Government", func(f *config.Flags) { f.Cloud = "usgov" }, func(c config.Config) bool {
			return c.AuthorityURL == "https://login.microsoftonline.us" && c.Cloud.Exchange == "api://AzureADTokenExchangeUSGov"
		}},
		{"another upstream keeps the audience", func(f *config.Flags) { f.UpstreamURL = "http://127.0.0.1:9/" }, func(c config.Config) bool {
			return c.UpstreamURL == "http://127.0.0.1:9" && c.Cloud.Upstream == "https://api.partnercenter.microsoft.com"
		}},
		{"no public URL", func(f *config.Flags) { f.PublicURL = "" }, func(c config.Config) bool { return c.PublicURL == "" }},
		{"a public port", func(f *config.Flags) { f.PublicURL = "https://contoso.com:8443" }, func(c config.Config) bool { return c.PublicURL == "https://contoso.com:8443" }},
		{"the usual port", func(f *config.Flags) { f.PublicURL = "https://contoso.com:443" }, func(c config.Config) bool { return c.PublicURL == "https://contoso.com" }},
		{"http's usual port", func(f *config.Flags) { f.PublicURL = "http://127.0.0.1:80" }, func(c config.Config) bool { return c.PublicURL == "http://127.0.0.1" }},
		{"sizes", func(f *config.Flags) { f.MaxBody = "512 kib" }, func(c config.Config) bool { return c.MaxBody == 512<<10 }},
		{"bytes", func(f *config.Flags) { f.MaxBody = "2048" }, func(c config.Config) bool { return c.MaxBody == 2048 }},
		{"a GUID in upper case", func(f *config.Flags) { f.TenantID, f.ClientID = strings.ToUpper(someID), strings.ToUpper(someID) }, func(c config.Config) bool { return c.TenantID == someID && c.ClientID == someID }},
		{"both ways to sign in", func(f *config.Flags) {
			f.SignIn, f.Audience = "api-key, entra", strings.ToUpper(someID)+", api://"+someID
		}, func(c config.Config) bool {
			return c.Accepts("api-key") && c.Accepts("entra") && slices.Equal(c.Audiences, []string{someID, "api://" + someID})
		}},
		{"Entra ID alone", func(f *config.Flags) { f.SignIn, f.Audience, f.APIKeysFile = "entra", someID, "" }, func(c config.Config) bool { return !c.Accepts("api-key") && c.AllowedClients == nil }},
		{"allowed tenants and clients", func(f *config.Flags) {
			f.SignIn, f.Audience, f.AllowedTenants, f.AllowedClients = "entra", someID, strings.ToUpper(otherID)+","+someID, strings.ToUpper(otherID)
		}, func(c config.Config) bool {
			return slices.Equal(c.AllowedTenants, []string{otherID, someID}) && slices.Equal(c.AllowedClients, []string{otherID})
		}},
		{"callers with their own tokens need no app", func(f *config.Flags) {
			f.SignIn, f.APIKeysFile, f.ClientID, f.ClientSecretFile = "caller", "", "", ""
		}, func(c config.Config) bool { return c.Accepts("caller") && c.ClientID == "" }},
		{"a Redis", func(f *config.Flags) { f.RedisURL, f.LimitStoreDown = "redis://127.0.0.1:6379", "local" }, func(c config.Config) bool { return c.RedisURL == "redis://127.0.0.1:6379" && c.LimitLocal }},
		{"a Redis with a password", func(f *config.Flags) { f.RedisURLFile = file("rediss://:hush@redis.contoso.com:6380\n") }, func(c config.Config) bool { return c.RedisURL == "rediss://:hush@redis.contoso.com:6380" }},
		{"a link secret", func(f *config.Flags) { f.LinkSecretFile = file(strings.Repeat("x", 32)) }, func(c config.Config) bool { return len(c.LinkSecret) == 32 }},
		{"metrics", func(f *config.Flags) { f.AdminListen = "127.0.0.1:9464" }, func(c config.Config) bool { return c.AdminListen == "127.0.0.1:9464" }},
		{"free ports", func(f *config.Flags) { f.Listen, f.AdminListen = "127.0.0.1:0", "127.0.0.1:0" }, func(c config.Config) bool { return c.AdminListen == c.Listen }},
		{"IPv6", func(f *config.Flags) { f.Listen = "[::]:80" }, func(c config.Config) bool { return c.Listen == "[::]:80" }},
	} {
		f := good(t)
		c.change(&f)
		if got, err := config.Load(f, environment("hush")); err != nil || !c.check(got) {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
}

// TestCredentials has each credential of the app alone, App+User with each and alone, and what does not go together.
func TestCredentials(t *testing.T) {
	some := newFile(t, "content")
	for _, c := range []struct {
		name   string
		change func(*config.Flags)
		want   []string // settings at fault
	}{
		{"none", func(*config.Flags) {}, []string{"CONNECTOR_CLIENT_SECRET"}},
		{"secret", func(f *config.Flags) { f.ClientSecretFile = some }, nil},
		{"certificate", func(f *config.Flags) { f.ClientCertificateFile = some }, nil},
		{"certificate with a password", func(f *config.Flags) { f.ClientCertificateFile, f.ClientCertificatePasswordFile = some, some }, nil},
		{"password alone", func(f *config.Flags) { f.ClientSecretFile, f.ClientCertificatePasswordFile = some, some }, []string{"CONNECTOR_CLIENT_CERTIFICATE_PASSWORD"}},
		{"workload identity", func(f *config.Flags) { f.FederatedTokenFile = some }, nil},
		{"system-assigned identity", func(f *config.Flags) { f.ManagedIdentity = "system" }, nil},
		{"user-assigned identity", func(f *config.Flags) { f.ManagedIdentity = otherID }, nil},
		{"the app's own ID", func(f *config.Flags) { f.ManagedIdentity = someID }, []string{"CONNECTOR_MANAGED_IDENTITY"}},
		{"no identity", func(f *config.Flags) { f.ManagedIdentity = "me" }, []string{"CONNECTOR_MANAGED_IDENTITY"}},
		{"App+User alone", func(f *config.Flags) { f.RefreshTokenFile = some }, nil},
		{"App+User beside a certificate", func(f *config.Flags) { f.RefreshTokenFile, f.ClientCertificateFile = some, some }, nil},
		{"secret and certificate", func(f *config.Flags) { f.ClientSecretFile, f.ClientCertificateFile = some, some }, []string{"CONNECTOR_CLIENT_CERTIFICATE_FILE"}},
		{"all", func(f *config.Flags) {
			f.ClientSecretFile, f.ClientCertificateFile, f.FederatedTokenFile, f.ManagedIdentity = some, some, some, "system"
		}, []string{"CONNECTOR_CLIENT_CERTIFICATE_FILE", "CONNECTOR_FEDERATED_TOKEN_FILE", "CONNECTOR_MANAGED_IDENTITY"}},
		{"no certificate file", func(f *config.Flags) { f.ClientCertificateFile = "/absent" }, []string{"CONNECTOR_CLIENT_CERTIFICATE_FILE"}},
		{"no workload identity file", func(f *config.Flags) { f.FederatedTokenFile = "/absent" }, []string{"CONNECTOR_FEDERATED_TOKEN_FILE"}},
		{"no consent yet", func(f *config.Flags) { f.RefreshTokenFile = "/absent" }, []string{"CONNECTOR_REFRESH_TOKEN_FILE"}},
	} {
		f := good(t)
		c.change(&f)
		_, err := config.Load(f, environment(""))
		if got := settings(err); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v: %v", c.name, got, c.want, err)
		}
	}
}

// TestConsentSettings needs no file of a refresh token, which the consent will make.
func TestConsentSettings(t *testing.T) {
	f := good(t).PartnerFlags
	if _, err := config.LoadPartner(f, environment("hush")); !slices.Equal(settings(err), []string{"CONNECTOR_REFRESH_TOKEN_FILE"}) {
		t.Error(err)
	}
	f.RefreshTokenFile = "/absent"
	if p, err := config.LoadPartner(f, environment("")); err != nil || p.RefreshTokenFile != "/absent" || p.TenantID != someID {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestMistakes breaks one setting at a time and expects its name, and only its, in the error.
func TestMistakes(t *testing.T) {
	for _, c := range []struct {
		setting string
		change  func(*config.Flags)
	}{
		{"CONNECTOR_LISTEN", func(f *config.Flags) { f.Listen = "8080" }},
		{"CONNECTOR_LISTEN", func(f *config.Flags) { f.Listen = "127.0.0.1:http" }},
		{"CONNECTOR_LISTEN", func(f *config.Flags) { f.Listen = "127.0.0.1:65536" }},
		{"CONNECTOR_PUBLIC_URL", func(f *config.Flags) { f.PublicURL = "connector.contoso.com" }},
		{"CONNECTOR_PUBLIC_URL", func(f *config.Flags) { f.PublicURL = "http://connector.contoso.com" }},
		{"CONNECTOR_PUBLIC_URL", func(f *config.Flags) { f.PublicURL = "https://contoso.com/path" }},
		{"CONNECTOR_PUBLIC_URL", func(f *config.Flags) { f.PublicURL = "https://user@contoso.com" }},
		{"CONNECTOR_PUBLIC_URL", func(f *config.Flags) { f.PublicURL = "https://:443" }},
		{"CONNECTOR_PUBLIC_URL", func(f *config.Flags) { f.PublicURL = "https://contoso.com?" }},
		{"CONNECTOR_UPSTREAM_URL", func(f *config.Flags) { f.UpstreamURL = "https://:443" }},
		{"CONNECTOR_SANDBOX", func(f *config.Flags) { f.Sandbox = "maybe" }},
		{"CONNECTOR_SANDBOX_PUBLIC", func(f *config.Flags) { f.SandboxPublic = "maybe" }},
		{"CONNECTOR_CLOUD", func(f *config.Flags) { f.Cloud = "mars" }},
		{"CONNECTOR_UPSTREAM_URL", func(f *config.Flags) { f.UpstreamURL = "http://api.contoso.com" }},
		{"CONNECTOR_UPSTREAM_URL", func(f *config.Flags) { f.UpstreamURL = "http://127.0.0.1.evil.example" }},
		{"CONNECTOR_UPSTREAM_URL", func(f *config.Flags) { f.UpstreamURL = "https://api.contoso.com/v1" }},
		{"CONNECTOR_UPSTREAM_URL", func(f *config.Flags) { f.UpstreamURL = "https://user:x@api.contoso.com" }},
		{"CONNECTOR_AUTHORITY_URL", func(f *config.Flags) { f.AuthorityURL = "http://127.0.0.1:9" }},
		{"CONNECTOR_SIGN_IN", func(f *config.Flags) { f.SignIn = "password" }},
		{"CONNECTOR_SIGN_IN", func(f *config.Flags) { f.SignIn = "" }},
		{"CONNECTOR_SIGN_IN", func(f *config.Flags) { f.SignIn = "api-key,api-key" }},
		{"CONNECTOR_SIGN_IN", func(f *config.Flags) { f.SignIn = "api-key," }},
		{"CONNECTOR_SIGN_IN", func(f *config.Flags) { f.SignIn, f.Audience = "entra,caller", someID }},
		{"CONNECTOR_AUDIENCE", func(f *config.Flags) { f.SignIn = "entra" }},
		{"CONNECTOR_AUDIENCE", func(f *config.Flags) { f.SignIn, f.Audience = "entra", someID+"," }},
		{"CONNECTOR_AUDIENCE", func(f *config.Flags) {
			f.SignIn, f.Audience = "entra", "https://api.partnercenter.microsoft.com/"
		}},
		{"CONNECTOR_SCOPE", func(f *config.Flags) { f.SignIn, f.Audience, f.Scope = "entra", someID, "two words" }},
		{"CONNECTOR_SCOPE", func(f *config.Flags) {
			f.SignIn, f.Audience, f.Scope = "entra", someID, "api://"+someID+"/access_as_user"
		}},
		{"CONNECTOR_AUDIENCE", func(f *config.Flags) { f.SignIn, f.Audience = "entra", someID[1:] }},
		{"CONNECTOR_AUDIENCE", func(f *config.Flags) { f.SignIn, f.Audience = "entra", "FA3D9A0C-3fb0-42cc-9193-47c7ecd2edbd" }},
		{"CONNECTOR_API_KEYS_FILE", func(f *config.Flags) { f.APIKeysFile = t.TempDir() }},
		{"CONNECTOR_ALLOWED_TENANTS", func(f *config.Flags) { f.AllowedTenants = "contoso.onmicrosoft.com" }},
		{"CONNECTOR_ALLOWED_CLIENTS", func(f *config.Flags) { f.AllowedClients = someID + ";" + someID }},
		{"CONNECTOR_LINK_SECRET_FILE", func(f *config.Flags) { f.LinkSecretFile = newFile(t, "short") }},
		{"CONNECTOR_API_KEYS_FILE", func(f *config.Flags) { f.APIKeysFile = "" }},
		{"CONNECTOR_API_KEYS_FILE", func(f *config.Flags) { f.APIKeysFile += ".absent" }},
		{"CONNECTOR_TENANT_ID", func(f *config.Flags) { f.TenantID = "contoso.onmicrosoft.com" }},
		{"CONNECTOR_CLIENT_ID", func(f *config.Flags) { f.ClientID = "" }},
		{"CONNECTOR_CLIENT_SECRET_FILE", func(f *config.Flags) { f.ClientSecretFile = "/absent" }},
		{"CONNECTOR_LIMIT_CALLS", func(f *config.Flags) { f.LimitCalls = "0" }},
		{"CONNECTOR_LIMIT_CALLS", func(f *config.Flags) { f.LimitCalls = "10001" }},
		{"CONNECTOR_LIMIT_WINDOW", func(f *config.Flags) { f.LimitWindow = "60" }},
		{"CONNECTOR_LIMIT_WINDOW", func(f *config.Flags) { f.LimitWindow = "6m" }},
		{"CONNECTOR_UPSTREAM_TIMEOUT", func(f *config.Flags) { f.UpstreamTimeout = "101s" }},
		{"CONNECTOR_REDIS_URL", func(f *config.Flags) { f.RedisURL = "http://127.0.0.1:6379" }},
		{"CONNECTOR_REDIS_URL", func(f *config.Flags) { f.RedisURL = "127.0.0.1:6379" }},
		{"CONNECTOR_REDIS_URL", func(f *config.Flags) {
			f.RedisURL, f.RedisURLFile = "redis://127.0.0.1", newFile(t, "redis://127.0.0.1")
		}},
		{"CONNECTOR_REDIS_URL_FILE", func(f *config.Flags) { f.RedisURLFile = newFile(t, "127.0.0.1") }},
		{"CONNECTOR_LIMIT_STORE_DOWN", func(f *config.Flags) { f.LimitStoreDown = "open" }},
		{"CONNECTOR_MAX_BODY", func(f *config.Flags) { f.MaxBody = "16MB" }},
		{"CONNECTOR_MAX_BODY", func(f *config.Flags) { f.MaxBody = "1" }},
		{"CONNECTOR_MAX_BODY", func(f *config.Flags) { f.MaxBody = "-1MiB" }},
		{"CONNECTOR_DRAIN", func(f *config.Flags) { f.Drain = "-1s" }},
		{"CONNECTOR_ADMIN_LISTEN", func(f *config.Flags) { f.AdminListen = "9464" }},
		{"CONNECTOR_ADMIN_LISTEN", func(f *config.Flags) { f.AdminListen = f.Listen }},
		{"CONNECTOR_LOG_LEVEL", func(f *config.Flags) { f.LogLevel = "loud" }},
		{"CONNECTOR_LOG_FORMAT", func(f *config.Flags) { f.LogFormat = "xml" }},
	} {
		f := good(t)
		c.change(&f)
		getenv := environment("hush")
		if f.ClientSecretFile != "" {
			getenv = environment("")
		}
		_, err := config.Load(f, getenv)
		if got := settings(err); !slices.Equal(got, []string{c.setting}) {
			t.Errorf("%s: got %v: %v", c.setting, got, err)
		}
	}
}

// settings are the names that an error of Load names.
func settings(err error) (names []string) {
	if err == nil {
		return nil
	}
	for line := range strings.Lines(err.Error()) {
		name, _, _ := strings.Cut(line, ":")
		names = append(names, name)
	}
	return names
}

func TestAllMistakesAtOnce(t *testing.T) {
	_, err := config.Load(config.Flags{}, environment(""))
	if got := settings(err); len(got) < 12 || !errors.As(err, new(config.Mistake)) {
		t.Errorf("%d mistakes: %v", len(got), err)
	}
}

// TestTraces has a collector of traces named, badly and not at all.
func TestTraces(t *testing.T) {
	for _, c := range []struct {
		endpoint, tracesEndpoint string
		want                     bool
		mistakes                 []string
	}{
		{"", "", false, nil},
		{"http://127.0.0.1:4318", "", true, nil},
		{"", "https://collector.contoso.com/v1/traces", true, nil},
		{"127.0.0.1:4318", "collector", true, []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"}},
		{"grpc://collector:4317", "http://x", true, []string{"OTEL_EXPORTER_OTLP_ENDPOINT"}},
		{"https://user:hush@collector", "", true, []string{"OTEL_EXPORTER_OTLP_ENDPOINT"}},
	} {
		got, err := config.Load(good(t), func(name string) string {
			return map[string]string{"CONNECTOR_CLIENT_SECRET": "hush", "OTEL_EXPORTER_OTLP_ENDPOINT": c.endpoint, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": c.tracesEndpoint}[name]
		})
		if got.Traces != c.want || !slices.Equal(settings(err), c.mistakes) || err != nil && strings.Contains(err.Error(), "hush") {
			t.Errorf("%q, %q: %t, %v", c.endpoint, c.tracesEndpoint, got.Traces, err)
		}
	}
}

func TestSandboxStandsAlone(t *testing.T) {
	sandbox := func(change func(*config.Flags)) []string {
		f := good(t)
		f.Sandbox, f.TenantID, f.ClientID = "true", "", ""
		change(&f)
		_, err := config.Load(f, environment(""))
		return settings(err)
	}
	for _, c := range []struct {
		change func(*config.Flags)
		want   []string
	}{
		{func(*config.Flags) {}, nil},
		{func(f *config.Flags) { f.APIKeysFile = "" }, nil},
		{func(f *config.Flags) { f.TenantID = someID }, []string{"CONNECTOR_TENANT_ID"}},
		{func(f *config.Flags) { f.ClientSecretFile = "x" }, []string{"CONNECTOR_CLIENT_SECRET_FILE"}},
		{func(f *config.Flags) { f.RefreshTokenFile = "x" }, []string{"CONNECTOR_REFRESH_TOKEN_FILE"}},
		{func(f *config.Flags) { f.SignIn = "caller" }, []string{"CONNECTOR_SIGN_IN"}},
		{func(f *config.Flags) { f.UpstreamURL = "https://x" }, []string{"CONNECTOR_UPSTREAM_URL"}},
		{func(f *config.Flags) { f.Listen = ":8080" }, []string{"CONNECTOR_LISTEN"}},
		{func(f *config.Flags) { f.Listen = "0.0.0.0:8080" }, []string{"CONNECTOR_LISTEN"}},
		{func(f *config.Flags) { f.Listen = "localhost:8080" }, nil},
		{func(f *config.Flags) { f.Listen = "[::1]:8080" }, nil},
		{func(f *config.Flags) { f.Listen, f.SandboxPublic = "0.0.0.0:8080", "true" }, nil},
	} {
		if got := sandbox(c.change); !slices.Equal(got, c.want) {
			t.Errorf("got %v, want %v", got, c.want)
		}
	}
	f := good(t)
	f.Sandbox, f.TenantID, f.ClientID = "true", "", ""
	if _, err := config.Load(f, environment("hush")); !slices.Equal(settings(err), []string{"CONNECTOR_CLIENT_SECRET"}) {
		t.Error(err)
	}
}

func TestSecretFromFile(t *testing.T) {
	f := good(t)
	f.ClientSecretFile = filepath.Join(t.TempDir(), "secret")
	write(t, f.ClientSecretFile, "hush \n")
	got, err := config.Load(f, environment(""))
	if err != nil || string(got.ClientSecret) != "hush " {
		t.Errorf("%q, %v", string(got.ClientSecret), err)
	}
	if _, err := config.Load(f, environment("hush")); !slices.Equal(settings(err), []string{"CONNECTOR_CLIENT_SECRET"}) {
		t.Errorf("both: %v", err)
	}
}

func TestSecretFileHoldsOneLine(t *testing.T) {
	for _, content := range []string{"", "\n", "hush\nhush\n", "\ufeffhush"} {
		f := good(t)
		f.ClientSecretFile = filepath.Join(t.TempDir(), "secret")
		write(t, f.ClientSecretFile, content)
		if _, err := config.Load(f, environment("")); !slices.Equal(settings(err), []string{"CONNECTOR_CLIENT_SECRET_FILE"}) {
			t.Errorf("%q: %v", content, err)
		}
	}
}

func TestSecretCannotBePrinted(t *testing.T) {
	f := good(t)
	c, err := config.Load(f, environment("hush"))
	if err != nil {
		t.Fatal(err)
	}
	marshalled, _ := json.Marshal(c)
	var logged strings.Builder
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "config", c, "secret", c.ClientSecret)
	for _, text := range []string{fmt.Sprint(c), fmt.Sprintf("%+v %#v %s %q %x", c, c, c.ClientSecret, c.ClientSecret, c.ClientSecret), string(marshalled), logged.String()} {
		if strings.Contains(text, "hush") || strings.Contains(text, "68757368") {
			t.Error(text)
		}
	}
}

func TestSettings(t *testing.T) {
	var names []string
	for _, s := range config.Settings() {
		names = append(names, s.Variable)
		if s.Help == "" || s.Flag == "" && !slices.Contains([]string{"CONNECTOR_CLIENT_SECRET", "CONNECTOR_CLIENT_CERTIFICATE_PASSWORD", "CONNECTOR_LINK_SECRET"}, s.Variable) {
			t.Errorf("%+v", s)
		}
	}
	for _, name := range []string{"CONNECTOR_PUBLIC_URL", "CONNECTOR_API_KEYS_FILE", "CONNECTOR_CLIENT_SECRET", "CONNECTOR_CLIENT_SECRET_FILE"} {
		if !slices.Contains(names, name) {
			t.Errorf("%s is not in %v", name, names)
		}
	}
}
