package config_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/config"
)

// TestMistakes has one setting wrong at a time. The error must name it and no other. TestRanges has
// the ranges.
func TestMistakes(t *testing.T) {
	for _, c := range []struct {
		setting, name string
		change        func(*config.Flags)
	}{
		{"CONNECTOR_LISTEN", "a port alone", func(f *config.Flags) { f.Listen = "8080" }},
		{"CONNECTOR_LISTEN", "a port by name", func(f *config.Flags) { f.Listen = "127.0.0.1:http" }},
		{"CONNECTOR_LISTEN", "a port out of range", func(f *config.Flags) { f.Listen = "127.0.0.1:65536" }},
		{"CONNECTOR_PUBLIC_URL", "no scheme", func(f *config.Flags) { f.PublicURL = "connector.contoso.com" }},
		{"CONNECTOR_PUBLIC_URL", "http", func(f *config.Flags) { f.PublicURL = "http://connector.contoso.com" }},
		{"CONNECTOR_PUBLIC_URL", "a path", func(f *config.Flags) { f.PublicURL = "https://contoso.com/path" }},
		{"CONNECTOR_PUBLIC_URL", "a user", func(f *config.Flags) { f.PublicURL = "https://user@contoso.com" }},
		{"CONNECTOR_PUBLIC_URL", "no host", func(f *config.Flags) { f.PublicURL = "https://:443" }},
		{"CONNECTOR_PUBLIC_URL", "an empty query", func(f *config.Flags) { f.PublicURL = "https://contoso.com?" }},
		{"CONNECTOR_UPSTREAM_URL", "no host", func(f *config.Flags) { f.UpstreamURL = "https://:443" }},
		{"CONNECTOR_SANDBOX", "another word", func(f *config.Flags) { f.Sandbox = "maybe" }},
		{"CONNECTOR_SANDBOX_PUBLIC", "another word", func(f *config.Flags) { f.SandboxPublic = "maybe" }},
		{"CONNECTOR_CLOUD", "another word", func(f *config.Flags) { f.Cloud = "mars" }},
		{"CONNECTOR_UPSTREAM_URL", "http", func(f *config.Flags) { f.UpstreamURL = "http://api.contoso.com" }},
		{"CONNECTOR_UPSTREAM_URL", "http on a host that looks like loopback", func(f *config.Flags) {
			f.UpstreamURL = "http://127.0.0.1.evil.example"
		}},
		{"CONNECTOR_UPSTREAM_URL", "a path", func(f *config.Flags) { f.UpstreamURL = "https://api.contoso.com/v1" }},
		{"CONNECTOR_UPSTREAM_URL", "a user", func(f *config.Flags) {
			f.UpstreamURL = "https://user:x@api.contoso.com"
		}},
		{"CONNECTOR_AUTHORITY_URL", "http on a loopback address", func(f *config.Flags) {
			f.AuthorityURL = "http://127.0.0.1:9"
		}},
		{"CONNECTOR_SIGN_IN", "another way", func(f *config.Flags) { f.SignIn = "password" }},
		{"CONNECTOR_SIGN_IN", "no way", func(f *config.Flags) { f.SignIn = "" }},
		{"CONNECTOR_SIGN_IN", "a way twice", func(f *config.Flags) { f.SignIn = "api-key,api-key" }},
		{"CONNECTOR_SIGN_IN", "an empty way", func(f *config.Flags) { f.SignIn = "api-key," }},
		{"CONNECTOR_SIGN_IN", "two kinds of token", func(f *config.Flags) {
			f.SignIn, f.Audience = "entra,caller", someID
		}},
		{"CONNECTOR_AUDIENCE", "none", func(f *config.Flags) { f.SignIn = "entra" }},
		{"CONNECTOR_AUDIENCE", "an empty one", func(f *config.Flags) { f.SignIn, f.Audience = "entra", someID+"," }},
		{"CONNECTOR_AUDIENCE", "Partner Center's", func(f *config.Flags) {
			f.SignIn, f.Audience = "entra", "https://api.partnercenter.microsoft.com/"
		}},
		{"CONNECTOR_SCOPE", "two words", func(f *config.Flags) {
			f.SignIn, f.Audience, f.Scope = "entra", someID, "two words"
		}},
		{"CONNECTOR_SCOPE", "the audience before it", func(f *config.Flags) {
			f.SignIn, f.Audience, f.Scope = "entra", someID, "api://"+someID+"/access_as_user"
		}},
		{"CONNECTOR_AUDIENCE", "a malformed ID", func(f *config.Flags) {
			f.SignIn, f.Audience = "entra", someID[1:]
		}},
		{"CONNECTOR_AUDIENCE", "Partner Center's ID", func(f *config.Flags) {
			f.SignIn, f.Audience = "entra", "FA3D9A0C-3fb0-42cc-9193-47c7ecd2edbd"
		}},
		{"CONNECTOR_API_KEYS_FILE", "a folder", func(f *config.Flags) { f.APIKeysFile = t.TempDir() }},
		{"CONNECTOR_ALLOWED_TENANTS", "a domain", func(f *config.Flags) {
			f.AllowedTenants = "contoso.onmicrosoft.com"
		}},
		{"CONNECTOR_ALLOWED_CLIENTS", "another separator", func(f *config.Flags) {
			f.AllowedClients = someID + ";" + someID
		}},
		{"CONNECTOR_LINK_SECRET_FILE", "a short one", func(f *config.Flags) {
			f.LinkSecretFile = newFile(t, "short")
		}},
		{"CONNECTOR_API_KEYS_FILE", "none", func(f *config.Flags) { f.APIKeysFile = "" }},
		{"CONNECTOR_API_KEYS_FILE", "an absent file", func(f *config.Flags) { f.APIKeysFile += ".absent" }},
		{"CONNECTOR_TENANT_ID", "a domain", func(f *config.Flags) { f.TenantID = "contoso.onmicrosoft.com" }},
		{"CONNECTOR_CLIENT_ID", "none", func(f *config.Flags) { f.ClientID = "" }},
		{"CONNECTOR_CLIENT_SECRET_FILE", "an absent file", func(f *config.Flags) { f.ClientSecretFile = "/absent" }},
		{"CONNECTOR_REDIS_URL", "another scheme", func(f *config.Flags) { f.RedisURL = "http://127.0.0.1:6379" }},
		{"CONNECTOR_REDIS_URL", "no scheme", func(f *config.Flags) { f.RedisURL = "127.0.0.1:6379" }},
		{"CONNECTOR_REDIS_URL", "a file besides", func(f *config.Flags) {
			f.RedisURL, f.RedisURLFile = "redis://127.0.0.1", newFile(t, "redis://127.0.0.1")
		}},
		{"CONNECTOR_REDIS_URL_FILE", "no scheme", func(f *config.Flags) {
			f.RedisURLFile = newFile(t, "127.0.0.1")
		}},
		{"CONNECTOR_REDIS_URL", "no TLS for a token", func(f *config.Flags) {
			f.RedisURL, f.RedisSignIn = "redis://127.0.0.1", "entra"
		}},
		{"CONNECTOR_REDIS_URL", "a password besides a token", func(f *config.Flags) {
			f.RedisURL, f.RedisSignIn = "rediss://:hush@127.0.0.1", "entra"
		}},
		{"CONNECTOR_REDIS_CA_FILE", "no URL", func(f *config.Flags) { f.RedisCAFile = newFile(t, authority) }},
		{"CONNECTOR_REDIS_SIGN_IN", "no URL", func(f *config.Flags) { f.RedisSignIn = "entra" }},
		{"CONNECTOR_REDIS_SIGN_IN", "another word", func(f *config.Flags) { f.RedisSignIn = "token" }},
		{"CONNECTOR_REDIS_SIGN_IN", "no app for a token", func(f *config.Flags) {
			f.RedisURL, f.RedisSignIn, f.SignIn = "rediss://127.0.0.1", "entra", "caller"
			f.ClientID, f.APIKeysFile = "", ""
		}},
		{"CONNECTOR_REDIS_CA_FILE", "an absent file", func(f *config.Flags) {
			f.RedisURL, f.RedisCAFile = "rediss://127.0.0.1", "/absent"
		}},
		{"CONNECTOR_REDIS_CA_FILE", "no certificate", func(f *config.Flags) {
			f.RedisURL, f.RedisCAFile = "rediss://127.0.0.1", newFile(t, "x")
		}},
		{"CONNECTOR_REDIS_CA_FILE", "without TLS", func(f *config.Flags) {
			f.RedisURL, f.RedisCAFile = "redis://127.0.0.1", newFile(t, authority)
		}},
		{"CONNECTOR_LIMIT_STORE_DOWN", "another word", func(f *config.Flags) { f.LimitStoreDown = "open" }},
		{"CONNECTOR_MAX_BODY", "an unknown unit", func(f *config.Flags) { f.MaxBody = "16MB" }},
		{"CONNECTOR_MAX_BODY", "a negative size", func(f *config.Flags) { f.MaxBody = "-1MiB" }},
		{"CONNECTOR_ADMIN_LISTEN", "a port alone", func(f *config.Flags) { f.AdminListen = "9464" }},
		{"CONNECTOR_ADMIN_LISTEN", "the service's own", func(f *config.Flags) { f.AdminListen = f.Listen }},
		{"CONNECTOR_LOG_LEVEL", "another word", func(f *config.Flags) { f.LogLevel = "loud" }},
		{"CONNECTOR_LOG_FORMAT", "another word", func(f *config.Flags) { f.LogFormat = "xml" }},
	} {
		t.Run(c.setting+": "+c.name, func(t *testing.T) {
			f := good(t)
			c.change(&f)
			getenv := environment("hush")
			if f.ClientSecretFile != "" {
				getenv = environment("")
			}
			_, err := config.Load(f, getenv)
			if got := mistaken(err); !slices.Equal(got, []string{c.setting}) {
				t.Errorf("got %v: %v", got, err)
			}
		})
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	_, err := config.Load(config.Flags{}, environment(""))
	if got := mistaken(err); len(got) < 12 || !errors.As(err, new(config.Mistake)) {
		t.Errorf("%d mistakes: %v", len(got), err)
	}
}

func TestTraces(t *testing.T) {
	const endpoint, tracesEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	for _, c := range []struct {
		name     string
		values   map[string]string
		want     bool
		mistakes []string
	}{
		{"are off without a collector", nil, false, nil},
		{"go to a collector", map[string]string{endpoint: "http://127.0.0.1:4318"}, true, nil},
		{"go to a collector of traces alone",
			map[string]string{tracesEndpoint: "https://collector.contoso.com/v1/traces"}, true, nil},
		{"need URLs", map[string]string{endpoint: "127.0.0.1:4318", tracesEndpoint: "collector"}, true,
			[]string{endpoint, tracesEndpoint}},
		{"need HTTP", map[string]string{endpoint: "grpc://collector:4317", tracesEndpoint: "http://x"}, true,
			[]string{endpoint}},
		{"take no credential", map[string]string{endpoint: "https://user:hush@collector"}, true, []string{endpoint}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := config.Load(good(t), func(name string) string {
				if value, ok := c.values[name]; ok {
					return value
				}
				return environment("hush")(name)
			})
			if got.Traces != c.want || !slices.Equal(mistaken(err), c.mistakes) {
				t.Errorf("%t, %v", got.Traces, err)
			}
			if err != nil && strings.Contains(err.Error(), "hush") {
				t.Error(err)
			}
		})
	}
}

func TestSandboxStandsAlone(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*config.Flags)
		want   []string
	}{
		{"needs nothing", func(f *config.Flags) { f.APIKeysFile = "" }, nil},
		{"takes API keys", func(*config.Flags) {}, nil},
		{"refuses a tenant", func(f *config.Flags) { f.TenantID = someID }, []string{"CONNECTOR_TENANT_ID"}},
		{"refuses a secret", func(f *config.Flags) { f.ClientSecretFile = "x" },
			[]string{"CONNECTOR_CLIENT_SECRET_FILE"}},
		{"refuses a user", func(f *config.Flags) { f.RefreshTokenFile = "x" },
			[]string{"CONNECTOR_REFRESH_TOKEN_FILE"}},
		{"refuses real accounts", func(f *config.Flags) { f.SignIn = "caller" }, []string{"CONNECTOR_SIGN_IN"}},
		{"refuses another upstream", func(f *config.Flags) { f.UpstreamURL = "https://x" },
			[]string{"CONNECTOR_UPSTREAM_URL"}},
		{"refuses every interface", func(f *config.Flags) { f.Listen = ":8080" }, []string{"CONNECTOR_LISTEN"}},
		{"refuses a public address", func(f *config.Flags) { f.Listen = "0.0.0.0:8080" }, []string{"CONNECTOR_LISTEN"}},
		{"listens on localhost", func(f *config.Flags) { f.Listen = "localhost:8080" }, nil},
		{"listens on the loopback address of IPv6", func(f *config.Flags) { f.Listen = "[::1]:8080" }, nil},
		{"listens on a public address if told to", func(f *config.Flags) {
			f.Listen, f.SandboxPublic = "0.0.0.0:8080", "true"
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := goodSandbox(t)
			c.change(&f)
			_, err := config.Load(f, environment(""))
			if got := mistaken(err); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
	t.Run("refuses a secret in the environment", func(t *testing.T) {
		_, err := config.Load(goodSandbox(t), environment("hush"))
		if !slices.Equal(mistaken(err), []string{"CONNECTOR_CLIENT_SECRET"}) {
			t.Error(err)
		}
	})
}
