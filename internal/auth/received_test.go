package auth

import (
	"strings"
	"testing"
)

// cause returns what is logged about a rejected token.
func cause(t *testing.T, v *Tokens, token string) string {
	t.Helper()
	_, err := v.Verify(t.Context(), token)
	if err == nil {
		t.Fatal("accepted")
	}
	return err.Error()
}

func TestLoggedClaims(t *testing.T) {
	foreign := strings.ReplaceAll(v2Payload, tenant, stranger)
	long := strings.Repeat("x", 1000)
	for _, c := range []struct{ name, payload, want string }{
		{"are those of a v2 token", replace(v2Payload, service, "api://other"),
			`TokenWrongAudience: aud; received aud "api://other", azp "` + client + `", tid "` + tenant + `"`},
		{"are those of a v1 token", replace(v1Payload, `"api://`, `"api:/`),
			`TokenWrongAudience: aud; received aud "api:/` + service + `", appid "` + client + `", tid "` + tenant +
				`"`},
		{"are there for a foreign tenant", foreign,
			`TenantNotAllowed: tid; received aud "` + service + `", azp "` + client + `", tid "` + stranger + `"`},
		{"are there for an expired token", replace(v2Payload, "946688400", "1"),
			`TokenExpired: exp; received aud "` + service + `", azp "` + client + `", tid "` + tenant + `"`},
		{"show what is missing", replace(v2Payload, `"azp":"`+client+`",`, ``),
			`ClientNotAllowed: azp; received aud "` + service + `", azp none, tid "` + tenant + `"`},
		{"show no other types", replace(v2Payload, `"aud":"`+service+`"`, `"aud":["a","b"]`),
			`TokenWrongAudience: aud; received aud not a string, azp "` + client + `", tid "` + tenant + `"`},
		{"are printable ASCII", replace(v2Payload, service, `a\nb\u0000\u202eé`),
			`TokenWrongAudience: aud; received aud "a\nb\x00\u202e\u00e9", azp "` + client + `", tid "` + tenant + `"`},
		{"are bounded", replace(v2Payload, service, long),
			`TokenWrongAudience: aud; received aud "` + long[:256] + `" and 744 bytes more, azp "` + client +
				`", tid "` + tenant + `"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, _ *entra, v *Tokens) {
				if got := cause(t, v, sign(keyA(), goodHeader, c.payload)); got != c.want {
					t.Errorf("got  %s\nwant %s", got, c.want)
				}
			})
		})
	}
	for name, c := range map[string]struct{ token, want string }{
		"without a valid signature": {sign(rogue(), goodHeader, foreign), "InvalidToken: signature"},
		"with an unknown key": {sign(rogue(), replace(goodHeader, `"kid":"key-A"`, `"kid":"key-X"`), foreign),
			"InvalidToken: unknown key id"},
		"with another algorithm":  {sign(keyA(), replace(goodHeader, "RS256", "none"), foreign), "InvalidToken: alg"},
		"without a readable form": {sign(keyA(), goodHeader, foreign)[1:], "InvalidToken: base64url"},
	} {
		t.Run("are kept from the log for a token "+name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, _ *entra, v *Tokens) {
				if got := cause(t, v, c.token); got != c.want && got != "InvalidToken: header" {
					t.Errorf("got %s, want %s", got, c.want)
				}
			})
		})
	}
}
