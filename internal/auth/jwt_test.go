package auth

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestSpellings shows that a token has one spelling.
func TestSpellings(t *testing.T) {
	good := sign(keyA(), goodHeader, v2Payload)
	header, rest, _ := strings.Cut(good, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	last := len(good) - 1
	rows := []row{{"accepts a token", good, ""}}
	for _, c := range []struct{ name, token string }{
		{"nothing", ""},
		{"a word", "x"},
		{"dots alone", "..."},
		{"two dots", ".."},
		{"10,000 dots", strings.Repeat(".", 10_000)},
		{"two parts", header + "." + payload},
		{"four parts", good + "."},
		{"an encrypted token", header + "." + payload + "." + signature + ".AA.AA"},
		{"a detached payload", header + ".." + signature},
		{"a token without a header", "." + payload + "." + signature},
		{"a token without a signature", header + "." + payload + "."},
		{"a flipped bit", good[:last-20] + flip(good[last-20]) + good[last-19:]},
		{"half a signature", good[:len(good)-171]},
		{"an edited payload", header + "." + encode(replace(v2Payload, user, client)) + "." + signature},
		{"an edited header", encode(goodHeader+" ") + "." + payload + "." + signature},
		{"padding", good + "="},
		{"padding twice", good + "=="},
		{"padding of the header", header + "=." + payload + "." + signature},
		{"loose bits in the signature", good[:last] + loose(good[last])},
		{"a newline at the end", good + "\n"},
		{"a newline in the signature", good[:last] + "\n" + good[last:]},
		{"a carriage return", good[:5] + "\r" + good[5:]},
		{"a newline in the header", good[:5] + "\r\n" + good[5:]},
		{"a newline at the start", "\n" + good},
		{"a space in front", " " + good},
		{"text after it", good + " x"},
		{"a scheme", "Bearer " + good},
		{"a tab", good[:5] + "\t" + good[5:]},
		{"base64 of the other alphabet", header + "." + payload + ".+/+/" + signature[4:]},
		{"a byte beyond ASCII", good[:last] + "ä"},
		{"a NUL", good + "\x00"},
		{"the JSON form", `{"protected":"` + header + `","payload":"` + payload + `","signature":"` + signature + `"}`},
		{"two tokens in one", good + good},
	} {
		rows = append(rows, row{"rejects " + c.name, c.token, "InvalidToken"})
	}
	verifyRows(t, rows)
}

// TestLooseBits changes the last character of a part to another that stands for the same bytes. The
// library verifies the signature of what it decodes, so only the strict decoder rejects such a
// token.
func TestLooseBits(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *entra, v *Tokens) {
		for _, header := range []string{goodHeader, goodHeader + " ", goodHeader + "  "} {
			for _, payload := range []string{v2Payload, v2Payload + " ", v2Payload + "  "} {
				token := sign(keyA(), header, payload)
				expect(t, v, "as it was", token, "")
				for i := range token {
					if i+1 < len(token) && token[i+1] != '.' {
						continue
					}
					if other := token[:i] + loose(token[i]) + token[i+1:]; other != token {
						expect(t, v, fmt.Sprint("changed at ", i), other, "InvalidToken")
					}
				}
			}
		}
	})
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// loose returns the next character of the alphabet, which differs in the lowest bit.
func loose(c byte) string {
	return string(alphabet[strings.IndexByte(alphabet, c)^1])
}

// flip returns a character that differs in a high bit.
func flip(c byte) string { return string(alphabet[strings.IndexByte(alphabet, c)^32]) }

func TestSize(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *entra, v *Tokens) {
		pad := func(n int) string { return replace(v2Payload, `"name":"Ada"`, `"name":"`+strings.Repeat("a", n)+`"`) }
		n := 0
		for ; len(sign(keyA(), goodHeader, pad(n))) < maxToken; n += 100 {
		}
		for ; len(sign(keyA(), goodHeader, pad(n))) > maxToken; n-- {
		}
		if got := len(sign(keyA(), goodHeader, pad(n))); got < maxToken-1 || maxToken != 16<<10 {
			t.Fatal(got)
		}
		expect(t, v, "16 KiB", sign(keyA(), goodHeader, pad(n)), "")
		expect(t, v, "more", sign(keyA(), goodHeader, pad(n+2)), "InvalidToken")
	})
}

// TestNonsenseIsCheap shows that text that is not a token costs next to nothing.
func TestNonsenseIsCheap(t *testing.T) {
	v := NewTokens(configuration(&entra{}))
	for _, token := range []string{strings.Repeat(".", 10_000), strings.Repeat("e30.", 4_000), strings.Repeat("A",
		1<<20), strings.Repeat("A", 16_000)} {
		const runs = 100
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range runs {
			v.Verify(t.Context(), token)
		}
		runtime.ReadMemStats(&after)
		if each := (after.TotalAlloc - before.TotalAlloc) / runs; each > 500 {
			t.Errorf("%.10s…: %d bytes", token, each)
		}
	}
}

func TestHeaders(t *testing.T) {
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY",
		Bytes: must(x509.MarshalPKIXPublicKey(&keyA().PublicKey))})
	var rows []row
	const rs256 = "HMAC said to be RS256"
	content := func(alg string) string {
		return encode(replace(goodHeader, "RS256", alg)) + "." + encode(v2Payload)
	}
	mac := func(alg string) string {
		h := hmac.New(sha256.New, public)
		h.Write([]byte(content(alg)))
		return content(alg) + "." + encode(string(h.Sum(nil)))
	}
	rs384 := func() string {
		sum := sha512.Sum384([]byte(content("RS384")))
		return content("RS384") + "." + encode(string(must(rsa.SignPKCS1v15(nil, keyA(), crypto.SHA384, sum[:]))))
	}
	ps256 := func() string {
		sum := sha256.Sum256([]byte(content("PS256")))
		return content("PS256") + "." + encode(string(must(rsa.SignPSS(rand.Reader, keyA(), crypto.SHA256, sum[:],
			nil))))
	}
	for _, c := range []struct{ name, token string }{
		{"alg none", content("none") + "."},
		{"alg None", content("None") + "."},
		{"alg NONE", content("NONE") + "."},
		{"alg none with a signature", sign(keyA(), replace(goodHeader, "RS256", "none"), v2Payload)},
		{"HMAC with the public key", mac("HS256")},
		{rs256, mac("RS256")},
		{"RS384", rs384()},
		{"PS256", ps256()},
	} {
		rows = append(rows, row{"rejects " + c.name, c.token, "InvalidToken"})
		if _, err := readHeader(c.token); err == nil && c.name != rs256 {
			t.Errorf("%s: left to the library to reject", c.name)
		}
	}
	for _, c := range []struct{ name, token string }{
		{"a rogue key", sign(rogue(), goodHeader, v2Payload)},
		{"the other key of Entra ID", sign(keyB(), goodHeader, v2Payload)},
	} {
		rows = append(rows, row{"rejects " + c.name, c.token, "InvalidToken"})
	}

	edits := []struct{ old, new, want string }{
		{`"typ":"JWT",`, ``, ""},
		{`"typ":"JWT"`, `"typ":"at+jwt","cty":1,"Crit":[],"JWK":{}`, ""},
		{`{`, " {\n", ""},
		{`"RS256"`, `"rs256"`, "InvalidToken"},
		{`"RS256"`, `"RS256 "`, "InvalidToken"},
		{`"RS256"`, `["RS256"]`, "InvalidToken"},
		{`"RS256"`, `null`, "InvalidToken"},
		{`"alg"`, `"Alg"`, "InvalidToken"},
		{`"alg":"RS256",`, ``, "InvalidToken"},
		{`"alg"`, `"alg":"none","alg"`, "InvalidToken"},
		{`"alg"`, `"\u0061lg":"RS256","alg"`, "InvalidToken"},
		{`"typ":"JWT"`, `"typ":"JWT","typ":"JWT"`, "InvalidToken"},
		{`"typ":"JWT"`, `"typ":{"a":1,"a":2}`, "InvalidToken"},
		{`"typ":"JWT"`, `"typ":` + strings.Repeat("[", 7) + strings.Repeat("]", 7), ""},
		{`"typ":"JWT"`, `"typ":` + strings.Repeat("[", 8) + strings.Repeat("]", 8), "InvalidToken"},
		{`"typ":"JWT"`, `"typ":` + strings.Repeat("[", 5_000) + strings.Repeat("]", 5_000), "InvalidToken"},
		{`"JWT"`, "\"\xff\"", "InvalidToken"},
		{`"JWT"`, `"\ud800"`, "InvalidToken"},
		{`}`, `}{}`, "InvalidToken"},
		{`}`, `} x`, "InvalidToken"},
		{`}`, ``, "InvalidToken"},
		{`{`, "\ufeff{", "InvalidToken"},
		{goodHeader, `[` + goodHeader + `]`, "InvalidToken"},
		{goodHeader, `null`, "InvalidToken"},
		{goodHeader, `"RS256"`, "InvalidToken"},
		{goodHeader, ``, "InvalidToken"},
		{`,"kid":"key-A"`, ``, "InvalidToken"},
	}
	for _, name := range []string{"crit", "jku", "jwk", "x5u", "x5c", "b64", "zip"} {
		for _, value := range []string{`"https://evil.example/keys"`, `null`, `[]`, `["exp"]`, `{}`, `true`} {
			edits = append(edits, struct{ old, new, want string }{`{`, fmt.Sprintf(`{%q:%s,`, name, value),
				"InvalidToken"})
		}
	}
	for _, id := range []string{``, `../../../dev/null`, `' OR 1=1 --`, `a\r\nb`, `key-A\n`, `key-A\u0000`, `key.A`,
		`key A`, `kéy`, strings.Repeat("k", 129)} {
		edits = append(edits, struct{ old, new, want string }{`"kid":"key-A"`, `"kid":"` + id + `"`, "InvalidToken"})
	}
	for _, id := range []string{`null`, `1`, `["key-A"]`, `{}`} {
		edits = append(edits, struct{ old, new, want string }{`"kid":"key-A"`, `"kid":` + id, "InvalidToken"})
	}
	for _, c := range edits {
		name := fmt.Sprintf("reads %.40q for %.40q", c.new, c.old)
		rows = append(rows, row{name, sign(keyA(), replace(goodHeader, c.old, c.new), v2Payload), c.want})
	}

	jwk := publicJWK("key-A", &rogue().PublicKey)
	rows = append(rows, row{"rejects a token with a key of its own", sign(rogue(), replace(goodHeader, `{`,
		`{"jwk":`+jwk+`,`), v2Payload), "InvalidToken"})
	verifyRows(t, rows)
}

func TestReadObject(t *testing.T) {
	for text, want := range map[string]bool{`{}`: true, ` {"a":[{}]} `: true, `null`: false, `[]`: false, `"{}"`: false,
		`1`: false, ``: false, ` `: false,
		`{}{}`: false, `{},`: false, `{"a":1,"a":1}`: false, `{"a":1,"\u0061":1}`: false, `{"a":{"b":1,"b":1}}`: false,
		"{\"\xff\":1}": false, `{"a":"\ud800"}`: false,
		`{'a':1}`: false, `{"a":01}`: false, `{"a":1,}`: false, `{"a":NaN}`: false, `{"a":1}//`: false,
		strings.Repeat(`{"a":`, 20_000): false} {
		t.Run(fmt.Sprintf("%.40q", text), func(t *testing.T) {
			if o, ok := readObject([]byte(text)); ok != want {
				t.Errorf("%v, %t", o, ok)
			}
		})
	}
}

// TestLongKeyID uses the longest ID that a key can have.
func TestLongKeyID(t *testing.T) {
	inBubble(t, func(t *testing.T, e *entra, v *Tokens) {
		id := strings.Repeat("k_-9", 32)
		e.publish(publicJWK(id, &keyA().PublicKey))
		expect(t, v, id, sign(keyA(), replace(goodHeader, `"kid":"key-A"`, `"kid":"`+id+`"`), v2Payload), "")
	})
}

func TestLifetime(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	for _, c := range []struct {
		life         lifetime
		now          time.Time
		begun, ended bool
	}{
		{lifetime{1_000_000, 1_000_000}, now, true, false},
		{lifetime{1_000_060, 999_940}, now, true, false},
		{lifetime{1_000_061, 999_939}, now, false, true},
		{lifetime{1_000_060, 999_940}, now.Add(1), true, true},
		{lifetime{1_000_061, 999_941}, now.Add(time.Second - 1), false, false},
		{lifetime{1_000_061, 999_940}, now.Add(time.Second), true, true},
		{lifetime{math.MinInt64, math.MaxInt64}, now, true, false},
		{lifetime{math.MaxInt64, math.MinInt64}, now, false, true},
	} {
		if begun, ended := c.life.begun(c.now), c.life.ended(c.now); begun != c.begun || ended != c.ended {
			t.Errorf("%+v at %v: begun %t, ended %t", c.life, c.now.UnixNano(), begun, ended)
		}
	}
}
