package fakeentra

import (
	"crypto"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/partner-center/connector/internal/e2e/reply"
	"github.com/partner-center/connector/internal/e2e/secret"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// metadata is the part of the metadata that a verifier of tokens reads.
type metadata struct {
	Issuer string `json:"issuer"`
	Keys   string `json:"jwks_uri"`
}

// fetch decodes the JSON answer to a GET.
func fetch(t *testing.T, client *http.Client, url string, into any) error {
	t.Helper()
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

// verify verifies a token with the keys that the metadata of a tenant lead to, and decodes its claims.
func verify(t *testing.T, e *Server, tenant, token string, claims any) (issuer string, err error) {
	t.Helper()
	var m metadata
	if err := fetch(t, e.Client(), e.URL+"/"+tenant+MetadataPath, &m); err != nil {
		t.Fatal(err)
	}
	var keys jose.JSONWebKeySet
	if err := fetch(t, e.Client(), m.Keys, &keys); err != nil {
		return "", err
	}
	signed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return "", err
	}
	return m.Issuer, signed.Claims(keys, claims)
}

func TestMintMakesTokensOfBothVersions(t *testing.T) {
	t.Parallel()
	e := New(t, new(secret.Set))
	claims := map[string]any{}
	issuer, err := verify(t, e, TenantID, e.Mint(t, ""), &claims)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{
		"aud": ServiceID, "iss": issuer, "azp": MakerAppID, "oid": UserID, "tid": TenantID, "scp": Scope, "ver": "2.0",
	} {
		if claims[name] != want {
			t.Errorf("version 2 has the %s %v, want %v", name, claims[name], want)
		}
	}
	issuer, err = verify(t, e, "common", e.Mint(t, "v1"), &claims)
	if err != nil {
		t.Fatal(err)
	}
	if want := e.URL + "/{tenantid}/v2.0"; issuer != want {
		t.Errorf("the metadata of common have the issuer %s, want %s", issuer, want)
	}
	for name, want := range map[string]any{
		"aud": "api://" + ServiceID, "iss": "https://sts.windows.net/" + TenantID + "/", "appid": MakerAppID,
		"ver": "1.0",
	} {
		if claims[name] != want {
			t.Errorf("version 1 has the %s %v, want %v", name, claims[name], want)
		}
	}
	if (e.Requests(MetadataPath) != 2) || (e.Requests(KeysPath) != 2) {
		t.Errorf("%d requests for metadata, %d for keys, want 2 of each", e.Requests(MetadataPath),
			e.Requests(KeysPath))
	}
}

func TestSigningKeysChange(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	e := New(t, new(secret.Set))
	old := e.Mint(t, "")
	expect := func(step, token string, good bool) {
		t.Helper()
		if _, err := verify(t, e, TenantID, token, new(map[string]any)); (err == nil) != good {
			t.Errorf("%s: %v", step, err)
		}
	}
	expect("first key", old, true)
	e.AddKey()
	expect("old key beside a new one", old, true)
	expect("new key", e.Mint(t, ""), true)
	e.ReplaceKeys()
	expect("removed key", old, false)
	expect("newest key", e.Mint(t, ""), true)
	e.Answer(KeysPath, reply.With(503, "text/html", ""))
	expect("no keys", e.Mint(t, ""), false)
	e.Answer(KeysPath, nil)
	expect("keys again", e.Mint(t, ""), true)
}

// parsed has the parts of a token that was not verified.
type parsed struct {
	header, claims members // nil: not a JSON object
	signed         bool    // with the key of the server, in strict base64
}

// members are the members of a JSON object.
type members map[string]json.RawMessage

// parse parses a token. It leaves out what it cannot parse.
func (e *Server) parse(token string) (p parsed) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return p
	}
	read := func(part string) (object members) {
		text, _ := base64.RawURLEncoding.DecodeString(part)
		_ = json.Unmarshal(text, &object)
		return object
	}
	signature, err := base64.RawURLEncoding.Strict().DecodeString(parts[2])
	sum := digest(crypto.SHA256, parts[0]+"."+parts[1])
	key := &e.signingKey().private.PublicKey
	p.signed = (err == nil) && (rsa.VerifyPKCS1v15(key, crypto.SHA256, sum, signature) == nil)
	p.header, p.claims = read(parts[0]), read(parts[1])
	return p
}

// changed returns the names, in lower case, of members that differ, without those that differ in
// all tokens.
func changed(a, b members) (names []string) {
	random := []string{"aio", "rh", "sub", "uti", "iat"}
	all := maps.Clone(a)
	maps.Copy(all, b)
	for name := range all {
		x, errX := strconv.Atoi(string(a[name]))
		y, errY := strconv.Atoi(string(b[name]))
		// times of tokens that were made one after the other
		moment := (errX == nil) && (errY == nil) && (-120 < x-y) && (x-y < 120)
		same := (string(a[name]) == string(b[name])) || moment
		if !same && !slices.Contains(random, name) && !slices.Contains(names, strings.ToLower(name)) {
			names = append(names, strings.ToLower(name))
		}
	}
	return names
}

// TestClaimMutations checks that every mutation of claims changes the claim that it is named after,
// in an authentic token.
func TestClaimMutations(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	e := New(t, new(secret.Set))
	version1, version2 := e.parse(e.Mint(t, "v1")), e.parse(e.Mint(t, ""))
	also := map[string][]string{ // other claims that a family changes
		"expired": {"exp"}, "tid": {"iss"}, "azp": {"appid"}, "appid": {"azp"}, "roles": {"scp"}, "scp": {"roles"},
		"idtyp": {"scp", "roles", "azpacr", "appidacr"}, "id": {"scp", "azp", "azpacr", "nonce"},
		"claims": {"groups", "xms_cc", "amr", "acct", "xms_st"},
	}
	for name := range merge(claimMutations, timeMutations) {
		got := e.parse(e.Mint(t, name))
		good := version2
		if string(got.claims["ver"]) == `"1.0"` {
			good = version1
		}
		if !got.signed || !reflect.DeepEqual(got.header, good.header) {
			t.Errorf("%s: signed %v, header %v", name, got.signed, got.header)
		}
		family, _, _ := strings.Cut(name, "-")
		allowed := append(also[family], family)
		names := changed(good.claims, got.claims)
		if (len(names) == 0) && !slices.Contains([]string{"v1", "v1-good", "fresh"}, name) {
			t.Errorf("%s changes nothing", name)
		}
		for _, claim := range names {
			if !slices.Contains(allowed, claim) {
				t.Errorf("%s changes %s", name, claim)
			}
		}
	}
}

// TestFormMutations checks that the other mutations do not change claims, and that those about
// something else than the signature are signed.
func TestFormMutations(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	e := New(t, new(secret.Set))
	good := e.parse(e.Mint(t, ""))
	signed := regexp.MustCompile(
		`^(alg-(signed|missing|empty|array|null|space)|alg=rs256|payload-.*|nested-.*|huge|large|(kid|jku|x5u|crit|` +
			`b64|zip|header).*|(jwk|x5c)-ours)$`)
	for name := range merge(algorithmMutations, signatureMutations, headerMutations, formMutations) {
		text := e.Mint(t, name)
		got := e.parse(text)
		if want := signed.MatchString(name) && (name != "payload-flip") && (name != "header-flip"); got.signed != want {
			t.Errorf("%s: signed %v", name, got.signed)
		}
		if (got.header != nil) && (got.claims != nil) && !strings.HasPrefix(name, "payload-") && (name != "swapped") {
			if names := changed(good.claims, got.claims); (len(names) > 1) ||
				((len(names) == 1) && (names[0] != "deep") && (names[0] != "groups")) {
				t.Errorf("%s changes %v", name, names)
			}
		}
		if tooLarge := len(text) > 16<<10; (tooLarge != (name == "huge")) || (len(text) > 26<<10) {
			t.Errorf("%s has %d bytes", name, len(text))
		}
		if (text == "") || strings.ContainsAny(text, "\r\n") {
			t.Errorf("%s cannot be sent", name)
		}
	}
}
