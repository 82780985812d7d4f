package auth

import (
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/partner-center/connector/internal/fault"
)

const (
	tenant   = "b5a2c1d0-7e46-4f83-9c1a-2d3e4f5a6b7c"
	user     = "0d4a1b2c-3e5f-4a6b-8c7d-9e0f1a2b3c4d"
	client   = "2f9d8c7b-6a5e-4d3c-8b2a-1f0e9d8c7b6a"
	stranger = "7c6b5a4f-3e2d-4c1b-9a8f-7e6d5c4b3a29"
	service  = "11112222-3333-4444-8555-666677778888"
)

// Two payloads as Entra ID writes them, good for an hour from the instant at which a bubble's clock begins.
const (
	v2Payload = `{"aud":"` + service + `","iss":"https://login.microsoftonline.com/` + tenant + `/v2.0","iat":946684800,"nbf":946684800,"exp":946688400,` +
		`"azp":"` + client + `","azpacr":"1","name":"Ada","oid":"` + user + `","scp":"access_as_user","sub":"AQ","tid":"` + tenant + `","uti":"x","ver":"2.0"}`
	v1Payload = `{"aud":"api://` + service + `","iss":"https://sts.windows.net/` + tenant + `/","iat":946684800,"nbf":946684800,"exp":946688400,` +
		`"amr":["pwd","mfa"],"appid":"` + client + `","appidacr":"1","idtyp":"user","oid":"` + user + `","scp":"User.Read access_as_user","sub":"AQ","tid":"` + tenant + `","ver":"1.0"}`
)

func configuration(e *entra) TokenConfig {
	return TokenConfig{
		Authority: "https://login.microsoftonline.com",
		V1Issuer:  "https://sts.windows.net",
		TenantID:  tenant,
		Audiences: []string{service, "api://" + service},
		Scope:     "access_as_user",
		Tenants:   []string{tenant},
		Client:    e.client(),
		Timeout:   10 * time.Second,
		Log:       slog.New(slog.NewTextHandler(&e.logged, nil)),
	}
}

// inBubble runs a test on a fake clock with an Entra ID that names key-A and key-B.
func inBubble(t *testing.T, test func(t *testing.T, e *entra, v *Tokens)) {
	keyA, keyB := publicJWK("key-A", &keyA().PublicKey), publicJWK("key-B", &keyB().PublicKey)
	synctest.Test(t, func(t *testing.T) {
		e := &entra{}
		e.publish(keyA, keyB)
		test(t, e, NewTokens(configuration(e)))
	})
}

// causes is all that the log may say about a refused token.
var causes = []string{"form", "base64url", "header", "a header that is not allowed", "alg", "kid", "unknown key id", "signature",
	"payload", "exp, nbf, oid, tid or ver", "iss", "aud", "exp", "nbf", "tid", "azp", "appid", "idtyp", "scp"}

// expect verifies a token and wants the code of a refusal, or none for the identity of the good payloads.
func expect(t testing.TB, v *Tokens, name, token, code string) {
	t.Helper()
	identity, err := v.Verify(t.Context(), token)
	if code == "" {
		if err != nil || identity != (Identity{tenant, user, client}) {
			t.Errorf("%s: got %+v, %v", name, identity, err)
		}
		return
	}
	var f *fault.Error
	if !errors.As(err, &f) || string(f.Code) != code || identity != (Identity{}) {
		t.Errorf("%s: got %+v, %v, want %s", name, identity, err, code)
		return
	}
	if f.Code != fault.IdentityUnavailable && (!isKnownCause(f.Cause) || f.Message != "") {
		t.Errorf("%s: the log is told %q", name, err)
	}
}

// isKnownCause reports whether a cause says nothing of a token but, if it is authentic, three of its claims.
func isKnownCause(cause error) bool {
	if cause == nil {
		return false
	}
	part, received, authentic := strings.Cut(cause.Error(), "; received ")
	return slices.Contains(causes, part) && (!authentic || receivedForm.MatchString(received))
}

var receivedForm = regexp.MustCompile(`^aud (none|".*"( and \d+ bytes more)?), (azp|appid) (none|".*"( and \d+ bytes more)?), tid (none|".*"( and \d+ bytes more)?)$`)

// TestLibraryTokens accepts tokens that another's code signed.
func TestLibraryTokens(t *testing.T) {
	inBubble(t, func(t *testing.T, e *entra, v *Tokens) {
		for id, key := range map[string]*rsa.PrivateKey{"key-A": keyA(), "key-B": keyB()} {
			signer := must(jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: id}}, nil))
			for _, payload := range []string{v2Payload, v1Payload} {
				expect(t, v, id, must(must(signer.Sign([]byte(payload))).CompactSerialize()), "")
			}
		}
		for _, alg := range []jose.SignatureAlgorithm{jose.RS384, jose.RS512, jose.PS256} {
			signer := must(jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: keyA(), KeyID: "key-A"}}, nil))
			expect(t, v, string(alg), must(must(signer.Sign([]byte(v2Payload))).CompactSerialize()), "InvalidToken")
		}
		if e.fetches != 1 {
			t.Errorf("%d fetches", e.fetches)
		}
	})
}

type change struct{ payload, old, new, want string }

// changes break one rule each.
var changes = []change{
	// Well-formedness.
	{v2Payload, `}`, `}}`, "InvalidToken"},
	{v2Payload, `}`, `} x`, "InvalidToken"},
	{v2Payload, `}`, `}{}`, "InvalidToken"},
	{v2Payload, `}`, ``, "InvalidToken"},
	{v2Payload, v2Payload, `[` + v2Payload + `]`, "InvalidToken"},
	{v2Payload, v2Payload, `null`, "InvalidToken"},
	{v2Payload, v2Payload, `hello`, "InvalidToken"},
	{v2Payload, v2Payload, ``, "InvalidToken"},
	{v2Payload, `{`, "\ufeff{", "InvalidToken"},
	{v2Payload, `"Ada"`, "\"\xc3\"", "InvalidToken"},
	{v2Payload, `"Ada"`, `"\udc00"`, "InvalidToken"},
	{v2Payload, `"Ada"`, `[[[[[[[[1]]]]]]]]`, "InvalidToken"},
	{v2Payload, `"Ada"`, `{"a":{"a":{"a":{"a":{"a":{"a":{"a":{}}}}}}}}`, "InvalidToken"},
	{v2Payload, `"Ada"`, `"Ada","name":"Eve"`, "InvalidToken"},
	{v2Payload, `"Ada"`, `{"a":1,"a":1}`, "InvalidToken"},
	{v2Payload, `"tid"`, `"tid":"` + tenant + `","tid"`, "InvalidToken"},
	{v2Payload, `"exp"`, `"\u0065xp":99999999999,"exp"`, "InvalidToken"},
	// Required claims.
	{v2Payload, `"exp":946688400,`, ``, "InvalidToken"},
	{v2Payload, `946688400`, `"946688400"`, "InvalidToken"},
	{v2Payload, `946688400`, `946688400.0`, "InvalidToken"},
	{v2Payload, `946688400`, `946688400.5`, "InvalidToken"},
	{v2Payload, `946688400`, `9e11`, "InvalidToken"},
	{v2Payload, `946688400`, `9E+11`, "InvalidToken"},
	{v2Payload, `946688400`, `null`, "InvalidToken"},
	{v2Payload, `946688400`, `true`, "InvalidToken"},
	{v2Payload, `946688400`, `[946688400]`, "InvalidToken"},
	{v2Payload, `946688400`, `0946688400`, "InvalidToken"},
	{v2Payload, `946688400`, `9223372036854775808`, "InvalidToken"},
	{v2Payload, `"exp"`, `"Exp"`, "InvalidToken"},
	{v2Payload, `"nbf":946684800,`, ``, "InvalidToken"},
	{v2Payload, `"nbf":946684800`, `"nbf":"946684800"`, "InvalidToken"},
	{v2Payload, `"nbf":946684800`, `"nbf":946684800.0`, "InvalidToken"},
	{v2Payload, `"nbf":946684800`, `"nbf":1e1`, "InvalidToken"},
	{v2Payload, `"nbf":946684800`, `"nbf":null`, "InvalidToken"},
	{v2Payload, `"nbf":946684800`, `"nbf":-9223372036854775809`, "InvalidToken"},
	{v2Payload, `"oid":"` + user + `",`, ``, "InvalidToken"},
	{v2Payload, `"oid":"` + user + `"`, `"oid":null`, "InvalidToken"},
	{v2Payload, `"oid":"` + user + `"`, `"oid":["` + user + `"]`, "InvalidToken"},
	{v2Payload, `"oid":"` + user + `"`, `"oid":""`, "InvalidToken"},
	{v2Payload, user, strings.ToUpper(user), "InvalidToken"},
	{v2Payload, user, strings.ToUpper(user[:8]) + user[8:], "InvalidToken"},
	{v2Payload, user, user[:24] + strings.ToUpper(user[24:]), "InvalidToken"},
	{v2Payload, user, "{" + user + "}", "InvalidToken"},
	{v2Payload, user, user + `\n`, "InvalidToken"},
	{v2Payload, user, strings.ReplaceAll(user, "-", ""), "InvalidToken"},
	{v2Payload, `"tid":"` + tenant + `",`, ``, "InvalidToken"},
	{v2Payload, `"tid":"` + tenant, `"tid":"` + strings.ToUpper(tenant), "InvalidToken"},
	{v2Payload, `"tid":"` + tenant, `"tid":"common`, "InvalidToken"},
	{v2Payload, `"tid":"` + tenant, `"tid":"../` + tenant, "InvalidToken"},
	{v2Payload, `,"ver":"2.0"`, ``, "InvalidToken"},
	{v2Payload, `"2.0"`, `2.0`, "InvalidToken"},
	{v2Payload, `"2.0"`, `2`, "InvalidToken"},
	{v2Payload, `"2.0"`, `"2"`, "InvalidToken"},
	{v2Payload, `"2.0"`, `"3.0"`, "InvalidToken"},
	{v2Payload, `"2.0"`, `""`, "InvalidToken"},
	// Issuer.
	{v2Payload, `"iss":"https://login.microsoftonline.com/` + tenant + `/v2.0",`, ``, "TokenWrongIssuer"},
	{v2Payload, `"iss":`, `"iss":null,"x":`, "TokenWrongIssuer"},
	{v2Payload, `"iss":"https://login.microsoftonline.com/` + tenant + `/v2.0"`, `"iss":["https://login.microsoftonline.com/` + tenant + `/v2.0"]`, "TokenWrongIssuer"},
	{v2Payload, `com/` + tenant, `com/` + stranger, "TokenWrongIssuer"},
	{v2Payload, `"tid":"` + tenant, `"tid":"` + stranger, "TokenWrongIssuer"},
	{v2Payload, `com/` + tenant, `com/common`, "TokenWrongIssuer"},
	{v2Payload, `com/` + tenant, `com/{tenantid}`, "TokenWrongIssuer"},
	{v2Payload, `https://login`, `http://login`, "TokenWrongIssuer"},
	{v2Payload, `https://login`, `HTTPS://login`, "TokenWrongIssuer"},
	{v2Payload, `microsoftonline.com`, `microsoftonline.us`, "TokenWrongIssuer"},
	{v2Payload, `microsoftonline.com`, `microsoftonline.com.evil.example`, "TokenWrongIssuer"},
	{v2Payload, `/v2.0`, `/v2.0/`, "TokenWrongIssuer"},
	{v2Payload, `/v2.0`, `/`, "TokenWrongIssuer"},
	{v2Payload, `https://login.microsoftonline.com/` + tenant + `/v2.0`, `https://sts.windows.net/` + tenant + `/`, "TokenWrongIssuer"},
	{v2Payload, `"2.0"`, `"1.0"`, "TokenWrongIssuer"},
	{v1Payload, `https://sts.windows.net/` + tenant + `/`, `https://login.microsoftonline.com/` + tenant + `/v2.0`, "TokenWrongIssuer"},
	{v1Payload, tenant + `/`, tenant, "TokenWrongIssuer"},
	{v1Payload, `https://sts.windows.net`, `https://sts.chinacloudapi.cn`, "TokenWrongIssuer"},
	{v1Payload, `"1.0"`, `"2.0"`, "TokenWrongIssuer"},
	// Audience.
	{v2Payload, `"aud":"` + service + `",`, ``, "TokenWrongAudience"},
	{v2Payload, service, "00000003-0000-0000-c000-000000000000", "TokenWrongAudience"},
	{v2Payload, service, "https://api.partnercenter.microsoft.com", "TokenWrongAudience"},
	{v2Payload, service, "API://" + service, "TokenWrongAudience"},
	{v2Payload, service, "api://" + service + "/", "TokenWrongAudience"},
	{v2Payload, service, service + " ", "TokenWrongAudience"},
	{v2Payload, `"aud":"` + service + `"`, `"aud":""`, "TokenWrongAudience"},
	{v2Payload, `"aud":"` + service + `"`, `"aud":null`, "TokenWrongAudience"},
	{v2Payload, `"aud":"` + service + `"`, `"aud":["` + service + `"]`, "TokenWrongAudience"},
	{v2Payload, `"aud":"` + service + `"`, `"aud":["x","` + service + `"]`, "TokenWrongAudience"},
	{v2Payload, `"aud"`, `"Aud"`, "TokenWrongAudience"},
	// Times.
	{v2Payload, `946688400`, `946684200`, "TokenExpired"},
	{v2Payload, `946688400`, `946684739`, "TokenExpired"},
	{v2Payload, `946688400`, `0`, "TokenExpired"},
	{v2Payload, `946688400`, `-1`, "TokenExpired"},
	{v2Payload, `946688400`, fmt.Sprint(math.MinInt64), "TokenExpired"},
	{v2Payload, `"nbf":946684800`, `"nbf":946685400`, "TokenNotYetValid"},
	{v2Payload, `"nbf":946684800`, `"nbf":946684861`, "TokenNotYetValid"},
	{v2Payload, `"nbf":946684800`, `"nbf":` + fmt.Sprint(math.MaxInt64), "TokenNotYetValid"},
	// Who may call.
	{strings.ReplaceAll(v2Payload, tenant, stranger), `}`, `}`, "TenantNotAllowed"},
	{strings.ReplaceAll(v1Payload, tenant, stranger), `}`, `}`, "TenantNotAllowed"},
	{v2Payload, `"azp":"` + client + `",`, ``, "ClientNotAllowed"},
	{v2Payload, `"azp"`, `"appid"`, "ClientNotAllowed"},
	{v1Payload, `"appid"`, `"azp"`, "ClientNotAllowed"},
	{v2Payload, `"azp":"` + client + `"`, `"azp":null`, "ClientNotAllowed"},
	{v2Payload, `"azp":"` + client + `"`, `"azp":["` + client + `"]`, "ClientNotAllowed"},
	{v2Payload, client, "", "ClientNotAllowed"},
	{v2Payload, client, "flows", "ClientNotAllowed"},
	{v2Payload, client, strings.ToUpper(client), "ClientNotAllowed"},
	{v2Payload, `"ver"`, `"idtyp":"app","ver"`, "InsufficientScope"},
	{v1Payload, `"user"`, `"app"`, "InsufficientScope"},
	{v1Payload, `"user"`, `["app"]`, "InsufficientScope"},
	{v1Payload, `"user"`, `null`, "InsufficientScope"},
	{v2Payload, `"scp":"access_as_user",`, ``, "InsufficientScope"},
	{v2Payload, `"scp":"access_as_user",`, `"roles":["access_as_user"],`, "InsufficientScope"},
	{v2Payload, `"scp":"access_as_user"`, `"scp":["access_as_user"]`, "InsufficientScope"},
	{v2Payload, `"access_as_user"`, `"User.Read"`, "InsufficientScope"},
	{v2Payload, `"access_as_user"`, `"access_as_userX"`, "InsufficientScope"},
	{v2Payload, `"access_as_user"`, `"Xaccess_as_user User.Read"`, "InsufficientScope"},
	{v2Payload, `"access_as_user"`, `"Access_As_User"`, "InsufficientScope"},
	{v2Payload, `"access_as_user"`, `"User.Read,access_as_user"`, "InsufficientScope"},
	{v2Payload, `"access_as_user"`, `"User.Read\taccess_as_user"`, "InsufficientScope"},
	{v2Payload, `"access_as_user"`, `""`, "InsufficientScope"},
	// Nothing.
	{v2Payload, `{`, " {\n", ""},
	{v2Payload, service, "api://" + service, ""},
	{v2Payload, `946688400`, `946684740`, ""},
	{v2Payload, `946688400`, fmt.Sprint(math.MaxInt64), ""},
	{v2Payload, `"nbf":946684800`, `"nbf":946684860`, ""},
	{v2Payload, `"nbf":946684800`, `"nbf":` + fmt.Sprint(math.MinInt64), ""},
	{v2Payload, `"Ada"`, `[[[[[[[1]]]]]]]`, ""},
	{v2Payload, `"Ada"`, `"[[[[[[[[[["`, ""},
	{v2Payload, `"name"`, `"Tid":"x","TID":1,"Exp":null,"name"`, ""},
	{v2Payload, `"access_as_user"`, `"User.Read  access_as_user Other"`, ""},
	{v2Payload, `"access_as_user"`, `"\u0061ccess_as_user"`, ""},
	{v2Payload, `"appid"`, `"appid"`, ""},
	{v1Payload, `"idtyp":"user",`, ``, ""},
}

func (c change) token(key *rsa.PrivateKey) string {
	if c.old == `"appid"` && c.payload == v2Payload {
		return sign(key, goodHeader, replace(c.payload, `{`, `{"appid":"x",`)) // the other version's claim has no say
	}
	return sign(key, goodHeader, replace(c.payload, c.old, c.new))
}

func TestClaims(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *entra, v *Tokens) {
		for _, c := range changes {
			name := fmt.Sprintf("%q for %q", c.new, c.old)
			before := len(v.verified.byDigest)
			expect(t, v, name, c.token(keyA()), c.want)
			expect(t, v, name, c.token(keyA()), c.want)
			if grown := len(v.verified.byDigest) > before; grown != (c.want == "") {
				t.Errorf("%s: remembered: %t", name, grown)
			}
		}
	})
}

// TestRefusalsInOrder breaks two rules at once, one that is answered with 401 and one with 403: who may not call is
// told to nobody without an authentic token for this service.
func TestRefusalsInOrder(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *entra, v *Tokens) {
		for _, allowed := range changes {
			if !slices.Contains([]string{"TenantNotAllowed", "ClientNotAllowed", "InsufficientScope"}, allowed.want) {
				continue
			}
			expect(t, v, allowed.new, allowed.token(rogue()), "InvalidToken")
			for claim, want := range map[string]string{
				`"iss":"https`:    "TokenWrongIssuer",
				`"aud":"`:         "TokenWrongAudience",
				`"exp":946688400`: "TokenExpired",
				`"nbf":946684800`: "TokenNotYetValid",
				`"sub":"AQ"`:      "InvalidToken",
				`"oid":"` + user:  "InvalidToken",
			} {
				wrong := map[string]string{`"iss":"https`: `"iss":"http`, `"aud":"`: `"aud":"x`, `"exp":946688400`: `"exp":946684700`, `"nbf":946684800`: `"nbf":946684900`, `"sub":"AQ"`: `"sub":1,"sub":1`, `"oid":"` + user: `"oid":"x`}[claim]
				both := allowed
				both.payload = replace(allowed.payload, claim, wrong)
				expect(t, v, allowed.new+" and "+wrong, both.token(keyA()), want)
			}
		}
		// Of several of one status the first of the documented order is told.
		worst := v2Payload
		for _, step := range []struct{ old, new, want string }{
			{client, stranger + "0", "ClientNotAllowed"},
			{`"access_as_user"`, `"x"`, "InsufficientScope"},
			{tenant, stranger, "TokenWrongIssuer"},
			{`"tid":"` + tenant, `"tid":"` + stranger, "TenantNotAllowed"},
			{`"nbf":946684800`, `"nbf":946684900`, "TokenNotYetValid"},
			{`"exp":946688400`, `"exp":946684700`, "TokenExpired"},
			{service, "x", "TokenWrongAudience"},
			{`/v2.0`, `/`, "TokenWrongIssuer"},
			{`"2.0"`, `2.0`, "InvalidToken"},
		} {
			worst = replace(worst, step.old, step.new)
			expect(t, v, step.new, sign(keyA(), goodHeader, worst), step.want)
		}
	})
}

// TestClients limits the clients that may call.
func TestClients(t *testing.T) {
	inBubble(t, func(t *testing.T, e *entra, _ *Tokens) {
		c := configuration(e)
		c.Clients = []string{stranger, client}
		c.Tenants = []string{stranger, tenant}
		v := NewTokens(c)
		expect(t, v, "v2", sign(keyA(), goodHeader, v2Payload), "")
		expect(t, v, "v1", sign(keyA(), goodHeader, v1Payload), "")
		other := "0" + client[1:]
		expect(t, v, "v2", sign(keyA(), goodHeader, replace(v2Payload, client, other)), "ClientNotAllowed")
		expect(t, v, "v1", sign(keyA(), goodHeader, replace(v1Payload, client, other)), "ClientNotAllowed")
		expect(t, v, "none", sign(keyA(), goodHeader, replace(v2Payload, `"azp":"`+client+`",`, ``)), "ClientNotAllowed")
		v = NewTokens(configuration(e))
		if identity, err := v.Verify(t.Context(), sign(keyA(), goodHeader, replace(v2Payload, client, other))); err != nil || identity.Client != other {
			t.Errorf("any client: %+v, %v", identity, err)
		}
	})
}

// TestTimesPass follows tokens over the boundaries of their lives, by a verifier that remembers them and by new ones.
func TestTimesPass(t *testing.T) {
	inBubble(t, func(t *testing.T, e *entra, v *Tokens) {
		good := sign(keyA(), goodHeader, v2Payload)
		early := sign(keyA(), goodHeader, replace(v2Payload, `"nbf":946684800`, `"nbf":946684861`))
		both := func(name, token, want string) {
			t.Helper()
			expect(t, v, name, token, want)
			expect(t, NewTokens(configuration(e)), name+", to a new verifier", token, want)
		}
		both("at its begin", good, "")
		both("early", early, "TokenNotYetValid")
		time.Sleep(time.Second - 1)
		both("a tick early", early, "TokenNotYetValid")
		time.Sleep(time.Nanosecond)
		both("at its begin", early, "")
		time.Sleep(time.Hour + time.Minute - time.Second)
		both("at its end", good, "")
		time.Sleep(time.Nanosecond)
		both("after its end", good, "TokenExpired")
		both("after its end", early, "TokenExpired")
	})
}

func sum(token string) digest { return sha256.Sum256([]byte(token)) }

// TestMemory puts another identity into the memory, which shows whether an answer is from there.
func TestMemory(t *testing.T) {
	inBubble(t, func(t *testing.T, e *entra, v *Tokens) {
		e.publish(publicJWK("key-A", &keyA().PublicKey))
		good := token(keyA(), "key-A", 1)
		marked := Identity{User: "from memory"}
		remembers := func(step string, change func(*verified), want bool) {
			t.Helper()
			entry, ok := v.verified.get(sum(good))
			if !ok {
				t.Fatalf("%s: forgotten", step)
			}
			entry.identity = marked
			change(&entry)
			v.verified.put(sum(good), entry)
			identity, err := v.Verify(t.Context(), good)
			if got := identity == marked; err != nil || got != want {
				t.Errorf("%s: %+v, %v", step, identity, err)
			}
			if !want {
				expect(t, v, step, good, "")
			}
		}
		expect(t, v, "verified", good, "")
		now := time.Now().Unix()
		remembers("as it was", func(*verified) {}, true)
		remembers("another key", func(e *verified) { e.key = &signingKey{"key-A", &keyA().PublicKey} }, false)
		remembers("a key that is gone", func(e *verified) { e.key = &signingKey{"key-C", &keyA().PublicKey} }, false)
		remembers("the clock stepped back", func(e *verified) { e.life.begins = now + 61 }, false)
		remembers("the clock stepped back a little", func(e *verified) { e.life.begins = now + 60 }, true)
		remembers("ended", func(e *verified) { e.life.ends = now - 61 }, false)
		remembers("not ended", func(e *verified) { e.life.ends = now - 60 }, true)
		e.publish(publicJWK("key-A", &keyA().PublicKey), publicJWK("key-B", &keyB().PublicKey))
		expect(t, v, "a rollover", token(keyB(), "key-B", 1), "")
		remembers("after it", func(*verified) {}, true)
		time.Sleep(24*time.Hour + 1)
		remembers("with keys that are too old", func(*verified) {}, false)
		expect(t, v, "another spelling", strings.TrimSuffix(good, good[len(good)-1:]), "InvalidToken")
	})
}

// TestMemoryIsBounded fills the memory with tokens that live and tokens that have ended.
func TestMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := verifiedTokens{byDigest: map[digest]verified{}}
		now := time.Now().Unix()
		put := func(from, to int, ends int64) {
			for i := from; i < to; i++ {
				var d digest
				binary.LittleEndian.PutUint64(d[:], uint64(i))
				m.put(d, verified{life: lifetime{now, ends}})
				if _, ok := m.get(d); !ok || len(m.byDigest) > maxVerified {
					t.Fatalf("%d tokens, the last one among them: %t", len(m.byDigest), ok)
				}
			}
		}
		if maxVerified != 16_384 {
			t.Error(maxVerified)
		}
		live := func() (n int) {
			for _, v := range m.byDigest {
				if v.life.ends > now {
					n++
				}
			}
			return n
		}
		const half = maxVerified / 2
		put(0, half, now-61)
		put(half, maxVerified, now+1)
		if len(m.byDigest) != maxVerified {
			t.Errorf("%d tokens", len(m.byDigest))
		}
		put(maxVerified, maxVerified+1, now+1)
		if live() != half+1 || len(m.byDigest) != half+1 {
			t.Errorf("%d tokens, %d of them live, after the ended ones were dropped", len(m.byDigest), live())
		}
		put(maxVerified+1, 3*maxVerified, now+1)
		if n := len(m.byDigest); n < maxVerified/8*7 {
			t.Errorf("%d tokens", n)
		}
	})
}

// TestMemorySize holds a maxVerified token to 400 bytes.
func TestMemorySize(t *testing.T) {
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	m := verifiedTokens{byDigest: map[digest]verified{}}
	for i := range maxVerified {
		var d digest
		binary.LittleEndian.PutUint64(d[:], uint64(i))
		m.put(d, verified{identity: Identity{strings.Clone(tenant), strings.Clone(user), strings.Clone(client)}})
	}
	each := (heap() - before) / maxVerified
	t.Logf("%d bytes a token", each)
	if each > 400 {
		t.Errorf("%d bytes a token", each)
	}
	runtime.KeepAlive(&m)
}

func TestConcurrentUse(t *testing.T) {
	inBubble(t, func(t *testing.T, e *entra, v *Tokens) {
		e.delay = time.Second
		tokens := make([]string, 20)
		for i := range tokens {
			tokens[i] = token(keyA(), "key-A", i)
		}
		var callers sync.WaitGroup
		for i := range 200 {
			callers.Go(func() {
				expect(t, v, "good", tokens[i%len(tokens)], "")
				time.Sleep(time.Duration(i) * time.Minute)
				expect(t, v, "good", tokens[i%len(tokens)], "")
			})
		}
		callers.Wait()
	})
}

// FuzzToken shows that nobody makes up a token that is accepted, and that a signed one is accepted only if another
// reader of JSON finds in it what it takes.
func FuzzToken(f *testing.F) {
	f.Add("a.b.c", goodHeader, v2Payload)
	f.Add(strings.Repeat(".", 10_000), `{"alg":"none"}`, v1Payload)
	for _, c := range changes {
		f.Add("", goodHeader, strings.Replace(c.payload, c.old, c.new, 1))
	}
	e := &entra{}
	e.publish(publicJWK("key-A", &keyA().PublicKey))
	c := configuration(e)
	now := time.Now().Unix()
	f.Fuzz(func(t *testing.T, text, header, payload string) {
		v := NewTokens(c)
		if _, err := v.Verify(context.Background(), text); !refused(err) {
			t.Fatalf("%q: %v", text, err)
		}
		payload = strings.NewReplacer("946684800", fmt.Sprint(now), "946688400", fmt.Sprint(now+3600)).Replace(payload)
		signed := sign(keyA(), header, payload)
		identity, err := v.Verify(context.Background(), signed)
		if err != nil {
			if !refused(err) {
				t.Fatalf("%q: %v", payload, err)
			}
			return
		}
		var h struct{ Alg, Kid string }
		var p struct {
			Aud, Iss, Oid, Tid, Ver, Scp, Azp, Appid string
			Exp, Nbf                                 int64
		}
		if json.Unmarshal([]byte(header), &h) != nil || h.Alg != "RS256" || h.Kid != "key-A" {
			t.Fatalf("the header %q", header)
		}
		// The library ignores case, and so can fail where there is nothing wrong.
		if json.Unmarshal([]byte(payload), &p) == nil && !strings.Contains(payload, `\u`) && p.Ver == "2.0" {
			if (identity != Identity{p.Tid, p.Oid, p.Azp}) || p.Tid != tenant || p.Iss != c.Authority+"/"+tenant+"/v2.0" || p.Exp < now-60 || p.Nbf > time.Now().Unix()+60 || !strings.Contains(p.Scp, c.Scope) {
				t.Fatalf("the payload %q: %+v", payload, identity)
			}
		}
		other := signed[:len(signed)-1] + loose(signed[len(signed)-1])
		if _, err := v.Verify(context.Background(), other); !refused(err) {
			t.Fatalf("%q: %v", other, err)
		}
	})
}

// refused says whether an error is an answer to a bad token that says nothing of the token's own.
func refused(err error) bool {
	var f *fault.Error
	return errors.As(err, &f) && (f.Code.Status() == 401 || f.Code.Status() == 403) && isKnownCause(f.Cause)
}

func BenchmarkVerify(b *testing.B) {
	e := &entra{}
	e.publish(publicJWK("key-A", &keyA().PublicKey))
	now := time.Now().Unix()
	payload := strings.NewReplacer("946684800", fmt.Sprint(now), "946688400", fmt.Sprint(now+3600), `"Ada"`, `"`+strings.Repeat("a", 480)+`"`).Replace(v2Payload)
	good := sign(keyA(), goodHeader, payload)
	v := NewTokens(configuration(e))
	expect(b, v, "good", good, "")
	b.Logf("a token of %d bytes", len(good))
	b.Run("cold", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			clear(v.verified.byDigest)
			v.Verify(b.Context(), good)
		}
	})
	b.Run("warm", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			v.Verify(b.Context(), good)
		}
	})
	b.Run("warm-parallel", func(b *testing.B) {
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				v.Verify(b.Context(), good)
			}
		})
	})
	b.Run("refused", func(b *testing.B) {
		b.ReportAllocs()
		other := sign(rogue(), goodHeader, payload)
		for b.Loop() {
			v.Verify(b.Context(), other)
		}
	})
}
