package diagnose

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/fakeentra"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/ratelimit/redislimit"
)

func TestSettings(t *testing.T) {
	t.Run("are complete without a mistake", func(t *testing.T) {
		var all findings
		Run(t.Context(), Config{}, func(f Finding) { all = append(all, f) })
		all.expect(t, "settings", OK, "complete")
		all.expect(t, "spec", OK)
	})
	t.Run("have a failure for each mistake", func(t *testing.T) {
		all := try(t, Config{Mistakes: []error{errors.New("CONNECTOR_A: wrong"), errors.New("CONNECTOR_B: wrong")}})
		all.expect(t, "settings", Fail, "CONNECTOR_A: wrong")
		all.expect(t, "settings", Fail, "CONNECTOR_B: wrong")
	})
}

func TestAPIKeys(t *testing.T) {
	for name, c := range map[string]struct {
		keys   APIKeys
		result Result
		says   string
	}{
		"none, and no other way to sign in, is a failure": {APIKeys{Only: true}, Fail, "Run connector keys add NAME."},
		"none beside another way is a warning":            {APIKeys{}, Warn, "CONNECTOR_SIGN_IN"},
		"are counted and named": {
			APIKeys{3, []string{"apps", "flows"}, true}, OK, "3 in all, for apps, flows",
		},
	} {
		t.Run(name, func(t *testing.T) {
			try(t, Config{APIKeys: &c.keys}).expect(t, "API keys", c.result, c.says)
		})
	}
	t.Run("not in use are left out", func(t *testing.T) { try(t, Config{}).expectNone(t, "API keys") })
}

func TestLimit(t *testing.T) {
	good := func(context.Context) (time.Duration, error) { return 0, nil }
	bad := func(context.Context) (time.Duration, error) { return 0, errors.New("Redis is away") }
	fenced := func(context.Context) (time.Duration, error) { return 17 * time.Second, nil }
	t.Run("in Redis is tried", func(t *testing.T) { try(t, Config{Limit: good}).expect(t, "limit", OK, "Redis") })
	t.Run("in a fence only warns", func(t *testing.T) {
		try(t, Config{Limit: fenced}).expect(t, "limit", Warn, "another 17s")
	})
	t.Run("names the variable of the URL", func(t *testing.T) {
		try(t, Config{Limit: bad}).expect(t, "limit", Fail, "Redis is away. Check CONNECTOR_REDIS_URL,")
	})
	t.Run("names the file of the URL", func(t *testing.T) {
		c := Config{Limit: bad, Variables: Variables{RedisURL: "CONNECTOR_REDIS_URL_FILE"}}
		try(t, c).expect(t, "limit", Fail, "Check the file that CONNECTOR_REDIS_URL_FILE names,")
	})
	t.Run("in an unfit Redis is a mistake", func(t *testing.T) {
		unfit := func(context.Context) (time.Duration, error) {
			return 0, &redislimit.UnfitError{Defect: redislimit.NoPassword}
		}
		all := try(t, Config{Limit: unfit})
		all.expect(t, "limit", Fail, "(NOAUTH). Put the password into CONNECTOR_REDIS_URL,")
		if i := slices.IndexFunc(all, func(f Finding) bool { return f.Subject == "limit" }); !all[i].Mistake {
			t.Error("it is none")
		}
	})
	t.Run("in a Redis that is far away says so", func(t *testing.T) {
		slow := func(context.Context) (time.Duration, error) { return 0, fmt.Errorf("%w: 45ms", redislimit.ErrSlow) }
		try(t, Config{Limit: slow}).expect(t, "limit", Fail, "in the same region")
	})
	t.Run("of this process is left out", func(t *testing.T) { try(t, Config{}).expectNone(t, "limit") })
}

// TestLimitRemedies checks that each defect has a remedy.
func TestLimitRemedies(t *testing.T) {
	source, err := os.ReadFile("../ratelimit/redislimit/unfit.go")
	if err != nil {
		t.Fatal(err)
	}
	defects := regexp.MustCompile(`(?m)^\t\w+ +Defect = (".*")$`).FindAllStringSubmatch(string(source), -1)
	if len(defects) != len(limitRemedies) {
		t.Errorf("%d defects, %d remedies", len(defects), len(limitRemedies))
	}
	for _, d := range defects {
		text, err := strconv.Unquote(d[1])
		if (err != nil) || (limitRemedies[redislimit.Defect(text)] == "") {
			t.Errorf("no remedy for %s", d[1])
		}
	}
}

func TestCertificate(t *testing.T) {
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		left   time.Duration
		result Result
		says   string
	}{
		"with 31 days left is good":      {31 * day, OK, "valid until "},
		"with 29 days left is a warning": {29*day + time.Hour, Warn, "for 29 more days"},
		"with hours left is a warning":   {2 * time.Hour, Warn, "for 0 more days"},
	} {
		t.Run(name, func(t *testing.T) {
			ends := time.Now().Add(c.left)
			all := try(t, Config{Certificate: &x509.Certificate{NotAfter: ends}})
			all.expect(t, "certificate", c.result, ends.UTC().Format(time.DateOnly), c.says)
			if c.result == Warn {
				all.expect(t, "certificate", Warn, "CONNECTOR_CLIENT_CERTIFICATE_FILE")
			}
		})
	}
}

func TestEntraID(t *testing.T) {
	t.Run("knows the tenant", func(t *testing.T) {
		_, e := newEntra(t)
		all := try(t, Config{EntraID: e})
		all.expect(t, "Entra ID", OK, "knows the tenant")
		all.expectNone(t, "clock")
	})
	for name, c := range map[string]struct {
		change func(*EntraID)
		answer string // metadata; empty: good
		says   string
	}{
		"refuses another tenant": {
			func(e *EntraID) { e.TenantID = "fabrikam" }, "", "AADSTS90002. Check CONNECTOR_TENANT_ID",
		},
		"is in another cloud": {
			nil, `{"issuer":"i","cloud_instance_name":"microsoftonline.us"}`,
			"microsoftonline.us, not in microsoftonline.com",
		},
		"describes no tenant": {nil, `{}`, "it describes no tenant"},
		"is somebody else":    {nil, `<html>`, "it describes no tenant"},
		"is away": {
			func(e *EntraID) { e.Authority = "https://127.0.0.1:1" }, "", "The service uses no proxy.",
		},
		"has a certificate of another CA": {
			func(e *EntraID) { e.HTTP = &http.Client{Transport: new(http.Transport)} }, "", "certificate",
		},
	} {
		t.Run(name+", so no token is tried", func(t *testing.T) {
			server, e := newEntra(t)
			if c.change != nil {
				c.change(e)
			}
			if c.answer != "" {
				server.Answer(
					fakeentra.MetadataPath,
					func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, c.answer) },
				)
			}
			all := try(t, Config{EntraID: e, Connections: []Connection{{Name: "app-only"}}})
			all.expect(t, "Entra ID", Fail, c.says)
			all.expect(t, "tokens", Skip)
			all.expectNone(t, "app-only")
		})
	}
	t.Run("may keep its cloud to itself", func(t *testing.T) {
		for _, answer := range []string{`{"issuer":"i","cloud_instance_name":"A <b>"}`, `{"issuer":"i"}`} {
			server, e := newEntra(t)
			server.Answer(fakeentra.MetadataPath,
				func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, answer) })
			try(t, Config{EntraID: e}).expect(t, "Entra ID", OK)
		}
	})
}

func TestClock(t *testing.T) {
	for name, c := range map[string]struct {
		ahead  time.Duration
		change func(*EntraID)
		result Result
		says   string
	}{
		"that is ahead is a warning beside a secret":  {10 * time.Minute, func(*EntraID) {}, Warn, "10m0s"},
		"that is behind is a warning beside a secret": {-2 * time.Hour, func(*EntraID) {}, Warn, "2h0m0s"},
		"that dates assertions may be off by four minutes": {
			4 * time.Minute, func(e *EntraID) { e.CertificateFile = "f" }, Warn, "4m0s",
		},
		"that dates assertions must not be off by more than five": {
			6 * time.Minute, func(e *EntraID) { e.CertificateFile = "f" }, Fail, "NTP",
		},
		"that judges callers' tokens must not be off by two": {
			2 * time.Minute, func(e *EntraID) { e.ChecksTokens = true }, Fail, "NTP",
		},
	} {
		t.Run(name, func(t *testing.T) {
			server, e := newEntra(t)
			c.change(e)
			server.Answer(fakeentra.MetadataPath, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Date", time.Now().Add(c.ahead).UTC().Format(http.TimeFormat))
				server.ServeMetadata(w, r)
			})
			parts := []string{c.says}
			if c.result == Warn {
				parts = nil // on a busy machine the seconds vary
			}
			try(t, Config{EntraID: e}).expect(t, "clock", c.result, parts...)
		})
	}
}

func TestSigningKeys(t *testing.T) {
	t.Run("are counted", func(t *testing.T) {
		c := Config{SigningKeys: func(context.Context) (int, error) { return 2, nil }}
		try(t, c).expect(t, "callers", OK, "signing keys at hand: 2")
	})
	t.Run("that cannot be fetched are a failure", func(t *testing.T) {
		c := Config{SigningKeys: func(context.Context) (int, error) { return 0, errors.New("answer 500") }}
		try(t, c).expect(t, "callers", Fail, "answer 500. Check CONNECTOR_AUTHORITY_URL")
	})
}

// token returns a JWT with claims.
func token(claims map[string]any) string {
	payload, _ := json.Marshal(claims)
	return "e30." + base64.RawURLEncoding.EncodeToString(payload) + ".c2ln"
}

// connection returns one whose tokens make claims and whose calls fail with err.
func connection(user bool, claims map[string]any, err error) Connection {
	return Connection{
		Name: map[bool]string{false: "app-only", true: "App+User"}[user], User: user,
		Audiences: []string{"https://api.partnercenter.microsoft.com", fakeentra.ServiceID},
		Token:     func(context.Context) (string, error) { return token(claims), nil },
		Call:      func(context.Context) error { return err },
	}
}

func TestConnections(t *testing.T) {
	const audience = "https://api.partnercenter.microsoft.com"
	try1 := func(t *testing.T, c Connection) findings {
		t.Helper()
		return try(t, Config{Connections: []Connection{c}})
	}
	t.Run("are tried up to a call", func(t *testing.T) {
		all := try1(t, connection(true, map[string]any{"aud": audience + "/", "amr": []string{"mfa"}}, nil))
		all.expect(t, "App+User", OK, "Entra ID gave a token")
		all.expect(t, "Partner Center", OK, "App+User: answered a call for one customer")
		if len(all) != 2 {
			t.Errorf("there are more findings: %q", all)
		}
	})
	t.Run("accept the audience's own ID", func(t *testing.T) {
		all := try1(t, connection(false, map[string]any{"aud": fakeentra.ServiceID}, nil))
		if len(all) != 2 {
			t.Errorf("there are more findings: %q", all)
		}
	})
	t.Run("fail with the token of another audience", func(t *testing.T) {
		try1(
			t,
			connection(false, map[string]any{"aud": "https://graph.microsoft.com"}, nil),
		).expect(t, "app-only", Fail, "another audience than "+audience, "CONNECTOR_CLOUD")
	})
	t.Run("fail with a user without multifactor authentication", func(t *testing.T) {
		try1(
			t,
			connection(true, map[string]any{"aud": audience, "amr": []string{"pwd"}}, nil),
		).expect(t, "App+User", Fail, "multifactor", "connector consent")
	})
	t.Run("warn if the token does not state it", func(t *testing.T) {
		try1(t, connection(true, map[string]any{"aud": audience}, nil)).expect(t, "App+User", Warn, "multifactor")
	})
	t.Run("ask no app for multifactor authentication", func(t *testing.T) {
		if all := try1(t,
			connection(false, map[string]any{"aud": audience, "amr": []string{"pwd"}}, nil)); len(all) != 2 {
			t.Errorf("there are more findings: %q", all)
		}
	})
	t.Run("explain a refused token", func(t *testing.T) {
		c := connection(false, nil, nil)
		c.Token = func(context.Context) (string, error) { return "", refusal(400, "invalid_client", 7000215) }
		all := try1(t, c)
		all.expect(t, "app-only", Fail, "AADSTS7000215", "CONNECTOR_CLIENT_SECRET")
		all.expectNone(t, "Partner Center")
	})
	t.Run("explain a refused call", func(t *testing.T) {
		err := &fault.Error{Code: fault.PartnerCenterForbidden, Cause: errors.New("answer 403")}
		try1(
			t,
			connection(false, map[string]any{"aud": audience}, err),
		).expect(t, "Partner Center", Fail, "app-only: ", "App management")
	})
	t.Run("without a usable file are skipped", func(t *testing.T) {
		all := try1(t, Connection{Name: "App+User"})
		all.expect(t, "App+User", Skip)
		all.expectNone(t, "Partner Center")
	})
	t.Run("warn of a refresh token that cannot be replaced", func(t *testing.T) {
		c := connection(true, map[string]any{"aud": audience, "amr": []string{"mfa"}}, nil)
		c.Writable = func() error { return errors.New("read-only file system") }
		try1(t, c).expect(t, "App+User", Warn, "read-only file system")
	})
	t.Run("may be none, where every caller brings a token", func(t *testing.T) {
		try(t, Config{}).expect(t, "Partner Center", Skip, "every caller brings a token")
	})
}

// TestOrder covers that causes are reported before their effects.
func TestOrder(t *testing.T) {
	_, e := newEntra(t)
	c := Config{
		APIKeys:     &APIKeys{Count: 1, Names: []string{"flows"}},
		Limit:       func(context.Context) (time.Duration, error) { return 0, nil },
		Certificate: &x509.Certificate{NotAfter: time.Now().Add(1000 * time.Hour)},
		EntraID:     e,
		SigningKeys: func(context.Context) (int, error) { return 1, nil },
		Connections: []Connection{connection(false, map[string]any{"aud": fakeentra.ServiceID}, nil)},
		PublicURL:   "http://127.0.0.1:1",
		HTTP:        http.DefaultClient,
	}
	var subjects []string
	Run(t.Context(), c, func(f Finding) { subjects = append(subjects, f.Subject) })
	want := []string{
		"settings",
		"spec",
		"API keys",
		"limit",
		"certificate",
		"Entra ID",
		"callers",
		"app-only",
		"Partner Center",
		"public URL",
	}
	if !slices.Equal(subjects, want) {
		t.Errorf("the order is %q, want %q", subjects, want)
	}
}

func TestFinding(t *testing.T) {
	for _, c := range []struct {
		finding Finding
		want    string
	}{
		{Finding{Result: OK, Subject: "settings", Text: "complete", Remedy: ""}, "complete"},
		{Finding{Result: Fail, Subject: "clock", Text: "it is off", Remedy: "Set it."}, "it is off. Set it."},
		{Finding{Result: Fail, Subject: "clock", Text: "It is off.", Remedy: "Set it."}, "It is off. Set it."},
	} {
		t.Run(c.want, func(t *testing.T) {
			if got := fmt.Sprint(c.finding); got != c.want {
				t.Errorf("String = %q", got)
			}
		})
	}
}
