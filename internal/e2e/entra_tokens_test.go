package e2e

import (
	"crypto"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
)

// TestMint has go-oidc verify good tokens of both versions, through the fake's metadata.
func TestMint(t *testing.T) {
	t.Parallel()
	e := newEntraID(t, new(secrets))
	ctx := oidc.ClientContext(t.Context(), e.Client())
	provider, err := oidc.NewProvider(ctx, e.URL+"/"+tenantID+"/v2.0")
	if err != nil {
		t.Fatal(err)
	}
	token, err := provider.Verifier(&oidc.Config{ClientID: serviceID}).Verify(ctx, e.mint(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	var claims struct{ Azp, Oid, Tid, Scp, Ver string }
	if err := token.Claims(&claims); err != nil {
		t.Fatal(err)
	}
	if claims.Azp != makersID || claims.Oid != userID || claims.Tid != tenantID || claims.Scp != aScope || claims.Ver != "2.0" {
		t.Errorf("%+v", claims)
	}
	provider, err = oidc.NewProvider(oidc.InsecureIssuerURLContext(ctx, e.URL+"/{tenantid}/v2.0"), e.URL+"/common/v2.0")
	if err != nil {
		t.Fatal(err)
	}
	token, err = provider.VerifierContext(ctx, &oidc.Config{ClientID: "api://" + serviceID, SkipIssuerCheck: true}).Verify(ctx, e.mint(t, "v1"))
	if err != nil {
		t.Fatal(err)
	}
	if want := "https://sts.windows.net/" + tenantID + "/"; token.Issuer != want {
		t.Errorf("version 1 has the issuer %s, want %s", token.Issuer, want)
	}
	if e.askedAt(metadataPath) != 2 || e.askedAt(keysPath) != 2 {
		t.Errorf("%d requests for metadata, %d for keys", e.askedAt(metadataPath), e.askedAt(keysPath))
	}
}

// TestRollOver changes the signing key in both ways, and takes the keys away.
func TestRollOver(t *testing.T) {
	t.Parallel()
	e := newEntraID(t, new(secrets))
	old := e.mint(t, "")
	expect := func(step, token string, good bool) {
		t.Helper()
		keys := oidc.NewRemoteKeySet(oidc.ClientContext(t.Context(), e.Client()), e.URL+"/"+tenantID+keysPath)
		if _, err := keys.VerifySignature(t.Context(), token); (err == nil) != good {
			t.Errorf("%s: %v", step, err)
		}
	}
	expect("at first", old, true)
	e.rollOver(true)
	expect("the old key, kept", old, true)
	expect("the new key", e.mint(t, ""), true)
	e.rollOver(false)
	expect("the old key, withdrawn", old, false)
	expect("the newest key", e.mint(t, ""), true)
	e.behaveAt(keysPath, respond(503, "text/html", ""))
	expect("the keys away", e.mint(t, ""), false)
	e.behaveAt(keysPath, nil)
	expect("the keys back", e.mint(t, ""), true)
}

// parsed is what a token says, to a reader who does not verify.
type parsed struct {
	header, claims members // nil: no JSON object
	signed         bool    // by the fake, and spelt as it spells
}

type members map[string]json.RawMessage

func (e *entraID) parse(token string) (p parsed) {
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
	p.signed = err == nil && rsa.VerifyPKCS1v15(&e.signingKey().private.PublicKey, crypto.SHA256, digest(crypto.SHA256, parts[0]+"."+parts[1]), signature) == nil
	p.header, p.claims = read(parts[0]), read(parts[1])
	return p
}

// changed are the members in which objects differ, in lower case, without those that differ in all tokens.
func changed(a, b members) (names []string) {
	random := []string{"aio", "rh", "sub", "uti", "iat"}
	all := maps.Clone(a)
	maps.Copy(all, b)
	for name := range all {
		x, errX := strconv.Atoi(string(a[name]))
		y, errY := strconv.Atoi(string(b[name]))
		same := string(a[name]) == string(b[name]) || errX == nil && errY == nil && -30 < x-y && x-y < 30 // made one after the other
		if !same && !slices.Contains(random, name) && !slices.Contains(names, strings.ToLower(name)) {
			names = append(names, strings.ToLower(name))
		}
	}
	return names
}

// TestClaimMutations holds every mutation of claims to changing those that it is named after, in an authentic token.
func TestClaimMutations(t *testing.T) {
	t.Parallel()
	e := newEntraID(t, new(secrets))
	version1, version2 := e.parse(e.mint(t, "v1")), e.parse(e.mint(t, ""))
	also := map[string][]string{ // what they change beside
		"expired": {"exp"}, "tid": {"iss"}, "azp": {"appid"}, "appid": {"azp"}, "roles": {"scp"}, "scp": {"roles"},
		"idtyp": {"scp", "roles", "azpacr", "appidacr"}, "id": {"scp", "azp", "azpacr", "nonce"},
		"claims": {"groups", "xms_cc", "amr", "acct", "xms_st"},
	}
	for name := range merge(claimMutations, timeMutations) {
		got := e.parse(e.mint(t, name))
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
		if len(names) == 0 && !slices.Contains([]string{"v1", "v1-good", "fresh"}, name) {
			t.Errorf("%s changes nothing", name)
		}
		for _, claim := range names {
			if !slices.Contains(allowed, claim) {
				t.Errorf("%s changes %s", name, claim)
			}
		}
	}
}

// TestFormMutations holds the others to leaving the claims alone, and to being signed where something else is to be
// wrong.
func TestFormMutations(t *testing.T) {
	t.Parallel()
	e := newEntraID(t, new(secrets))
	good := e.parse(e.mint(t, ""))
	signed := regexp.MustCompile(`^(alg-(signed|missing|empty|array|null|space)|alg=rs256|payload-.*|nested-.*|huge|large|(kid|jku|x5u|crit|b64|zip|header).*|(jwk|x5c)-ours)$`)
	for name := range merge(algorithmMutations, signatureMutations, headerMutations, formMutations) {
		text := e.mint(t, name)
		got := e.parse(text)
		if want := signed.MatchString(name) && name != "payload-flip" && name != "header-flip"; got.signed != want {
			t.Errorf("%s: signed %v", name, got.signed)
		}
		if got.header != nil && got.claims != nil && !strings.HasPrefix(name, "payload-") && name != "swapped" {
			if names := changed(good.claims, got.claims); len(names) > 1 || len(names) == 1 && names[0] != "deep" && names[0] != "groups" {
				t.Errorf("%s changes %v", name, names)
			}
		}
		if tooLarge := len(text) > 16<<10; tooLarge != (name == "huge") || len(text) > 26<<10 {
			t.Errorf("%s has %d bytes", name, len(text))
		}
		if text == "" || strings.ContainsAny(text, "\r\n") {
			t.Errorf("%s cannot be sent", name)
		}
	}
}

// TestMutationsInTable holds the mutations to the table that uses them.
func TestMutationsInTable(t *testing.T) {
	t.Parallel()
	unused := maps.Clone(mutations)
	for _, r := range readTable(t, "testdata/hostile.tsv") {
		for _, item := range r.items {
			if name, ok := strings.CutPrefix(item, "auth:jwt "); ok {
				if mutations[name] == nil && name != "lower-scheme" {
					t.Errorf("%s: no mutation %q", r.id, name)
				}
				delete(unused, name)
			}
		}
	}
	for name := range unused {
		t.Errorf("no row has %s", name)
	}
}
