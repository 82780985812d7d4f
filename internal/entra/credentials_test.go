package entra

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/fault"
)

// startIdentity gives this machine a managed identity, as App Service does.
func startIdentity(t *testing.T, answer http.HandlerFunc) {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	t.Setenv("IDENTITY_ENDPOINT", s.URL+"/msi/token")
	t.Setenv("IDENTITY_HEADER", "the-header")
	for _, other := range []string{"IDENTITY_SERVER_THUMBPRINT", "MSI_ENDPOINT", "MSI_SECRET", "IMDS_ENDPOINT"} {
		t.Setenv(other, "")
	}
}

// identityTokens issues numbered tokens of the managed identity with a client ID, or of the
// system's if that is empty.
func identityTokens(t *testing.T, clientID string) http.HandlerFunc {
	issued := 0
	return func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if r.Header.Get("X-Identity-Header") != "the-header" || q.Get("resource") != exchangeAudience ||
			q.Get("client_id") != clientID {
			t.Errorf("the identity endpoint was asked for %v with %v", q, r.Header)
		}
		issued++
		json.NewEncoder(w).Encode(map[string]any{
			"access_token": fmt.Sprint("identity-", issued), "token_type": "Bearer", "resource": exchangeAudience,
			"expires_on": fmt.Sprint(time.Now().Add(24 * time.Hour).Unix()),
		})
	}
}

// eachKind runs a test with the two kinds of tokens. New makes tokens of the kind, which are closed
// after the test; for a user the refresh token file holds refresh-0.
func eachKind(t *testing.T, test func(t *testing.T, kind string, newTokens func(Config) *Tokens)) {
	t.Helper()
	for kind, newTokens := range map[string]func(*testing.T, Config) *Tokens{
		"app": func(_ *testing.T, c Config) *Tokens { return NewApp(c) },
		"user": func(t *testing.T, c Config) *Tokens {
			if c.RefreshTokenFile == "" {
				c.RefreshTokenFile = write(t, "refresh", "refresh-0")
			}
			return NewUser(c)
		},
	} {
		t.Run(kind, func(t *testing.T) {
			test(t, kind, func(c Config) *Tokens {
				s := newTokens(t, c)
				t.Cleanup(s.Close) // a fetch that outlives the test would write to a directory that is gone
				return s
			})
		})
	}
}

// checkForm checks what a token request has besides the app's credential.
func checkForm(t *testing.T, kind string, form url.Values) {
	t.Helper()
	want := url.Values{"client_id": {app}, "grant_type": {"client_credentials"}, "scope": {resource + "/.default"}}
	if kind == "user" {
		want.Set("grant_type", "refresh_token")
		want.Set("scope", resource+"/user_impersonation offline_access")
	}
	for name := range want {
		if form.Get(name) != want.Get(name) {
			t.Errorf("%s is %q, want %q", name, form[name], want.Get(name))
		}
	}
	if form.Has("code") {
		t.Error("the request has a code")
	}
	for name, values := range form {
		if len(values) != 1 {
			t.Errorf("%s stands %d times", name, len(values))
		}
	}
}

func TestClientSecret(t *testing.T) {
	eachKind(t, func(t *testing.T, kind string, newTokens func(Config) *Tokens) {
		e := newFakeEntra(t)
		s := newTokens(e.withSecret())
		if token := must(t, s, ""); token != "access-1" {
			t.Errorf("the first token is %q", token)
		}
		checkForm(t, kind, e.last())
		if form := e.last(); form.Get("client_secret") != "the-secret" || form.Has("client_assertion") {
			t.Errorf("the credential sent is %v", form)
		}
		if token := must(t, s, "access-1"); token != "access-2" {
			t.Errorf("after a refusal of access-1 came %q", token)
		}
	})
}

// TestClientSecretFile covers that the file is read for each token, and that the last good secret
// stays in force.
func TestClientSecretFile(t *testing.T) {
	eachKind(t, func(t *testing.T, _ string, newTokens func(Config) *Tokens) {
		e := newFakeEntra(t)
		c := e.config()
		c.ClientSecretFile = write(t, "secret", "one\r\n")
		s := newTokens(c)
		token := must(t, s, "")
		for _, step := range []struct {
			name   string
			change func()
			want   string
		}{
			{"unchanged", func() {}, "one"},
			{"replaced", func() { rewrite(t, c.ClientSecretFile, "two\n") }, "two"},
			{"emptied", func() { rewrite(t, c.ClientSecretFile, "\n") }, "two"},
			{"two lines", func() { rewrite(t, c.ClientSecretFile, "a\nb") }, "two"},
			{"a blank inside", func() { rewrite(t, c.ClientSecretFile, "a b") }, "two"},
			{"removed", func() { os.Remove(c.ClientSecretFile) }, "two"},
			{"replaced again", func() { rewrite(t, c.ClientSecretFile, "three") }, "three"},
		} {
			step.change()
			token = must(t, s, token)
			if got := e.last().Get("client_secret"); got != step.want {
				t.Errorf("%s: sent %q, want %q", step.name, got, step.want)
			}
		}
		if log := e.log.String(); strings.Count(log, "cannot be used") != 1 || strings.Count(log, "used again") != 1 {
			t.Errorf("the log has not one line for the failure and one for its end: %s", log)
		}
	})
}

func TestClientSecretFileAtStart(t *testing.T) {
	e := newFakeEntra(t)
	c := e.withSecret()
	c.ClientSecretFile = t.TempDir() + "/secret"
	t.Run("an absent file leaves the secret of the settings in force", func(t *testing.T) {
		must(t, NewApp(c), "")
		if got := e.last().Get("client_secret"); got != "the-secret" {
			t.Errorf("sent %q", got)
		}
	})
	t.Run("an absent file without another secret is a fault of the credential", func(t *testing.T) {
		c.ClientSecret = ""
		f := mustFail(t, NewApp(c), fault.PartnerCenterUnauthorized)
		if text := f.Error(); !strings.Contains(text, "CONNECTOR_CLIENT_SECRET_FILE") ||
			!strings.Contains(text, "no such file") {
			t.Errorf("the error is %s", text)
		}
	})
}

func TestClientCertificate(t *testing.T) {
	pfx := read(t, "testdata/contoso.pfx")
	eachKind(t, func(t *testing.T, kind string, newTokens func(Config) *Tokens) {
		e := newFakeEntra(t)
		c := e.config()
		c.CertificateFile = write(t, "certificate", firstPair().pem)
		c.CertificatePassword = "contoso" // which PEM does not need
		s := newTokens(c)
		token := must(t, s, "")
		checkForm(t, kind, e.last())
		first := e.checkAssertion(e.last(), firstPair().certificate)
		token = must(t, s, token)
		if second := e.checkAssertion(e.last(), firstPair().certificate); first == second {
			t.Error("two assertions have the same jti")
		}
		chain := pemBlock("CERTIFICATE", firstPair().certificate.Raw) + secondPair().pem
		for _, content := range []string{chain, "half of it"} { // with the second, the last good one stays in force
			rewrite(t, c.CertificateFile, content)
			token = must(t, s, token)
			e.checkAssertion(e.last(), secondPair().certificate)
		}
		rewrite(t, c.CertificateFile, pfx)
		must(t, s, token)
		leaf, err := c.Certificate()
		if err != nil || leaf.Subject.CommonName != "contoso" {
			t.Fatalf("the PFX holds %v, %v", leaf, err)
		}
		e.checkAssertion(e.last(), leaf)
	})
}

func TestFederatedToken(t *testing.T) {
	eachKind(t, func(t *testing.T, kind string, newTokens func(Config) *Tokens) {
		e := newFakeEntra(t)
		c := e.config()
		c.FederatedTokenFile = write(t, "token", "kubernetes-1\n")
		s := newTokens(c)
		token := must(t, s, "")
		checkForm(t, kind, e.last())
		for _, step := range []struct{ content, want string }{
			{"kubernetes-1\n", "kubernetes-1"},
			{"kubernetes-2", "kubernetes-2"},
			{"", "kubernetes-2"}, // the last good one stays in force
		} {
			rewrite(t, c.FederatedTokenFile, step.content)
			token = must(t, s, token)
			form := e.last()
			if form.Get("client_assertion") != step.want || form.Has("client_secret") ||
				form.Get("client_assertion_type") != assertionType {
				t.Errorf("with %q in the file, sent %v", step.content, form)
			}
		}
	})
}

func TestManagedIdentity(t *testing.T) {
	for name, id := range map[string]string{
		"system-assigned": "system",
		"user-assigned":   "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
	} {
		t.Run(name, func(t *testing.T) {
			eachKind(t, func(t *testing.T, kind string, newTokens func(Config) *Tokens) {
				startIdentity(t, identityTokens(t, strings.TrimPrefix(id, "system")))
				e := newFakeEntra(t)
				c := e.config()
				c.ManagedIdentity = id
				s := newTokens(c)
				token := must(t, s, "")
				checkForm(t, kind, e.last())
				if form := e.last(); form.Get("client_assertion") != "identity-1" || form.Has("client_secret") {
					t.Errorf("the credential sent is %v", form)
				}
				must(t, s, token)
				if got := e.last().Get("client_assertion"); got != "identity-2" {
					t.Errorf("an old token of the identity was sent: %q", got)
				}
			})
		})
	}
}

// TestManagedIdentityFails tells a managed identity that fails from an Entra ID that does.
func TestManagedIdentityFails(t *testing.T) {
	silent := make(chan struct{})
	t.Cleanup(func() { close(silent) })
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		code   fault.Code
		cause  string
	}{
		"a refusal": {func(w http.ResponseWriter, r *http.Request) { answerWith(w, 400, "invalid_request") },
			fault.PartnerCenterUnauthorized, "answer 400 of the managed identity endpoint: invalid_request"},
		"a failure": {func(w http.ResponseWriter, r *http.Request) { http.Error(w, "the-header", 500) },
			fault.IdentityUnavailable, "answer 500 of the managed identity endpoint"},
		"a reset": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			fault.IdentityUnavailable, "no usable answer of the managed identity endpoint: unexpected EOF"},
		"silence": {func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
			case <-silent:
			}
		}, fault.IdentityUnavailable, "no usable answer of the managed identity endpoint: context deadline exceeded"},
		"an answer without a token": {func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, `{"the-header":1}`)
		},
			fault.IdentityUnavailable, "no usable answer of the managed identity endpoint: it holds no token"},
	} {
		t.Run(name, func(t *testing.T) {
			startIdentity(t, c.answer)
			eachKind(t, func(t *testing.T, _ string, newTokens func(Config) *Tokens) {
				e := newFakeEntra(t)
				config := e.config()
				config.ManagedIdentity = "system"
				if name == "silence" {
					config.Timeout = 50 * time.Millisecond
				}
				if f := mustFail(t, newTokens(config), c.code); f.Cause.Error() != c.cause {
					t.Errorf("the error is %v, want %s", f, c.cause)
				}
				if e.count() != 0 {
					t.Errorf("Entra ID was asked %d times", e.count())
				}
			})
		})
	}
	t.Run("a refusal by Entra ID", func(t *testing.T) {
		startIdentity(t, identityTokens(t, ""))
		e := newFakeEntra(t)
		c := e.config()
		c.ManagedIdentity = "system"
		e.refuse(401, "invalid_client", 700213)
		f := mustFail(t, NewApp(c), fault.PartnerCenterUnauthorized)
		if f.Cause.Error() != "answer 401 of Entra ID: invalid_client AADSTS700213" {
			t.Errorf("the error is %v", f)
		}
	})
	t.Run("a machine without an identity", func(t *testing.T) {
		startIdentity(t, nil)
		t.Setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:1/")
		c := newFakeEntra(t).config()
		c.ManagedIdentity = "system"
		text := mustFail(t, NewApp(c), fault.IdentityUnavailable).Cause.Error()
		if !strings.Contains(text, "managed identity") || !strings.Contains(text, "connection refused") {
			t.Errorf("the error is %s", text)
		}
	})
}

func TestPublicClient(t *testing.T) {
	e := newFakeEntra(t)
	c := e.config()
	c.RefreshTokenFile = write(t, "refresh", "refresh-0")
	must(t, NewUser(c), "")
	checkForm(t, "user", e.last())
	for _, name := range []string{"client_secret", "client_assertion", "client_assertion_type"} {
		if e.last().Has(name) {
			t.Errorf("a public client sent a %s", name)
		}
	}
}

func TestNewMakesNoCall(t *testing.T) {
	e := newFakeEntra(t)
	eachKind(t, func(_ *testing.T, _ string, newTokens func(Config) *Tokens) { newTokens(e.withSecret()) })
	if e.count() != 0 {
		t.Errorf("Entra ID was asked %d times", e.count())
	}
}
