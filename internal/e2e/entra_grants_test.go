package e2e

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
	"math/big"
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
	"golang.org/x/oauth2"
)

// options make Microsoft's client use the fake.
func (e *entraID) options() azcore.ClientOptions {
	return azcore.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: e.URL},
		Transport: e.Client(),
		Retry:     policy.RetryOptions{MaxRetries: -1},
	}
}

var forPartnerCenter = policy.TokenRequestOptions{Scopes: []string{partnerCenterID + "/.default"}}

// TestAppGrants signs the app in with every credential that it can have, as Microsoft's own client does it.
func TestAppGrants(t *testing.T) {
	e := newEntraID(t, new(secrets))
	m := newManagedIdentity(t, e)
	for _, variable := range m.environment() {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	assertion := newSecret("federated")
	e.federate(assertion)
	registered, certificate := appCertificate(t)
	e.register(certificate)
	stranger, strangersCertificate := appCertificate(t)
	withSecret := func(tenant, id, secret string) (azcore.TokenCredential, error) {
		return azidentity.NewClientSecretCredential(tenant, id, secret, &azidentity.ClientSecretCredentialOptions{ClientOptions: e.options(), DisableInstanceDiscovery: true})
	}
	withCertificate := func(certificate *x509.Certificate, key *rsa.PrivateKey, chain bool) (azcore.TokenCredential, error) {
		return azidentity.NewClientCertificateCredential(tenantID, clientID, []*x509.Certificate{certificate}, key,
			&azidentity.ClientCertificateCredentialOptions{ClientOptions: e.options(), DisableInstanceDiscovery: true, SendCertificateChain: chain})
	}
	withAssertion := func(assertion func(context.Context) (string, error)) (azcore.TokenCredential, error) {
		return azidentity.NewClientAssertionCredential(tenantID, clientID, assertion,
			&azidentity.ClientAssertionCredentialOptions{ClientOptions: e.options(), DisableInstanceDiscovery: true})
	}
	withIdentity := func(id azidentity.ManagedIDKind) (azcore.TokenCredential, error) {
		identity, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{ID: id})
		if err != nil {
			return nil, err
		}
		return withAssertion(func(ctx context.Context) (string, error) {
			token, err := identity.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{exchangeID}})
			return token.Token, err
		})
	}
	for _, c := range []struct {
		name    string
		make    func() (azcore.TokenCredential, error)
		refused string // part of the error; empty: a token
	}{
		{"secret", func() (azcore.TokenCredential, error) { return withSecret(tenantID, clientID, e.secret) }, ""},
		{"wrong secret", func() (azcore.TokenCredential, error) { return withSecret(tenantID, clientID, "x") }, "AADSTS7000215"},
		{"another app", func() (azcore.TokenCredential, error) { return withSecret(tenantID, makersID, e.secret) }, "AADSTS700016"},
		{"another tenant", func() (azcore.TokenCredential, error) { return withSecret(otherTenant, clientID, e.secret) }, "AADSTS90002"},
		{"certificate", func() (azcore.TokenCredential, error) { return withCertificate(certificate, registered, false) }, ""},
		{"certificate with its chain", func() (azcore.TokenCredential, error) { return withCertificate(certificate, registered, true) }, ""},
		{"another certificate", func() (azcore.TokenCredential, error) {
			return withCertificate(strangersCertificate, stranger, false)
		}, "AADSTS700027"},
		{"federated token", func() (azcore.TokenCredential, error) {
			return withAssertion(func(context.Context) (string, error) { return assertion, nil })
		}, ""},
		{"another federated token", func() (azcore.TokenCredential, error) {
			return withAssertion(func(context.Context) (string, error) { return newSecret("federated"), nil })
		}, "AADSTS700213"},
		{"the system's managed identity", func() (azcore.TokenCredential, error) { return withIdentity(nil) }, ""},
		{"a user-assigned managed identity", func() (azcore.TokenCredential, error) { return withIdentity(azidentity.ClientID(serviceID)) }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			credential, err := c.make()
			if err != nil {
				t.Fatal(err)
			}
			token, err := credential.GetToken(t.Context(), forPartnerCenter)
			if c.refused != "" {
				if err == nil || !strings.Contains(err.Error(), c.refused) {
					t.Errorf("got %v, want %s", err, c.refused)
				}
				return
			}
			if err != nil || e.kind(token.Token) != appOnly {
				t.Fatalf("%q, %v", e.kind(token.Token), err)
			}
		})
	}
	if want := []string{"", serviceID}; !slices.Equal(m.askedFor(), want) {
		t.Errorf("managed identities asked for: %q", m.askedFor())
	}
}

// TestManagedIdentity has the fake refuse what the real endpoint refuses.
func TestManagedIdentity(t *testing.T) {
	t.Parallel()
	m := newManagedIdentity(t, newEntraID(t, new(secrets)))
	const good = "/msi/token?api-version=2019-08-01&resource=" + exchangeID
	for _, c := range []struct {
		target, header string
		status         int
	}{
		{good, m.header, 200},
		{good, "", 401},
		{good, "x", 401},
		{"/msi/token?api-version=2017-09-01&resource=" + exchangeID, m.header, 400},
		{"/msi/token?api-version=2019-08-01&resource=" + partnerCenterID, m.header, 400},
		{"/other", m.header, 400},
	} {
		if status := m.ask(t, c.target, c.header); status != c.status {
			t.Errorf("%s: %d, want %d", c.target, status, c.status)
		}
	}
	m.behave(respond(500, "text/html", ""))
	if status := m.ask(t, good, m.header); status != 500 {
		t.Errorf("out of order: %d", status)
	}
}

func (m *managedIdentity) ask(t *testing.T, target, header string) (status int) {
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

// TestAssertions signs assertions by hand, each wrong in one thing.
func TestAssertions(t *testing.T) {
	t.Parallel()
	e := newEntraID(t, new(secrets))
	key, certificate := appCertificate(t)
	e.register(certificate)
	short, long := sha1.Sum(certificate.Raw), sha256.Sum256(certificate.Raw)
	endpoint := e.URL + "/" + tenantID + tokenPath
	for _, c := range []struct {
		what      string
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
		{"another audience", jose.PS256, map[string][]byte{"x5t#S256": long[:]}, func(c *jwt.Claims) { c.Audience = jwt.Audience{e.URL} }, 700027},
		{"another issuer", jose.PS256, map[string][]byte{"x5t#S256": long[:]}, func(c *jwt.Claims) { c.Issuer = serviceID }, 700027},
		{"another subject", jose.PS256, map[string][]byte{"x5t#S256": long[:]}, func(c *jwt.Claims) { c.Subject = serviceID }, 700027},
		{"expired", jose.PS256, map[string][]byte{"x5t#S256": long[:]}, func(c *jwt.Claims) { c.Expiry = jwt.NewNumericDate(time.Now().Add(-time.Hour)) }, 700027},
		{"no end", jose.PS256, map[string][]byte{"x5t#S256": long[:]}, func(c *jwt.Claims) { c.Expiry = nil }, 700027},
	} {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: c.algorithm, Key: key}, &jose.SignerOptions{ExtraHeaders: encoded(c.digests)})
		if err != nil {
			t.Fatal(err)
		}
		claims := jwt.Claims{Issuer: clientID, Subject: clientID, Audience: jwt.Audience{endpoint}, Expiry: jwt.NewNumericDate(time.Now().Add(time.Minute)), ID: rand.Text()}
		if c.change != nil {
			c.change(&claims)
		}
		assertion, err := jwt.Signed(signer).Claims(claims).Serialize()
		if err != nil {
			t.Fatal(err)
		}
		if code := e.proveAssertion(assertion, endpoint); code != c.code {
			t.Errorf("%s: AADSTS%d, want %d", c.what, code, c.code)
		}
	}
}

func encoded(digests map[string][]byte) map[jose.HeaderKey]any {
	header := map[jose.HeaderKey]any{}
	for name, digest := range digests {
		header[jose.HeaderKey(name)] = base64.RawURLEncoding.EncodeToString(digest)
	}
	return header
}

// appCertificate makes a certificate that an app may have, with its key.
func appCertificate(t testing.TB) (*rsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return key, certificate
}

// userConfig is the app's for tokens of a user.
func (e *entraID) userConfig() *oauth2.Config {
	base := e.URL + "/" + tenantID
	return &oauth2.Config{
		ClientID: clientID, ClientSecret: e.secret, RedirectURL: "http://localhost:40000/",
		Endpoint: oauth2.Endpoint{AuthURL: base + authorizePath, TokenURL: base + tokenPath, AuthStyle: oauth2.AuthStyleInParams},
		Scopes:   []string{partnerCenterID + "/user_impersonation", "offline_access"},
	}
}

// expectRefusal looks for the code of a refusal.
func expectRefusal(t *testing.T, err error, code string) {
	t.Helper()
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) || !strings.HasPrefix(refused.ErrorDescription, code+":") {
		t.Errorf("got %v, want %s", err, code)
	}
}

// TestRefreshTokens uses refresh tokens up, and has them forgiven.
func TestRefreshTokens(t *testing.T) {
	t.Parallel()
	e := newEntraID(t, new(secrets))
	ctx := context.WithValue(t.Context(), oauth2.HTTPClient, e.Client())
	use := func(refresh string) (*oauth2.Token, error) {
		return e.userConfig().TokenSource(ctx, &oauth2.Token{RefreshToken: refresh}).Token()
	}
	first := e.consent()
	token, err := use(first)
	if err != nil || e.kind(token.AccessToken) != appUser || token.RefreshToken == first {
		t.Fatalf("%v, %v", token, err)
	}
	_, err = use(first)
	expectRefusal(t, err, "AADSTS70000")
	_, err = use("x")
	expectRefusal(t, err, "AADSTS9002313")
	e.behave(aadsts(50076))
	_, err = use(token.RefreshToken)
	expectRefusal(t, err, "AADSTS50076")
	e.behave(nil)
	e.forgive()
	for range 2 {
		if again, err := use(token.RefreshToken); err != nil || again.RefreshToken == token.RefreshToken {
			t.Errorf("%v, %v", again, err)
		}
	}
	config := e.userConfig()
	config.ClientSecret = ""
	_, err = config.TokenSource(ctx, &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
	expectRefusal(t, err, "AADSTS7000218")
}

// TestAuthorizationCode signs the user in as a browser does, with a proof key.
func TestAuthorizationCode(t *testing.T) {
	t.Parallel()
	e := newEntraID(t, new(secrets))
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
		if back.Host != "localhost:40000" || back.Query().Get("state") != "state" {
			t.Errorf("sent back to %v", back)
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
	if err != nil || e.kind(token.AccessToken) != appUser || token.RefreshToken == "" {
		t.Fatalf("%v, %v", token, err)
	}
	_, err = config.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	expectRefusal(t, err, "AADSTS54005")
	if e.askedAt(authorizePath) != 1 || e.asked() != 4 {
		t.Errorf("%d sign-ins, %d token requests", e.askedAt(authorizePath), e.asked())
	}

	if got := open(config.AuthCodeURL("state")).Get("error"); got != "invalid_request" {
		t.Errorf("without a proof key: %q", got)
	}
	elsewhere = *config
	elsewhere.Scopes = []string{"https://graph.microsoft.com/.default"}
	if got := open(elsewhere.AuthCodeURL("state", oauth2.S256ChallengeOption(verifier))).Get("error"); got != "invalid_scope" {
		t.Errorf("for something else: %q", got)
	}
	for _, redirect := range []string{"https://evil.example/", "http://evil.example/", "http://localhost.evil.example/", "http://localhost:40000@evil.example/"} {
		elsewhere.RedirectURL = redirect
		if got := open(elsewhere.AuthCodeURL("state", oauth2.S256ChallengeOption(verifier))); got != nil {
			t.Errorf("sent to %s with %v", redirect, got)
		}
	}
	e.behaveAt(authorizePath, decline)
	if got := open(address).Get("error"); got != "access_denied" {
		t.Errorf("declined: %q", got)
	}
}

// TestDescribedTokens looks into tokens for Partner Center that are JWTs.
func TestDescribedTokens(t *testing.T) {
	t.Parallel()
	e := newEntraID(t, new(secrets))
	if token := e.issue(appOnly); strings.Count(token, ".") > 0 {
		t.Errorf("a token describes itself: %s", token)
	}
	e.live(60)
	e.describe(map[string]any{"amr": []string{"pwd"}, "tid": otherTenant})
	var app, user struct {
		Aud, Tid, Appid, Idtyp, Scp string
		Amr                         []string
		Iat, Exp                    int64
	}
	for kind, claims := range map[string]any{appOnly: &app, appUser: &user} {
		token := e.issue(kind)
		if e.kind(token) != kind {
			t.Errorf("a token of the kind %q, want %q", e.kind(token), kind)
		}
		if err := json.Unmarshal([]byte(decode(strings.Split(token, ".")[1])), claims); err != nil {
			t.Fatal(err)
		}
	}
	if app.Aud != partnerCenterID || app.Idtyp != "app" || app.Scp != "" || app.Appid != clientID || app.Tid != otherTenant {
		t.Errorf("%+v", app)
	}
	if user.Aud != partnerCenterID || user.Idtyp != "" || user.Scp != "user_impersonation" || !slices.Equal(user.Amr, []string{"pwd"}) {
		t.Errorf("%+v", user)
	}
	if left := time.Until(time.Unix(user.Exp, 0)); left > time.Minute || left < 50*time.Second {
		t.Errorf("%v left of a minute", left)
	}
}

// TestRefusals has every refusal be as Entra ID's are, and repeat what it was sent.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for code, refusal := range refusals {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("refresh_token=repeated"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		aadsts(code)(w, r)
		var body struct {
			Error string
			Text  string `json:"error_description"`
			Codes []int  `json:"error_codes"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Fatal(err)
		}
		if w.Code != refusal.status || body.Error != refusal.error || !slices.Equal(body.Codes, []int{code}) || !strings.Contains(body.Text, "repeated") {
			t.Errorf("AADSTS%d: %d %+v", code, w.Code, body)
		}
	}
}
