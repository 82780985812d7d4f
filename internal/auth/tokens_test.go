package auth

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/partner-center/connector/internal/fault"
)

// TestLibraryTokens verifies tokens that a library signed.
func TestLibraryTokens(t *testing.T) {
	signed := func(key *rsa.PrivateKey, alg jose.SignatureAlgorithm, id, payload string) string {
		signer := must(jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: id}}, nil))
		return must(must(signer.Sign([]byte(payload))).CompactSerialize())
	}
	rows := []row{
		{"accepts v2 by key-A", signed(keyA(), jose.RS256, "key-A", v2Payload), ""},
		{"accepts v1 by key-A", signed(keyA(), jose.RS256, "key-A", v1Payload), ""},
		{"accepts v2 by key-B", signed(keyB(), jose.RS256, "key-B", v2Payload), ""},
		{"accepts v1 by key-B", signed(keyB(), jose.RS256, "key-B", v1Payload), ""},
	}
	for _, alg := range []jose.SignatureAlgorithm{jose.RS384, jose.RS512, jose.PS256} {
		rows = append(rows, row{"rejects " + string(alg), signed(keyA(), alg, "key-A", v2Payload), "InvalidToken"})
	}
	verifyRows(t, rows)
}

// TestClients limits the client apps that may call.
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
		expect(t, v, "none", sign(keyA(), goodHeader, replace(v2Payload, `"azp":"`+client+`",`, ``)),
			"ClientNotAllowed")
		v = NewTokens(configuration(e))
		if identity, err := v.Verify(t.Context(), sign(keyA(), goodHeader, replace(v2Payload, client,
			other))); err != nil || identity.Client != other {
			t.Errorf("any client: %+v, %v", identity, err)
		}
	})
}

// TestTimesPass follows tokens past the ends of their lives, with a verifier that remembers them
// and with new ones.
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

// TestConcurrentUse has many callers use few tokens at random times.
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

// FuzzToken shows that an invented token is never accepted, and that a signed one is accepted only
// if another JSON reader finds the same claims in it.
func FuzzToken(f *testing.F) {
	f.Add("a.b.c", goodHeader, v2Payload)
	f.Add(strings.Repeat(".", 10_000), `{"alg":"none"}`, v1Payload)
	for _, c := range allChanges() {
		f.Add("", goodHeader, strings.Replace(c.payload, c.old, c.new, 1))
	}
	e := &entra{}
	e.publish(publicJWK("key-A", &keyA().PublicKey))
	c := configuration(e)
	now := time.Now().Unix()
	f.Fuzz(func(t *testing.T, text, header, payload string) {
		v := NewTokens(c)
		if _, err := v.Verify(context.Background(), text); !isRejection(err) {
			t.Fatalf("%q: %v", text, err)
		}
		payload = strings.NewReplacer("946684800", fmt.Sprint(now), "946688400", fmt.Sprint(now+3600)).Replace(payload)
		signed := sign(keyA(), header, payload)
		identity, err := v.Verify(context.Background(), signed)
		if err != nil {
			if !isRejection(err) {
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
		// encoding/json ignores case, so it can fail on a payload that is fine.
		if json.Unmarshal([]byte(payload), &p) == nil && !strings.Contains(payload, `\u`) && p.Ver == "2.0" {
			if (identity != Identity{p.Tid, p.Oid, p.Azp}) || p.Tid != tenant ||
				p.Iss != c.Authority+"/"+tenant+"/v2.0" || p.Exp < now-60 || p.Nbf > time.Now().Unix()+60 ||
				!strings.Contains(p.Scp, c.Scope) {
				t.Fatalf("the payload %q: %+v", payload, identity)
			}
		}
		other := signed[:len(signed)-1] + loose(signed[len(signed)-1])
		if _, err := v.Verify(context.Background(), other); !isRejection(err) {
			t.Fatalf("%q: %v", other, err)
		}
	})
}

// isRejection reports whether an error is a 401 or 403 that discloses nothing of a token beyond
// what isKnownCause allows.
func isRejection(err error) bool {
	var f *fault.Error
	return errors.As(err, &f) && ((f.Code.Status() == 401) || (f.Code.Status() == 403)) && isKnownCause(f.Cause)
}

func BenchmarkVerify(b *testing.B) {
	e := &entra{}
	e.publish(publicJWK("key-A", &keyA().PublicKey))
	now := time.Now().Unix()
	payload := strings.NewReplacer("946684800", fmt.Sprint(now), "946688400", fmt.Sprint(now+3600), `"Ada"`,
		`"`+strings.Repeat("a", 480)+`"`).Replace(v2Payload)
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
