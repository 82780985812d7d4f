package fakeentra

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/partner-center/connector/internal/e2e/reply"
	"github.com/partner-center/connector/internal/e2e/secret"
	"github.com/partner-center/connector/internal/e2e/tier"
	"golang.org/x/oauth2"
)

// options returns options that make Microsoft's client use the fake.
func (e *Server) options() azcore.ClientOptions {
	return azcore.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: e.URL},
		Transport: e.Client(),
		Retry:     policy.RetryOptions{MaxRetries: -1},
	}
}

var forPartnerCenter = policy.TokenRequestOptions{Scopes: []string{Resource + "/.default"}}

// TestAppGrants signs the app in with every kind of credential, by Microsoft's own client.
func TestAppGrants(t *testing.T) {
	tier.Full(t)
	e := New(t, new(secret.Set))
	m := NewManagedIdentity(t, e)
	for _, variable := range m.Env() {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	assertion := secret.New("federated")
	e.AddFederatedToken(assertion)
	registered, certificate := NewCertificate(t)
	e.AddCertificate(certificate)
	stranger, strangersCertificate := NewCertificate(t)
	withSecret := func(tenant, id, text string) (azcore.TokenCredential, error) {
		return azidentity.NewClientSecretCredential(tenant, id, text,
			&azidentity.ClientSecretCredentialOptions{ClientOptions: e.options(), DisableInstanceDiscovery: true})
	}
	withCertificate := func(certificate *x509.Certificate, key *rsa.PrivateKey, chain bool) (azcore.TokenCredential,
		error) {
		return azidentity.NewClientCertificateCredential(TenantID, ClientID, []*x509.Certificate{certificate}, key,
			&azidentity.ClientCertificateCredentialOptions{ClientOptions: e.options(), DisableInstanceDiscovery: true,
				SendCertificateChain: chain})
	}
	withAssertion := func(assertion func(context.Context) (string, error)) (azcore.TokenCredential, error) {
		return azidentity.NewClientAssertionCredential(TenantID, ClientID, assertion,
			&azidentity.ClientAssertionCredentialOptions{ClientOptions: e.options(), DisableInstanceDiscovery: true})
	}
	withIdentity := func(id azidentity.ManagedIDKind) (azcore.TokenCredential, error) {
		identity, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{ID: id})
		if err != nil {
			return nil, err
		}
		return withAssertion(func(ctx context.Context) (string, error) {
			token, err := identity.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{ExchangeAudience}})
			return token.Token, err
		})
	}
	for _, c := range []struct {
		name    string
		make    func() (azcore.TokenCredential, error)
		refused string // part of the error; empty: a token
	}{
		{"secret", func() (azcore.TokenCredential, error) { return withSecret(TenantID, ClientID, e.Secret()) }, ""},
		{"wrong secret", func() (azcore.TokenCredential, error) { return withSecret(TenantID, ClientID, "x") },
			"AADSTS7000215"},
		{"another app", func() (azcore.TokenCredential, error) { return withSecret(TenantID, MakerAppID, e.Secret()) },
			"AADSTS700016"},
		{"another tenant",
			func() (azcore.TokenCredential, error) { return withSecret(OtherTenantID, ClientID, e.Secret()) },
			"AADSTS90002"},
		{"certificate",
			func() (azcore.TokenCredential, error) { return withCertificate(certificate, registered, false) }, ""},
		{"certificate with its chain",
			func() (azcore.TokenCredential, error) { return withCertificate(certificate, registered, true) }, ""},
		{"another certificate", func() (azcore.TokenCredential, error) {
			return withCertificate(strangersCertificate, stranger, false)
		}, "AADSTS700027"},
		{"federated token", func() (azcore.TokenCredential, error) {
			return withAssertion(func(context.Context) (string, error) { return assertion, nil })
		}, ""},
		{"another federated token", func() (azcore.TokenCredential, error) {
			return withAssertion(func(context.Context) (string, error) { return secret.New("federated"), nil })
		}, "AADSTS700213"},
		{"the system's managed identity", func() (azcore.TokenCredential, error) { return withIdentity(nil) }, ""},
		{"a user-assigned managed identity",
			func() (azcore.TokenCredential, error) { return withIdentity(azidentity.ClientID(ServiceID)) }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			credential, err := c.make()
			if err != nil {
				t.Fatal(err)
			}
			token, err := credential.GetToken(t.Context(), forPartnerCenter)
			if c.refused != "" {
				if (err == nil) || !strings.Contains(err.Error(), c.refused) {
					t.Errorf("got %v, want %s", err, c.refused)
				}
				return
			}
			if (err != nil) || (e.KindOf(token.Token) != AppOnly) {
				t.Fatalf("got a token of the kind %q, %v", e.KindOf(token.Token), err)
			}
		})
	}
	if want := []string{"", ServiceID}; !slices.Equal(m.ClientIDs(), want) {
		t.Errorf("tokens requested for the identities %q, want %q", m.ClientIDs(), want)
	}
}

// TestManagedIdentity refuses the requests that the real endpoint refuses.
func TestManagedIdentity(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	m := NewManagedIdentity(t, New(t, new(secret.Set)))
	const good = "/msi/token?api-version=2019-08-01&resource=" + ExchangeAudience
	for _, c := range []struct {
		name, target, header string
		status               int
	}{
		{"a good request", good, m.header, 200},
		{"no header", good, "", 401},
		{"another header", good, "x", 401},
		{"an old version", "/msi/token?api-version=2017-09-01&resource=" + ExchangeAudience, m.header, 400},
		{"another resource", "/msi/token?api-version=2019-08-01&resource=" + Resource, m.header, 400},
		{"another path", "/other", m.header, 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			if status := m.requestToken(t, c.target, c.header); status != c.status {
				t.Errorf("status %d, want %d", status, c.status)
			}
		})
	}
	m.Answer(reply.With(500, "text/html", ""))
	if status := m.requestToken(t, good, m.header); status != 500 {
		t.Errorf("status %d of a broken endpoint, want 500", status)
	}
}

// requestToken makes a request and returns the status of the answer.
func (m *ManagedIdentity) requestToken(t *testing.T, target, header string) (status int) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, m.URL+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-IDENTITY-HEADER", header)
	resp, err := m.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// TestAssertions signs assertions with at most one thing wrong.
func TestAssertions(t *testing.T) {
	t.Parallel()
	e := New(t, new(secret.Set))
	key, certificate := NewCertificate(t)
	e.AddCertificate(certificate)
	short, long := sha1.Sum(certificate.Raw), sha256.Sum256(certificate.Raw)
	endpoint := e.URL + "/" + TenantID + TokenPath
	for _, c := range []struct {
		name      string
		algorithm jose.SignatureAlgorithm
		digests   map[string][]byte
		change    func(*jwt.Claims)
		code      int
	}{
		{"RS256", jose.RS256, map[string][]byte{"x5t": short[:]}, nil, 0},
		{"PS256", jose.PS256, map[string][]byte{"x5t#S256": long[:]}, nil, 0},
		{"another algorithm", jose.RS512, map[string][]byte{"x5t#S256": long[:]}, nil, 700213},
		{"no digest", jose.PS256, nil, nil, 700027},
		{"another digest", jose.PS256, map[string][]byte{"x5t#S256": short[:]}, nil, 700027},
		{"another audience", jose.PS256, map[string][]byte{"x5t#S256": long[:]},
			func(c *jwt.Claims) { c.Audience = jwt.Audience{e.URL} }, 700027},
		{"another issuer", jose.PS256, map[string][]byte{"x5t#S256": long[:]},
			func(c *jwt.Claims) { c.Issuer = ServiceID }, 700027},
		{"another subject", jose.PS256, map[string][]byte{"x5t#S256": long[:]},
			func(c *jwt.Claims) { c.Subject = ServiceID }, 700027},
		{"expired", jose.PS256, map[string][]byte{"x5t#S256": long[:]},
			func(c *jwt.Claims) { c.Expiry = jwt.NewNumericDate(time.Now().Add(-time.Hour)) }, 700027},
		{"no expiry", jose.PS256, map[string][]byte{"x5t#S256": long[:]}, func(c *jwt.Claims) { c.Expiry = nil },
			700027},
	} {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: c.algorithm, Key: key},
			&jose.SignerOptions{ExtraHeaders: encoded(c.digests)})
		if err != nil {
			t.Fatal(err)
		}
		claims := jwt.Claims{Issuer: ClientID, Subject: ClientID, Audience: jwt.Audience{endpoint},
			Expiry: jwt.NewNumericDate(time.Now().Add(time.Minute)), ID: rand.Text()}
		if c.change != nil {
			c.change(&claims)
		}
		assertion, err := jwt.Signed(signer).Claims(claims).Serialize()
		if err != nil {
			t.Fatal(err)
		}
		if code := e.checkAssertion(assertion, endpoint); code != c.code {
			t.Errorf("%s: AADSTS%d, want %d", c.name, code, c.code)
		}
	}
}

// encoded returns header members with digests in base64.
func encoded(digests map[string][]byte) map[jose.HeaderKey]any {
	header := map[jose.HeaderKey]any{}
	for name, digest := range digests {
		header[jose.HeaderKey(name)] = base64.RawURLEncoding.EncodeToString(digest)
	}
	return header
}

// userConfig returns the configuration of a client that signs a user in.
func (e *Server) userConfig() *oauth2.Config {
	base := e.URL + "/" + TenantID
	return &oauth2.Config{
		ClientID: ClientID, ClientSecret: e.Secret(), RedirectURL: "http://localhost:40000/",
		Endpoint: oauth2.Endpoint{AuthURL: base + AuthorizePath, TokenURL: base + TokenPath,
			AuthStyle: oauth2.AuthStyleInParams},
		Scopes: []string{Resource + "/user_impersonation", "offline_access"},
	}
}

// expectRefusal expects the error to be a refusal with an AADSTS code.
func expectRefusal(t *testing.T, err error, code string) {
	t.Helper()
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) || !strings.HasPrefix(refused.ErrorDescription, code+":") {
		t.Errorf("got %v, want %s", err, code)
	}
}

// TestRefreshTokens uses each refresh token once, and repeatedly after AllowTokenReuse.
func TestRefreshTokens(t *testing.T) {
	t.Parallel()
	e := New(t, new(secret.Set))
	ctx := context.WithValue(t.Context(), oauth2.HTTPClient, e.Client())
	use := func(refresh string) (*oauth2.Token, error) {
		return e.userConfig().TokenSource(ctx, &oauth2.Token{RefreshToken: refresh}).Token()
	}
	first := e.NewRefreshToken()
	token, err := use(first)
	if (err != nil) || (e.KindOf(token.AccessToken) != AppUser) || (token.RefreshToken == first) {
		t.Fatalf("the first use gives %v, %v", token, err)
	}
	_, err = use(first)
	expectRefusal(t, err, "AADSTS70000")
	_, err = use("x")
	expectRefusal(t, err, "AADSTS9002313")
	e.AnswerToken(Refusal(50076))
	_, err = use(token.RefreshToken)
	expectRefusal(t, err, "AADSTS50076")
	e.AnswerToken(nil)
	e.AllowTokenReuse()
	for range 2 {
		if again, err := use(token.RefreshToken); (err != nil) || (again.RefreshToken == token.RefreshToken) {
			t.Errorf("the reuse gives %v, %v", again, err)
		}
	}
	config := e.userConfig()
	config.ClientSecret = ""
	_, err = config.TokenSource(ctx, &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
	expectRefusal(t, err, "AADSTS7000218")
}

// TestAuthorizationCode signs the user in as a browser does, with a code challenge.
func TestAuthorizationCode(t *testing.T) {
	t.Parallel()
	e := New(t, new(secret.Set))
	ctx := context.WithValue(t.Context(), oauth2.HTTPClient, e.Client())
	browser := e.Client()
	browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	config, verifier := e.userConfig(), oauth2.GenerateVerifier()
	open := func(address string) url.Values {
		t.Helper()
		resp, err := browser.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		back, err := resp.Location()
		if err != nil {
			return nil
		}
		if (back.Host != "localhost:40000") || (back.Query().Get("state") != "state") {
			t.Errorf("redirected to %v", back)
		}
		return back.Query()
	}
	address := config.AuthCodeURL("state", oauth2.S256ChallengeOption(verifier))
	code := open(address).Get("code")
	_, err := config.Exchange(ctx, code, oauth2.VerifierOption(oauth2.GenerateVerifier()))
	expectRefusal(t, err, "AADSTS501481")
	elsewhere := *config
	elsewhere.RedirectURL = "http://localhost:40001/"
	_, err = elsewhere.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	expectRefusal(t, err, "AADSTS500112")
	token, err := config.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if (err != nil) || (e.KindOf(token.AccessToken) != AppUser) || (token.RefreshToken == "") {
		t.Fatalf("the code gives %v, %v", token, err)
	}
	_, err = config.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	expectRefusal(t, err, "AADSTS54005")
	if (e.Requests(AuthorizePath) != 1) || (e.TokenRequests() != 4) {
		t.Errorf("%d sign-ins, %d token requests", e.Requests(AuthorizePath), e.TokenRequests())
	}

	if got := open(config.AuthCodeURL("state")).Get("error"); got != "invalid_request" {
		t.Errorf("without a code challenge: %q", got)
	}
	elsewhere = *config
	elsewhere.Scopes = []string{"https://graph.microsoft.com/.default"}
	if got := open(elsewhere.AuthCodeURL("state", oauth2.S256ChallengeOption(verifier))).Get(
		"error"); got != "invalid_scope" {
		t.Errorf("for another resource: %q", got)
	}
	for _, redirect := range []string{"https://evil.example/", "http://evil.example/", "http://localhost.evil.example/",
		"http://localhost:40000@evil.example/"} {
		elsewhere.RedirectURL = redirect
		if got := open(elsewhere.AuthCodeURL("state", oauth2.S256ChallengeOption(verifier))); got != nil {
			t.Errorf("redirected to %s with %v", redirect, got)
		}
	}
	e.Answer(AuthorizePath, Decline)
	if got := open(address).Get("error"); got != "access_denied" {
		t.Errorf("declined consent: %q", got)
	}
}

// TestIssueJWTs checks the claims of JWTs for Partner Center.
func TestIssueJWTs(t *testing.T) {
	t.Parallel()
	e := New(t, new(secret.Set))
	if token := e.Issue(AppOnly); strings.Count(token, ".") > 0 {
		t.Errorf("a token is not opaque: %s", token)
	}
	e.SetLifetime(60)
	e.IssueJWTs(map[string]any{"amr": []string{"pwd"}, "tid": OtherTenantID})
	var app, user struct {
		Aud, Tid, Appid, Idtyp, Scp string
		Amr                         []string
		Iat, Exp                    int64
	}
	for kind, claims := range map[Kind]any{AppOnly: &app, AppUser: &user} {
		token := e.Issue(kind)
		if e.KindOf(token) != kind {
			t.Errorf("a token of the kind %q, want %q", e.KindOf(token), kind)
		}
		if err := json.Unmarshal([]byte(decode(strings.Split(token, ".")[1])), claims); err != nil {
			t.Fatal(err)
		}
	}
	if (app.Aud != Resource) || (app.Idtyp != "app") || (app.Scp != "") || (app.Appid != ClientID) ||
		(app.Tid != OtherTenantID) {
		t.Errorf("an app-only token has %+v", app)
	}
	if (user.Aud != Resource) || (user.Idtyp != "") || (user.Scp != "user_impersonation") ||
		!slices.Equal(user.Amr, []string{"pwd"}) {
		t.Errorf("a token of the user has %+v", user)
	}
	if left := time.Until(time.Unix(user.Exp, 0)); (left > time.Minute) || (left <= 0) {
		t.Errorf("a token that lasts a minute expires in %v", left)
	}
}

// TestRefusals checks the form of every refusal, which repeats the credential of the request.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for code, refusal := range refusals {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("refresh_token=repeated"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		Refusal(code)(w, r)
		var body struct {
			Error string
			Text  string `json:"error_description"`
			Codes []int  `json:"error_codes"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Fatal(err)
		}
		if (w.Code != refusal.status) || (body.Error != refusal.error) || !slices.Equal(body.Codes, []int{code}) ||
			!strings.Contains(body.Text, "repeated") {
			t.Errorf("AADSTS%d: %d %+v", code, w.Code, body)
		}
	}
}
