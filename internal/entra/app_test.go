package entra

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/fault"
)

// startIdentity makes this machine one with a managed identity, as App Service does.
func startIdentity(t *testing.T, answer http.HandlerFunc) {
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	t.Setenv("IDENTITY_ENDPOINT", s.URL+"/msi/token")
	t.Setenv("IDENTITY_HEADER", "the-header")
	for _, other := range []string{"IDENTITY_SERVER_THUMBPRINT", "MSI_ENDPOINT", "MSI_SECRET", "IMDS_ENDPOINT"} {
		t.Setenv(other, "")
	}
}

// identityTokens gives out numbered tokens of the managed identity with a client ID; empty: the system's.
func identityTokens(t *testing.T, clientID string) http.HandlerFunc {
	issued := 0
	return func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if r.Header.Get("X-Identity-Header") != "the-header" || q.Get("resource") != exchange || q.Get("client_id") != clientID {
			t.Errorf("asked for %v with %v", q, r.Header)
		}
		issued++
		json.NewEncoder(w).Encode(map[string]any{"access_token": fmt.Sprint("identity-", issued), "token_type": "Bearer", "resource": exchange,
			"expires_on": fmt.Sprint(time.Now().Add(24 * time.Hour).Unix())})
	}
}

// kinds are the two kinds of tokens, each with a function that makes it.
func kinds(t *testing.T) map[string]func(Config) *Tokens {
	return map[string]func(Config) *Tokens{
		"app": func(c Config) *Tokens {
			s := NewApp(c)
			t.Cleanup(s.Close)
			return s
		},
		"user": func(c Config) *Tokens {
			c.RefreshTokenFile = write(t, "refresh", "refresh-0")
			s := NewUser(c)
			t.Cleanup(s.Close) // a fetch that outlives the test would write to a directory that is gone
			return s
		},
	}
}

// checkForm checks what a request for a token holds besides the app's proof.
func checkForm(t *testing.T, kind string, form url.Values) {
	t.Helper()
	want := url.Values{"client_id": {app}}
	if kind == "app" {
		want.Set("grant_type", "client_credentials")
	} else {
		want.Set("grant_type", "refresh_token")
	}
	for name := range want {
		if form.Get(name) != want.Get(name) {
			t.Errorf("%s: %q", name, form[name])
		}
	}
	scope := strings.Fields(form.Get("scope"))
	if kind == "app" && (len(scope) == 0 || scope[0] != resource+"/.default") ||
		kind == "user" && form.Get("scope") != resource+"/user_impersonation offline_access" {
		t.Errorf("scope %q", scope)
	}
	if form.Has("code") {
		t.Error("a code")
	}
	for name, values := range form {
		if len(values) != 1 {
			t.Errorf("%s: %q", name, values)
		}
	}
}

func TestSecret(t *testing.T) {
	for kind, start := range kinds(t) {
		e := newFakeEntra(t)
		s := start(e.withSecret())
		if token := must(t, s, ""); token != "access-1" {
			t.Errorf("%s: %q", kind, token)
		}
		checkForm(t, kind, e.last())
		if form := e.last(); form.Get("client_secret") != "the-secret" || form.Has("client_assertion") {
			t.Errorf("%s: %v", kind, form)
		}
		if token := must(t, s, "access-1"); token != "access-2" {
			t.Errorf("%s: a refused token came back: %q", kind, token)
		}
	}
}

// TestSecretFile reads it for every token, and goes on with what it had while there is nothing to read.
func TestSecretFile(t *testing.T) {
	for kind, start := range kinds(t) {
		e := newFakeEntra(t)
		c := e.config()
		c.ClientSecretFile = write(t, "secret", "one\r\n")
		s := start(c)
		token := must(t, s, "")
		for _, step := range []struct {
			change func()
			want   string
		}{
			{func() {}, "one"},
			{func() { rewrite(t, c.ClientSecretFile, "two\n") }, "two"},
			{func() { rewrite(t, c.ClientSecretFile, "\n") }, "two"},
			{func() { rewrite(t, c.ClientSecretFile, "a\nb") }, "two"},
			{func() { os.Remove(c.ClientSecretFile) }, "two"},
			{func() { rewrite(t, c.ClientSecretFile, "three") }, "three"},
		} {
			step.change()
			token = must(t, s, token)
			if got := e.last().Get("client_secret"); got != step.want {
				t.Errorf("%s: sent %q, want %q", kind, got, step.want)
			}
		}
		if lines := strings.Count(e.log.String(), "cannot be used"); lines != 1 || strings.Count(e.log.String(), "used again") != 1 {
			t.Errorf("%s: %s", kind, e.log)
		}
	}
}

// TestSecretFileAtTheStart starts with the secret that was read with the settings.
func TestSecretFileAtTheStart(t *testing.T) {
	e := newFakeEntra(t)
	c := e.withSecret()
	c.ClientSecretFile = t.TempDir() + "/secret"
	must(t, NewApp(c), "")
	if got := e.last().Get("client_secret"); got != "the-secret" {
		t.Errorf("sent %q", got)
	}
	c.ClientSecret = ""
	f := mustFail(t, NewApp(c), fault.PartnerCenterUnauthorized)
	if text := f.Error(); !strings.Contains(text, "CONNECTOR_CLIENT_SECRET_FILE") || !strings.Contains(text, "no such file") {
		t.Error(text)
	}
}

func TestCertificate(t *testing.T) {
	pfx, err := os.ReadFile("testdata/contoso.pfx")
	if err != nil {
		t.Fatal(err)
	}
	for kind, start := range kinds(t) {
		e := newFakeEntra(t)
		c := e.config()
		c.CertificateFile, c.CertificatePassword = write(t, "certificate", firstPair().pem), "contoso" // which PEM does not need
		s := start(c)
		token := must(t, s, "")
		checkForm(t, kind, e.last())
		first := e.checkAssertion(e.last(), firstPair().certificate)
		token = must(t, s, token)
		if second := e.checkAssertion(e.last(), firstPair().certificate); first == second {
			t.Errorf("%s: one jti twice", kind)
		}
		chain := pemBlock("CERTIFICATE", firstPair().certificate.Raw) + secondPair().pem
		rewrite(t, c.CertificateFile, chain)
		token = must(t, s, token)
		e.checkAssertion(e.last(), secondPair().certificate)
		rewrite(t, c.CertificateFile, "half of it")
		token = must(t, s, token)
		e.checkAssertion(e.last(), secondPair().certificate)

		rewrite(t, c.CertificateFile, string(pfx))
		must(t, s, token)
		pair, err := c.readCertificate()
		if err != nil {
			t.Fatal(err)
		}
		e.checkAssertion(e.last(), pair.leaf)
		if pair.leaf.Subject.CommonName != "contoso" {
			t.Error(pair.leaf.Subject)
		}
	}
}

func TestFederatedToken(t *testing.T) {
	for kind, start := range kinds(t) {
		e := newFakeEntra(t)
		c := e.config()
		c.FederatedTokenFile = write(t, "token", "kubernetes-1\n")
		s := start(c)
		token := must(t, s, "")
		checkForm(t, kind, e.last())
		rewriteAndCheck := func(content, want string) {
			rewrite(t, c.FederatedTokenFile, content)
			token = must(t, s, token)
			form := e.last()
			if form.Get("client_assertion") != want || form.Has("client_secret") ||
				form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
				t.Errorf("%s: %v", kind, form)
			}
		}
		rewriteAndCheck("kubernetes-1\n", "kubernetes-1")
		rewriteAndCheck("kubernetes-2", "kubernetes-2")
		rewriteAndCheck("", "kubernetes-2")
	}
}

func TestManagedIdentity(t *testing.T) {
	for _, id := range []string{"system", "3f2504e0-4f89-41d3-9a0c-0305e82c3301"} {
		for kind, start := range kinds(t) {
			startIdentity(t, identityTokens(t, strings.TrimPrefix(id, "system")))
			e := newFakeEntra(t)
			c := e.config()
			c.ManagedIdentity = id
			s := start(c)
			token := must(t, s, "")
			checkForm(t, kind, e.last())
			if form := e.last(); form.Get("client_assertion") != "identity-1" || form.Has("client_secret") {
				t.Errorf("%s: %v", kind, form)
			}
			must(t, s, token)
			if got := e.last().Get("client_assertion"); got != "identity-2" {
				t.Errorf("%s: an old token of the identity: %q", kind, got)
			}
		}
	}
}

// TestManagedIdentityFails tells a managed identity that fails from an Entra ID that does.
func TestManagedIdentityFails(t *testing.T) {
	silent := make(chan struct{})
	t.Cleanup(func() { close(silent) })
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		kind   fault.Code
		cause  string
	}{
		"refuses": {func(w http.ResponseWriter, r *http.Request) { answerWith(w, 400, "invalid_request") },
			fault.PartnerCenterUnauthorized, "answer 400 of the managed identity endpoint: invalid_request"},
		"fails": {func(w http.ResponseWriter, r *http.Request) { http.Error(w, "the-header", 500) },
			fault.IdentityUnavailable, "answer 500 of the managed identity endpoint"},
		"resets": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			fault.IdentityUnavailable, "no usable answer of the managed identity endpoint: unexpected EOF"},
		"hangs": {func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
			case <-silent:
			}
		}, fault.IdentityUnavailable, "no usable answer of the managed identity endpoint: context deadline exceeded"},
		"rambles": {func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, `{"the-header":1}`) },
			fault.IdentityUnavailable, "no usable answer of the managed identity endpoint: it holds no token"},
	} {
		t.Run(name, func(t *testing.T) {
			startIdentity(t, c.answer)
			for _, start := range kinds(t) {
				e := newFakeEntra(t)
				config := e.config()
				config.ManagedIdentity = "system"
				if name == "hangs" {
					config.Timeout = 50 * time.Millisecond
				}
				before := time.Now()
				f := mustFail(t, start(config), c.kind)
				if f.Cause.Error() != c.cause {
					t.Errorf("%v, want %s", f, c.cause)
				}
				if Remedy(f) == "" {
					t.Errorf("no remedy for %v", f)
				}
				if time.Since(before) > 5*time.Second || e.count() != 0 {
					t.Errorf("took %v and asked Entra ID %d times", time.Since(before), e.count())
				}
			}
		})
	}
	startIdentity(t, identityTokens(t, ""))
	e := newFakeEntra(t)
	c := e.config()
	c.ManagedIdentity = "system"
	e.refuse(401, "invalid_client", 700213)
	if f := mustFail(t, NewApp(c), fault.PartnerCenterUnauthorized); f.Cause.Error() != "answer 401 of Entra ID: invalid_client AADSTS700213" {
		t.Error(f)
	}
}

// TestNoManagedIdentity is on a machine that has none.
func TestNoManagedIdentity(t *testing.T) {
	startIdentity(t, nil)
	t.Setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:1/")
	c := newFakeEntra(t).config()
	c.ManagedIdentity = "system"
	f := mustFail(t, NewApp(c), fault.IdentityUnavailable)
	if text := f.Cause.Error(); !strings.Contains(text, "managed identity") || !strings.Contains(text, "connection refused") {
		t.Error(text)
	}
	if text := Remedy(f); !strings.Contains(text, "CONNECTOR_MANAGED_IDENTITY") {
		t.Error(text)
	}
}

func TestPublicClient(t *testing.T) {
	e := newFakeEntra(t)
	c := e.config()
	c.RefreshTokenFile = write(t, "refresh", "refresh-0")
	must(t, NewUser(c), "")
	checkForm(t, "user", e.last())
	if form := e.last(); form.Has("client_secret") || form.Has("client_assertion") || form.Has("client_assertion_type") {
		t.Error(form)
	}
}

func TestValidate(t *testing.T) {
	e := newFakeEntra(t)
	_, ecKey, _ := strings.Cut(ecPair(t), "-----END CERTIFICATE-----\n")
	two := firstPair().pem + secondPair().pem
	ended := certify(endedPair().key, "new", time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	renewed := endedPair().pem + pemBlock("CERTIFICATE", ended.Raw)
	certificate := pemBlock("CERTIFICATE", firstPair().certificate.Raw)
	for name, c := range map[string]struct {
		change func(*Config)
		want   []string // in the error; none: no error
	}{
		"secret":             {func(c *Config) { c.ClientSecret = "s" }, nil},
		"secret file":        {func(c *Config) { c.ClientSecretFile = write(t, "f", "s\n") }, nil},
		"no secret file":     {func(c *Config) { c.ClientSecret, c.ClientSecretFile = "s", "absent/f" }, []string{"CONNECTOR_CLIENT_SECRET_FILE: absent/f: no such file or directory: name a file"}},
		"empty secret file":  {func(c *Config) { c.ClientSecretFile = write(t, "f", "\r\n") }, []string{"it is empty"}},
		"directory":          {func(c *Config) { c.ClientSecretFile = t.TempDir() }, []string{"is a directory"}},
		"two secrets":        {func(c *Config) { c.ClientSecretFile = write(t, "f", "s\nt\n") }, []string{"more than one line"}},
		"certificate":        {func(c *Config) { c.CertificateFile = write(t, "f", firstPair().pem) }, nil},
		"PKCS #1":            {func(c *Config) { c.CertificateFile = write(t, "f", certificate+pkcs1(firstPair())) }, nil},
		"PFX":                {func(c *Config) { c.CertificateFile, c.CertificatePassword = "testdata/contoso.pfx", "contoso" }, nil},
		"wrong password":     {func(c *Config) { c.CertificateFile, c.CertificatePassword = "testdata/contoso.pfx", "fabrikam" }, []string{"CONNECTOR_CLIENT_CERTIFICATE_FILE: testdata/contoso.pfx", "password incorrect", "CONNECTOR_CLIENT_CERTIFICATE_PASSWORD"}},
		"no password":        {func(c *Config) { c.CertificateFile = "testdata/contoso.pfx" }, []string{"CONNECTOR_CLIENT_CERTIFICATE_PASSWORD"}},
		"PFX with AES":       {func(c *Config) { c.CertificateFile, c.CertificatePassword = "testdata/contoso-aes.pfx", "contoso" }, nil},
		"no certificate":     {func(c *Config) { c.CertificateFile = "absent/f" }, []string{"CONNECTOR_CLIENT_CERTIFICATE_FILE: absent/f: no such file"}},
		"empty certificate":  {func(c *Config) { c.CertificateFile = write(t, "f", "") }, []string{"CONNECTOR_CLIENT_CERTIFICATE_FILE"}},
		"garbage":            {func(c *Config) { c.CertificateFile = write(t, "f", "garbage") }, []string{"CONNECTOR_CLIENT_CERTIFICATE_FILE"}},
		"certificate alone":  {func(c *Config) { c.CertificateFile = write(t, "f", certificate) }, []string{"no private key", "one PEM file"}},
		"key alone":          {func(c *Config) { c.CertificateFile = write(t, "f", pkcs1(firstPair())) }, []string{"no certificate"}},
		"two keys":           {func(c *Config) { c.CertificateFile = write(t, "f", two) }, []string{"multiple private keys"}},
		"broken certificate": {func(c *Config) { c.CertificateFile = write(t, "f", pemBlock("CERTIFICATE", []byte("x"))) }, []string{"x509", "one PEM file"}},
		"foreign key":        {func(c *Config) { c.CertificateFile = write(t, "f", certificate+pkcs1(secondPair())) }, []string{"another certificate"}},
		"elliptic curve":     {func(c *Config) { c.CertificateFile = write(t, "f", ecPair(t)) }, []string{"not RSA"}},
		"elliptic key":       {func(c *Config) { c.CertificateFile = write(t, "f", certificate+ecKey) }, []string{"not RSA"}},
		"encrypted key": {func(c *Config) {
			c.CertificateFile = write(t, "f", certificate+pemBlock("ENCRYPTED PRIVATE KEY", []byte("x")))
		}, []string{"encrypted", "openssl pkey"}},
		"older encrypted key": {func(c *Config) {
			block := pem.Block{Type: "RSA PRIVATE KEY", Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-256-CBC,00"}, Bytes: []byte("x")}
			c.CertificateFile = write(t, "f", certificate+string(pem.EncodeToMemory(&block)))
		}, []string{"encrypted", "openssl pkey"}},
		"ENCRYPTED in a comment": {func(c *Config) { c.CertificateFile = write(t, "f", "friendlyName: NOT ENCRYPTED\n"+firstPair().pem) }, nil},
		"PEM with a mark":        {func(c *Config) { c.CertificateFile = write(t, "f", "\ufeff"+firstPair().pem) }, nil},
		"SEC 1 key": {func(c *Config) {
			c.CertificateFile = write(t, "f", certificate+pemBlock("EC PARAMETERS", []byte("x"))+pemBlock("EC PRIVATE KEY", []byte("x")))
		}, []string{"its key is not RSA", "RSA key"}},
		"secret with a mark":  {func(c *Config) { c.ClientSecretFile = write(t, "f", "\ufeffs\n") }, []string{"begins with a byte-order mark: save it as plain UTF-8 or ASCII"}},
		"secret in UTF-16":    {func(c *Config) { c.ClientSecretFile = write(t, "f", "\xff\xfes\x00\r\x00\n\x00") }, []string{"begins with a byte-order mark"}},
		"consent with a mark": {func(c *Config) { c.RefreshTokenFile = write(t, "f", "\ufefftoken") }, []string{"CONNECTOR_REFRESH_TOKEN_FILE", "begins with a byte-order mark"}},
		"early certificate":   {func(c *Config) { c.CertificateFile = write(t, "f", earlyPair().pem) }, []string{"valid from", "check this machine's clock, or wait until then"}},
		"renewed certificate": {func(c *Config) { c.CertificateFile = write(t, "f", renewed) }, nil},
		"ended certificate":   {func(c *Config) { c.CertificateFile = write(t, "f", endedPair().pem) }, []string{"valid from", "make a new one"}},
		"federated token":     {func(c *Config) { c.FederatedTokenFile = write(t, "f", "token") }, nil},
		"no federated token":  {func(c *Config) { c.FederatedTokenFile = "absent/f" }, []string{"CONNECTOR_FEDERATED_TOKEN_FILE: absent/f"}},
		"managed identity":    {func(c *Config) { c.ManagedIdentity = "system" }, nil},
		"public client":       {func(c *Config) { c.RefreshTokenFile = write(t, "f", "token") }, nil},
		"no consent":          {func(c *Config) { c.RefreshTokenFile = "absent/f" }, []string{"CONNECTOR_REFRESH_TOKEN_FILE: absent/f: consent missing: run connector consent"}},
		"empty consent":       {func(c *Config) { c.RefreshTokenFile = write(t, "f", "\n") }, []string{"consent missing: run connector consent"}},
		"both":                {func(c *Config) { c.RefreshTokenFile, c.CertificateFile = "absent/f", "absent/g" }, []string{"absent/f", "absent/g"}},
	} {
		config := e.config()
		c.change(&config)
		err := config.Validate()
		if (err != nil) != (c.want != nil) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, part := range c.want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %v, want %s", name, err, part)
			}
		}
		if err != nil && Remedy(err) == "" {
			t.Errorf("%s: no remedy for %v", name, err)
		}
	}
	if e.count() != 0 {
		t.Error("the network was used")
	}
}

// TestRefusals are the kinds of what Entra ID can say.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		status int
		name   string
		codes  []int
		kind   fault.Code
		cause  string
	}{
		{401, "invalid_client", []int{7000215}, fault.PartnerCenterUnauthorized, "answer 401 of Entra ID: invalid_client AADSTS7000215"},
		{400, "unauthorized_client", []int{700016}, fault.PartnerCenterUnauthorized, "answer 400 of Entra ID: unauthorized_client AADSTS700016"},
		{403, "invalid_grant", []int{1, 2}, fault.PartnerCenterUnauthorized, "answer 403 of Entra ID: invalid_grant AADSTS1 AADSTS2"},
		{400, "invalid_grant", []int{50076}, fault.MfaRequired, "answer 400 of Entra ID: invalid_grant AADSTS50076"},
		{400, "interaction_required", []int{50072}, fault.MfaRequired, ""},
		{400, "interaction_required", []int{50074}, fault.MfaRequired, ""},
		{400, "interaction_required", []int{16000, 50079}, fault.MfaRequired, ""},
		{400, "invalid_grant", []int{500121}, fault.MfaRequired, ""},
		{400, "interaction_required", []int{53004}, fault.MfaRequired, ""},
		{400, "interaction_required", []int{53003}, fault.PartnerCenterUnauthorized, ""},
		{400, "invalid_grant", []int{53000}, fault.PartnerCenterUnauthorized, ""},
		{400, "invalid_grant", []int{530032}, fault.PartnerCenterUnauthorized, ""},
		{400, "interaction_required", nil, fault.PartnerCenterUnauthorized, "answer 400 of Entra ID: interaction_required"},
		{400, "invalid_grant", []int{700082}, fault.PartnerCenterUnauthorized, ""},
		{400, "invalid_grant", []int{50173}, fault.PartnerCenterUnauthorized, ""},
		{400, "invalid_grant", []int{70008}, fault.PartnerCenterUnauthorized, ""},
		{400, "invalid_grant", []int{70043}, fault.PartnerCenterUnauthorized, ""},
		{400, "invalid_grant", []int{700084}, fault.PartnerCenterUnauthorized, ""},
		{400, "temporarily_unavailable", nil, fault.IdentityUnavailable, "answer 400 of Entra ID: temporarily_unavailable"},
		{400, "invalid_request", []int{90033}, fault.IdentityUnavailable, ""},
		{400, "invalid_grant", []int{50196}, fault.IdentityUnavailable, ""},
		{429, "invalid_grant", []int{50076}, fault.IdentityUnavailable, ""},
		{500, "server_error", nil, fault.IdentityUnavailable, "answer 500 of Entra ID: server_error"},
		{503, "", nil, fault.IdentityUnavailable, "answer 503 of Entra ID"},
		{307, "", nil, fault.IdentityUnavailable, "answer 307 of Entra ID"},
	} {
		for kind, start := range kinds(t) {
			e := newFakeEntra(t)
			e.header.Set("Location", e.URL+"/elsewhere")
			e.refuse(c.status, c.name, c.codes...)
			f := mustFail(t, start(e.withSecret()), c.kind)
			if c.cause != "" && f.Cause.Error() != c.cause {
				t.Errorf("%s: %q, want %q", kind, f.Cause, c.cause)
			}
			if e.count() != 1 {
				t.Errorf("%s: asked %d times", kind, e.count())
			}
			var r *Refused
			if !errors.As(f, &r) || r.Status != c.status || r.Name != c.name || len(r.Codes) != len(c.codes) {
				t.Errorf("%s: %+v", kind, r)
			}
			if !strings.Contains(e.log.String(), f.Cause.Error()) {
				t.Errorf("%s: log %s", kind, e.log)
			}
		}
	}
}

// TestEntraAway meets an Entra ID that cannot be reached, or is somebody else.
func TestEntraAway(t *testing.T) {
	for kind, start := range kinds(t) {
		e := newFakeEntra(t)
		c := e.withSecret()
		c.Authority = "https://127.0.0.1:1"
		f := mustFail(t, start(c), fault.IdentityUnavailable)
		if !strings.Contains(f.Error(), "no usable answer of Entra ID: dial tcp 127.0.0.1:1") || !strings.Contains(Remedy(f), "CONNECTOR_AUTHORITY_URL") {
			t.Errorf("%s: %v: %s", kind, f, Remedy(f))
		}
		c = e.withSecret()
		c.HTTP = &http.Client{Transport: new(http.Transport)}
		f = mustFail(t, start(c), fault.IdentityUnavailable)
		if !strings.Contains(f.Error(), "certificate") || !strings.Contains(Remedy(f), "not trusted") {
			t.Errorf("%s: %v: %s", kind, f, Remedy(f))
		}
	}
}

// TestRetryAfterOfEntra does not ask an Entra ID that has just asked for patience.
func TestRetryAfterOfEntra(t *testing.T) {
	for kind, start := range kinds(t) {
		e := newFakeEntra(t)
		e.header.Set("Retry-After", "30")
		e.refuse(429, "temporarily_unavailable")
		s := start(e.withSecret())
		for range 5 {
			mustFail(t, s, fault.IdentityUnavailable)
		}
		if e.count() != 1 {
			t.Errorf("%s: asked %d times", kind, e.count())
		}
	}
}

func TestRetryAfterHeader(t *testing.T) {
	now := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"30": 30 * time.Second, "0": 0, "": 0, "-1": 0, "soon": 0, "99999999999999999999": 2147483647 * time.Second,
		"Wed, 01 Apr 2026 12:00:40 GMT": 40 * time.Second, "Wed, 01 Apr 2026 11:00:00 GMT": 0,
	} {
		if got := retryAfter(header, now); got != want {
			t.Errorf("%q: %v", header, got)
		}
	}
}

// TestOddAnswers are 200s without a token and refusals that say too much.
func TestOddAnswers(t *testing.T) {
	many := make([]int, 1000)
	for _, c := range []struct {
		status int
		body   any
		cause  string
	}{
		{200, "", "no usable answer of Entra ID: it holds no token"},
		{200, "<html>", "no usable answer of Entra ID: it holds no token"},
		{200, map[string]any{"token_type": "Bearer", "expires_in": 3600}, "no usable answer of Entra ID: it holds no token"},
		{200, map[string]any{"error": "invalid_grant"}, "no usable answer of Entra ID: it holds no token"},
		{400, "<html>", "answer 400 of Entra ID"},
		{400, map[string]any{"error": "The secret is wrong"}, "answer 400 of Entra ID"},
		{400, map[string]any{"error": map[string]any{"code": 1}}, "answer 400 of Entra ID"},
		{400, map[string]any{"error": "invalid_grant", "error_codes": "7"}, "answer 400 of Entra ID: invalid_grant AADSTS7"},
		{400, map[string]any{"error": "invalid_grant", "error_codes": []any{"50076", 7, nil, -1, 1.5, "x", []int{8}}, "error_description": "AADSTS1: more"}, "answer 400 of Entra ID: invalid_grant AADSTS50076 AADSTS7"},
		{400, map[string]any{"error": "invalid_grant", "error_codes": map[string]int{"a": 7}, "error_description": "Refused: AADSTS50076: more AADSTS1"}, "answer 400 of Entra ID: invalid_grant AADSTS50076"},
		{400, map[string]any{"error": "invalid_grant", "error_description": "AADSTS50076: more"}, "answer 400 of Entra ID: invalid_grant AADSTS50076"},
		{400, map[string]any{"error": "invalid_grant", "error_codes": []int{}, "error_description": []string{"AADSTS50076: more"}}, "answer 400 of Entra ID: invalid_grant"},
		{400, map[string]any{"error": "invalid_grant", "error_description": "multi-factor AADSTS12345678901 AADSTSx"}, "answer 400 of Entra ID: invalid_grant"},
		{400, map[string]any{"error": map[string]any{"code": 1}, "error_codes": []int{7}}, "answer 400 of Entra ID AADSTS7"},
		{400, map[string]any{"error": "invalid_grant", "error_codes": many}, "answer 400 of Entra ID: invalid_grant" + strings.Repeat(" AADSTS0", 8)},
		{200, strings.Repeat(" ", 1<<20) + `{"access_token":"a","expires_in":3600}`, "no usable answer of Entra ID: it is longer than 1 MiB"},
		{400, strings.Repeat(" ", 2<<20), "no usable answer of Entra ID: it is longer than 1 MiB"},
	} {
		for kind, start := range kinds(t) {
			e := newFakeEntra(t)
			e.answer = func(url.Values) (int, any) { return c.status, c.body }
			_, err := start(e.withSecret()).Get(t.Context(), "")
			var f *fault.Error
			if !errors.As(err, &f) || f.Cause.Error() != c.cause {
				t.Errorf("%s: %v, want %s", kind, err, c.cause)
			}
		}
	}
}

// TestSuberror tells kinds of refusals apart by the suberror where there is no number.
func TestSuberror(t *testing.T) {
	for _, c := range []struct {
		sub    any
		kind   fault.Code
		remedy string
	}{
		{nil, fault.PartnerCenterUnauthorized, consentAgain},
		{1, fault.PartnerCenterUnauthorized, consentAgain},
		{"consent_required", fault.PartnerCenterUnauthorized, remedies[65001]},
		{"basic_action", fault.PartnerCenterUnauthorized, consentAgain},
		{"mfa_required", fault.MfaRequired, mfaMissing},
	} {
		e := newFakeEntra(t)
		e.answer = func(url.Values) (int, any) {
			return 400, map[string]any{"error": "invalid_grant", "suberror": c.sub, "error_description": "multi-factor authentication is needed"}
		}
		f := mustFail(t, kinds(t)["user"](e.withSecret()), c.kind)
		if got := Remedy(f); got != c.remedy {
			t.Errorf("%v: %s", c.sub, got)
		}
	}
}

// TestEndlessAnswer reads no more of it than it must.
func TestEndlessAnswer(t *testing.T) {
	e := newFakeEntra(t)
	metadata := e.Config.Handler
	e.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			metadata.ServeHTTP(w, r)
			return
		}
		for piece := make([]byte, 64<<10); ; {
			if _, err := w.Write(piece); err != nil {
				return
			}
		}
	})
	for _, start := range kinds(t) {
		c := e.withSecret()
		c.Timeout = time.Second
		if f := mustFail(t, start(c), fault.IdentityUnavailable); f.Cause.Error() != "no usable answer of Entra ID: it is longer than 1 MiB" {
			t.Error(f)
		}
	}
}

// TestBodyBreaks is an answer that stops in the middle.
func TestBodyBreaks(t *testing.T) {
	e := newFakeEntra(t)
	e.header.Set("Content-Length", "1000")
	e.answer = func(url.Values) (int, any) { return 200, "{" }
	for _, start := range kinds(t) {
		if f := mustFail(t, start(e.withSecret()), fault.IdentityUnavailable); f.Cause.Error() != "no usable answer of Entra ID: unexpected EOF" {
			t.Error(f)
		}
	}
}

// TestSlowEntra ends a fetch at its timeout.
func TestSlowEntra(t *testing.T) {
	release := make(chan struct{})
	e := newFakeEntra(t)
	e.answer = func(url.Values) (int, any) { <-release; return 200, nil }
	c := e.withSecret()
	c.Timeout = 30 * time.Millisecond
	for _, start := range kinds(t) {
		f := mustFail(t, start(c), fault.IdentityUnavailable)
		if f.Cause.Error() != "no usable answer of Entra ID: context deadline exceeded" {
			t.Error(f)
		}
		gone, leave := context.WithCancel(t.Context())
		leave()
		if _, err := start(e.withSecret()).Get(gone, ""); err != context.Canceled {
			t.Errorf("a caller who has gone: %v", err)
		}
	}
	close(release)
}

func TestNewMakesNoCall(t *testing.T) {
	e := newFakeEntra(t)
	for _, start := range kinds(t) {
		start(e.withSecret())
	}
	if e.count() != 0 {
		t.Error("it did")
	}
}

// FuzzRefused lets no text of an answer through but a name and numbers.
func FuzzRefused(f *testing.F) {
	for _, body := range []string{`{"error":"invalid_client","error_description":"AADSTS7000215: secret","error_codes":[7000215]}`, `{"error":"A b","error_codes":[1]}`, `{"error":1}`, `<html>`, ``} {
		f.Add([]byte(body))
	}
	form := regexp.MustCompile(`^answer 400 of Entra ID(: [a-z_]{1,40})?( AADSTS[0-9]+){0,8}$`)
	f.Fuzz(func(t *testing.T, body []byte) {
		r := refused(entraID, &http.Response{StatusCode: 400}, body)
		if !form.MatchString(r.Error()) || r.kind() == (fault.Code("")) || r.remedy() == "" {
			t.Errorf("%q: %v: %s", body, r, r.remedy())
		}
	})
}
