package auth

import (
	"crypto/rsa"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// change replaces old by new in a payload; want is the code of the rejection.
type change struct{ payload, old, new, want string }

// changes are edits of valid payloads, by the promise that they test: all but the last break one
// rule each.
var changes = []struct {
	promise string
	rows    []change
}{
	{"reads one well-formed payload", []change{
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
	}},
	{"requires well-formed claims", []change{
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
	}},
	{"requires the issuer of tenant and version", []change{
		{v2Payload, `"iss":"https://login.microsoftonline.com/` + tenant + `/v2.0",`, ``, "TokenWrongIssuer"},
		{v2Payload, `"iss":`, `"iss":null,"x":`, "TokenWrongIssuer"},
		{v2Payload, `"iss":"https://login.microsoftonline.com/` + tenant + `/v2.0"`,
			`"iss":["https://login.microsoftonline.com/` + tenant + `/v2.0"]`, "TokenWrongIssuer"},
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
		{v2Payload, `https://login.microsoftonline.com/` + tenant + `/v2.0`, `https://sts.windows.net/` + tenant + `/`,
			"TokenWrongIssuer"},
		{v2Payload, `"2.0"`, `"1.0"`, "TokenWrongIssuer"},
		{v1Payload, `https://sts.windows.net/` + tenant + `/`, `https://login.microsoftonline.com/` + tenant + `/v2.0`,
			"TokenWrongIssuer"},
		{v1Payload, tenant + `/`, tenant, "TokenWrongIssuer"},
		{v1Payload, `https://sts.windows.net`, `https://sts.chinacloudapi.cn`, "TokenWrongIssuer"},
		{v1Payload, `"1.0"`, `"2.0"`, "TokenWrongIssuer"},
	}},
	{"requires an accepted audience", []change{
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
	}},
	{"requires the token to be valid now", []change{
		{v2Payload, `946688400`, `946684200`, "TokenExpired"},
		{v2Payload, `946688400`, `946684739`, "TokenExpired"},
		{v2Payload, `946688400`, `0`, "TokenExpired"},
		{v2Payload, `946688400`, `-1`, "TokenExpired"},
		{v2Payload, `946688400`, fmt.Sprint(math.MinInt64), "TokenExpired"},
		{v2Payload, `"nbf":946684800`, `"nbf":946685400`, "TokenNotYetValid"},
		{v2Payload, `"nbf":946684800`, `"nbf":946684861`, "TokenNotYetValid"},
		{v2Payload, `"nbf":946684800`, `"nbf":` + fmt.Sprint(math.MaxInt64), "TokenNotYetValid"},
	}},
	{"requires an allowed tenant, client and scope", []change{
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
	}},
	{"accepts", []change{
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
	}},
}

// allChanges returns the changes of all promises.
func allChanges() []change {
	var all []change
	for _, c := range changes {
		all = append(all, c.rows...)
	}
	return all
}

func (c change) token(key *rsa.PrivateKey) string {
	if (c.old == `"appid"`) && (c.payload == v2Payload) {
		return sign(key, goodHeader, replace(c.payload, `{`,
			`{"appid":"x",`)) // the claim of the other version is ignored
	}
	return sign(key, goodHeader, replace(c.payload, c.old, c.new))
}

func TestClaims(t *testing.T) {
	for _, c := range changes {
		t.Run(c.promise, func(t *testing.T) {
			var rows []row
			for _, r := range c.rows {
				rows = append(rows, row{fmt.Sprintf("%.60q for %.40q", r.new, r.old), r.token(keyA()), r.want})
			}
			verifyRows(t, rows)
		})
	}
}

// TestOrderOfRejections breaks two rules at once, one that leads to a 401 and one that leads to a
// 403. The 401 wins: who may call is disclosed only for a valid token for this service.
func TestOrderOfRejections(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *entra, v *Tokens) {
		for _, forbidden := range allChanges() {
			if !slices.Contains([]string{"TenantNotAllowed", "ClientNotAllowed", "InsufficientScope"}, forbidden.want) {
				continue
			}
			expect(t, v, forbidden.new, forbidden.token(rogue()), "InvalidToken")
			for claim, want := range map[string]string{
				`"iss":"https`:    "TokenWrongIssuer",
				`"aud":"`:         "TokenWrongAudience",
				`"exp":946688400`: "TokenExpired",
				`"nbf":946684800`: "TokenNotYetValid",
				`"sub":"AQ"`:      "InvalidToken",
				`"oid":"` + user:  "InvalidToken",
			} {
				wrong := map[string]string{`"iss":"https`: `"iss":"http`, `"aud":"`: `"aud":"x`,
					`"exp":946688400`: `"exp":946684700`, `"nbf":946684800`: `"nbf":946684900`,
					`"sub":"AQ"`: `"sub":1,"sub":1`, `"oid":"` + user: `"oid":"x`}[claim]
				both := forbidden
				both.payload = replace(forbidden.payload, claim, wrong)
				expect(t, v, forbidden.new+" and "+wrong, both.token(keyA()), want)
			}
		}
		// Of several broken rules, the first in the documented order decides.
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
