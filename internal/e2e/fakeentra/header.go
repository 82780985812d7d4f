package fakeentra

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"

	"github.com/partner-center/connector/internal/e2e/reply"
)

// headerMutations change the header only. Those that name a place of the key are signed by the
// right key, so that only the member is wrong.
var headerMutations = map[string]mutation{
	"kid-missing":           withoutHeader("kid"),
	"kid-empty":             header("kid", ""),
	"kid-null":              header("kid", nil),
	"kid-number":            header("kid", 1),
	"kid-array":             func(t *Token) { t.Header["kid"] = []any{t.Header["kid"]} },
	"kid-object":            header("kid", map[string]any{"$gt": ""}),
	"kid-long":              header("kid", strings.Repeat("k", 129)),
	"kid-unknown":           header("kid", base64.RawURLEncoding.EncodeToString([]byte("a key that is not."))),
	"kid-case":              func(t *Token) { t.Header["kid"] = swapCase(t.Header["kid"].(string)) },
	"kid-space":             func(t *Token) { t.Header["kid"] = t.Header["kid"].(string) + " " },
	"kid=../../../dev/null": header("kid", "../../../dev/null"),
	"kid-sql":               header("kid", "' UNION SELECT '"+CallerOnly+"' --"),
	"kid-crlf":              header("kid", "a\r\n{\"level\":\"ERROR\",\"msg\":\""+CallerOnly+"\"}"),
	"kid-nul":               header("kid", "a\x00"+CallerOnly),
	"kid-url":               header("kid", "https://evil.example/"+CallerOnly),
	"kid-shell":             header("kid", "$(id)`id`|id"),
	"kid-utf8":              header("kid", "clé"+CallerOnly),
	"kid-percent":           header("kid", "%s%n%d%20"),

	"jku":      header("jku", "https://evil.example/"+CallerOnly),
	"jku-ours": func(t *Token) { t.Header["jku"] = t.issuer.URL + "/" + TenantID + KeysPath },
	"jwk": func(t *Token) { // the key that signed
		t.Header["jwk"] = foreignKey().jwk()
		t.sign = signByForeignKey
	},
	"jwk-alone": func(t *Token) {
		delete(t.Header, "kid")
		t.Header["jwk"] = foreignKey().jwk()
		t.sign = signByForeignKey
	},
	"jwk-ours": func(t *Token) { t.Header["jwk"] = t.issuer.signingKey().jwk() },
	"x5u":      header("x5u", "https://evil.example/"+CallerOnly),
	"x5c": func(t *Token) {
		t.Header["x5c"] = []string{base64.StdEncoding.EncodeToString(foreignKey().certificate)}
		t.sign = signByForeignKey
	},
	"x5c-ours": func(t *Token) { t.Header["x5c"] = t.issuer.signingKey().jwk()["x5c"] },

	"crit":       headers(map[string]any{"crit": []string{"exp"}, "exp": 1}),
	"crit-known": header("crit", []string{"alg"}),
	"crit-empty": header("crit", []string{}),
	"crit-null":  header("crit", nil),
	"b64":        headers(map[string]any{"crit": []string{"b64"}, "b64": false}),
	"b64-true":   header("b64", true),
	"zip":        header("zip", "DEF"),

	"header-dup":      headerText(func(s string) string { return `{"alg":"none",` + s[1:] }),
	"header-dup-same": headerText(func(s string) string { return `{"alg":"RS256",` + s[1:] }),
	"header-dup-kid": headerText(
		func(s string) string { return strings.TrimSuffix(s, "}") + `,"kid":"` + CallerOnly + `"}` }),
	"header-dup-escape": headerText(func(s string) string {
		return `{"\u0061lg":"none",` + s[1:]
	}),
	"header-case":     headerText(func(s string) string { return strings.Replace(s, `"alg"`, `"ALG"`, 1) }),
	"header-trailing": headerText(func(s string) string { return s + "x" }),
	"header-two":      headerText(func(s string) string { return s + "{}" }),
	"header-array":    headerText(func(s string) string { return "[" + s + "]" }),
	"header-null":     headerText(func(string) string { return "null" }),
	"header-text":     headerText(func(string) string { return "RS256" }),
	"header-empty":    func(t *Token) { t.headerPart = func(string) string { return "" } },
	"header-bom":      headerText(func(s string) string { return "\ufeff" + s }),
	"header-utf8":     headerText(func(s string) string { return strings.Replace(s, `"JWT"`, "\"\xc3\x28\"", 1) }),
	"header-pad": func(t *Token) {
		t.headerPart = func(s string) string { return withPadding(encode(uneven(s))) }
	},
	"header-bits": func(t *Token) {
		t.headerPart = func(s string) string { return looseBits(encode(uneven(s))) }
	},
	"header-deep": header("deep", nested(8)),
}

// header sets a member of the header.
func header(name string, value any) mutation { return headers(map[string]any{name: value}) }

// headers sets members of the header.
func headers(members map[string]any) mutation {
	return func(t *Token) { maps.Copy(t.Header, members) }
}

// withoutHeader removes a member of the header.
func withoutHeader(name string) mutation { return func(t *Token) { delete(t.Header, name) } }

// headerText changes the header's JSON before it is signed.
func headerText(change func(object string) string) mutation {
	return func(t *Token) { t.headerPart = func(object string) string { return encode(change(object)) } }
}

// payloadText changes the payload's JSON before it is signed.
func payloadText(change func(object string) string) mutation {
	return func(t *Token) { t.payloadPart = func(object string) string { return encode(change(object)) } }
}

// uneven adds spaces until the base64 of a text has unused bits and needs padding.
func uneven(text string) string {
	for len(text)%3 == 0 {
		text += " "
	}
	return text
}

// withPadding adds the padding of base64.
func withPadding(part string) string { return part + strings.Repeat("=", -len(part)&3) }

// swapCase changes the case of every letter.
func swapCase(s string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' {
			return r - 'a' + 'A'
		}
		if 'A' <= r && r <= 'Z' {
			return r - 'A' + 'a'
		}
		return r
	}, s)
}

// nested returns arrays in arrays.
func nested(levels int) json.RawMessage {
	return json.RawMessage(strings.Repeat("[", levels) + strings.Repeat("]", levels))
}

// formMutations change the spelling of the payload, or of the whole token.
var formMutations = map[string]mutation{
	"payload-trailing": payloadText(func(s string) string { return s + "x" }),
	"payload-two":      payloadText(func(s string) string { return s + s }),
	"payload-nonjson":  payloadText(func(string) string { return "sub=" + CallerOnly + "&aud=" + ServiceID }),
	"payload-array":    payloadText(func(s string) string { return "[" + s + "]" }),
	"payload-null":     payloadText(func(string) string { return "null" }),
	"payload-string":   payloadText(func(string) string { return `"` + CallerOnly + `"` }),
	"payload-empty":    func(t *Token) { t.payloadPart = func(string) string { return "" } },
	"payload-object":   payloadText(func(string) string { return "{}" }),
	"payload-bom":      payloadText(func(s string) string { return "\ufeff" + s }),
	"payload-comment":  payloadText(func(s string) string { return s + "/* */" }),
	"payload-utf8": payloadText(
		func(s string) string { return strings.Replace(s, CallerOnly, CallerOnly+"\xc3\x28", 1) }),
	"payload-utf16": payloadText(
		func(s string) string { return "\x00" + strings.Join(strings.Split(s, ""), "\x00") }),
	"payload-dup": payloadText(func(s string) string { return `{"aud":"https://evil.example",` + s[1:] }),
	"payload-dup-last": payloadText(
		func(s string) string { return strings.TrimSuffix(s, "}") + `,"tid":"` + OtherTenantID + `"}` }),
	"payload-dup-same":   payloadText(func(s string) string { return `{"ver":"2.0",` + s[1:] }),
	"payload-dup-escape": payloadText(func(s string) string { return `{"\u006fid":"` + OtherUserID + `",` + s[1:] }),
	"payload-dup-within": claim("deep", json.RawMessage(`{"a":1,"a":1}`)),
	"payload-pad": func(t *Token) {
		t.payloadPart = func(s string) string { return withPadding(encode(uneven(s))) }
	},
	"payload-bits": func(t *Token) { t.payloadPart = func(s string) string { return looseBits(encode(uneven(s))) } },
	"payload-std": func(t *Token) {
		t.payloadPart = func(s string) string {
			return base64.RawStdEncoding.EncodeToString(
				[]byte(strings.Replace(s, CallerOnly, CallerOnly+"???>>>~~~", 1)))
		}
	},
	"payload-zip": func(t *Token) { t.payloadPart = func(s string) string { return encode(reply.Gzip(s)) } },
	"nested-deep": claim("deep", nested(4000)),
	"nested-9":    claim("deep", nested(8)),
	"nested-8":    claim("deep", nested(7)),
	"huge":        claim("groups", strings.Repeat("g", 14<<10)),
	"large":       claim("groups", strings.Repeat("g", 8<<10)),

	"parts-1": whole(func(_, payload, _ string) string { return payload }),
	"parts-2": whole(func(header, payload, _ string) string { return header + "." + payload }),
	"parts-4": whole(
		func(header, payload, signature string) string { return header + "." + payload + "." + signature + "." }),
	"parts-5": whole(
		func(header, payload, signature string) string { return header + ".." + payload + "." + signature + "." }),
	"dot-lead": whole(
		func(header, payload, signature string) string { return "." + header + "." + payload + "." + signature }),
	"jwe": whole(func(_, payload, signature string) string {
		return encode(`{"alg":"RSA-OAEP-256","enc":"A256GCM","cty":"JWT"}`) + "." + signature + "." +
			encode("twelve bytes") + "." + payload + "." + encode("a tag of 16 byte")
	}),
	"json": whole(func(header, payload, signature string) string {
		return `{"payload":"` + payload + `","protected":"` + header + `","signature":"` + signature + `"}`
	}),
	"swapped": whole(
		func(header, payload, signature string) string { return payload + "." + header + "." + signature }),
	"quoted": whole(func(header, payload, signature string) string {
		return `"` + header + "." + payload + "." + signature + `"`
	}),
	"comma": whole(
		func(header, payload, signature string) string { return header + "." + payload + "." + signature + "," }),
	"nested-token": func(t *Token) {
		inner := t.issuer.NewToken().Compact()
		t.Header["cty"] = "JWT"
		t.payloadPart = func(string) string { return encode(inner) }
	},
}

// whole joins the three parts of a good token in another way.
func whole(join func(header, payload, signature string) string) mutation {
	return func(t *Token) {
		t.finish = func(token string) string {
			parts := strings.Split(token, ".")
			return join(parts[0], parts[1], parts[2])
		}
	}
}
