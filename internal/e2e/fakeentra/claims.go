package fakeentra

import (
	"encoding/json"
	"maps"
	"strconv"
	"strings"
	"time"
)

// claimMutations change claims and sign the result, so every token is authentic.
var claimMutations = map[string]mutation{
	"v1":      func(t *Token) { *t = *t.issuer.NewTokenV1() },
	"v1-good": func(t *Token) { *t = *t.issuer.NewTokenV1() },
	"fresh":   func(*Token) {}, // a good token

	"aud-uri":         claim("aud", "api://"+ServiceID),
	"aud-wrong":       claim("aud", "https://graph.microsoft.com"),
	"aud-graph":       claim("aud", "00000003-0000-0000-c000-000000000000"),
	"aud-pc":          claim("aud", Resource),
	"aud-client":      claim("aud", MakerAppID),
	"aud-app":         claim("aud", ClientID),
	"aud-missing":     without("aud"),
	"aud-null":        claim("aud", nil),
	"aud-empty":       claim("aud", ""),
	"aud-case":        claim("aud", strings.ToUpper(ServiceID)),
	"aud-case-scheme": claim("aud", "API://"+ServiceID),
	"aud-slash":       claim("aud", "api://"+ServiceID+"/"),
	"aud-space":       claim("aud", ServiceID+" "),
	"aud-prefix":      claim("aud", ServiceID+"-2"),
	"aud-substring":   claim("aud", ServiceID[:35]),
	"aud-scope":       claim("aud", "api://"+ServiceID+"/"+Scope),
	"aud-list":        claim("aud", ServiceID+",api://"+ServiceID),
	"aud-array":       claim("aud", []string{ServiceID}),
	"aud-array-two":   claim("aud", []string{"https://evil.example/" + CallerOnly, ServiceID}),
	"aud-array-empty": claim("aud", []string{}),
	"aud-object":      claim("aud", map[string]any{ServiceID: true}),
	"aud-number":      claim("aud", 7),
	"aud-name-case":   rename("aud", "AUD"),
	"aud-shadow":      claims(map[string]any{"aud": "https://evil.example/", "AUD": ServiceID, "Aud": ServiceID}),

	"iss-missing":   without("iss"),
	"iss-null":      claim("iss", nil),
	"iss-empty":     claim("iss", ""),
	"iss-array":     change("iss", func(iss string) any { return []string{iss} }),
	"iss-other-tid": change("iss", func(iss string) any { return strings.Replace(iss, TenantID, OtherTenantID, 1) }),
	"iss-http":      change("iss", func(iss string) any { return strings.Replace(iss, "https:", "http:", 1) }),
	"iss-template":  change("iss", func(iss string) any { return strings.Replace(iss, TenantID, "{tenantid}", 1) }),
	"iss-common":    change("iss", func(iss string) any { return strings.Replace(iss, TenantID, "common", 1) }),
	"iss-slash":     change("iss", func(iss string) any { return iss + "/" }),
	"iss-space":     change("iss", func(iss string) any { return iss + " " }),
	"iss-short":     change("iss", func(iss string) any { return strings.TrimSuffix(iss, "/v2.0") }),
	"iss-case":      change("iss", func(iss string) any { return strings.ToUpper(iss) }),
	"iss-dots": change("iss",
		func(iss string) any { return strings.Replace(iss, TenantID, OtherTenantID+"/../"+TenantID, 1) }),
	"iss-encoded": change("iss", func(iss string) any { return strings.Replace(iss, "/v2.0", "%2Fv2.0", 1) }),
	"iss-lookalike": change("iss",
		func(iss string) any { return strings.Replace(iss, "/"+TenantID, ".evil.example/"+TenantID, 1) }),
	"iss-userinfo": change("iss",
		func(iss string) any { return strings.Replace(iss, "/"+TenantID, "@evil.example/"+TenantID, 1) }),
	"iss-within": change("iss", func(iss string) any { return "https://evil.example/?" + iss }),
	"iss-query":  change("iss", func(iss string) any { return iss + "?" + CallerOnly }),
	"iss-us":     claim("iss", "https://login.microsoftonline.us/"+TenantID+"/v2.0"),
	// the service has another authority
	"iss-public":    claim("iss", "https://login.microsoftonline.com/"+TenantID+"/v2.0"),
	"iss-name-case": rename("iss", "Iss"),
	"iss-v1-ver2":   claim("iss", "https://sts.windows.net/"+TenantID+"/"),
	"iss-v2-ver1":   version1(func(t *Token) { t.Claims["iss"] = t.issuer.URL + "/" + TenantID + "/v2.0" }),
	"iss-v1-bare":   version1(claim("iss", "https://sts.windows.net/"+TenantID)),
	"iss-v1-other":  version1(claim("iss", "https://sts.windows.net/"+OtherTenantID+"/")),
	"iss-v1-china":  version1(claim("iss", "https://sts.chinacloudapi.cn/"+TenantID+"/")),
	"iss-v1-http":   version1(claim("iss", "http://sts.windows.net/"+TenantID+"/")),

	"tid-missing":   without("tid"),
	"tid-null":      claim("tid", nil),
	"tid-empty":     claim("tid", ""),
	"tid-number":    claim("tid", 7),
	"tid-array":     claim("tid", []string{TenantID}),
	"tid-upper":     tenant(strings.ToUpper(TenantID)),
	"tid-braces":    tenant("{" + TenantID + "}"),
	"tid-no-dashes": tenant(strings.ReplaceAll(TenantID, "-", "")),
	"tid-name":      tenant("contoso.onmicrosoft.com"),
	"tid-common":    tenant("common"),
	"tid-dots":      tenant(TenantID + "/../" + OtherTenantID),
	"tid-newline":   tenant(TenantID + "\n"),
	"tid-name-case": rename("tid", "TID"),
	"tid-other":     tenant(OtherTenantID),
	"tid-other-v1": version1(
		claims(map[string]any{"tid": OtherTenantID, "iss": "https://sts.windows.net/" + OtherTenantID + "/"})),
	"tid-personal": tenant("9188040d-6c67-4c5b-b112-36a304b66dad"), // Microsoft accounts

	"ver-missing": without("ver"),
	"ver-null":    claim("ver", nil),
	"ver-empty":   claim("ver", ""),
	"ver-3":       claim("ver", "3.0"),
	"ver-short":   claim("ver", "2"),
	"ver-number":  claim("ver", json.RawMessage("2.0")),
	"ver-array":   claim("ver", []string{"2.0"}),

	"oid-missing":   without("oid"),
	"oid-null":      claim("oid", nil),
	"oid-empty":     claim("oid", ""),
	"oid-array":     claim("oid", []string{UserID}),
	"oid-number":    claim("oid", 7),
	"oid-notguid":   claim("oid", CallerOnly+"@contoso.example"),
	"oid-braces":    claim("oid", "{"+UserID+"}"),
	"oid-newline":   claim("oid", UserID+"\n"),
	"oid-slash":     claim("oid", UserID+"/"+MakerAppID),
	"oid-name-case": rename("oid", "Oid"),

	"scp-missing":   without("scp"),
	"scp-null":      claim("scp", nil),
	"scp-empty":     claim("scp", ""),
	"scp-array":     claim("scp", []string{Scope}),
	"scp-other":     claim("scp", "User.Read"),
	"scp-substring": claim("scp", Scope+"X"),
	"scp-prefix":    claim("scp", "not_"+Scope),
	"scp-shorter":   claim("scp", Scope[:len(Scope)-1]),
	"scp-case":      claim("scp", "Access_As_User"),
	"scp-comma":     claim("scp", "User.Read,"+Scope),
	"scp-newline":   claim("scp", "User.Read\n"+Scope),
	"scp-uri":       claim("scp", "api://"+ServiceID+"/"+Scope),
	"scp-name-case": rename("scp", "SCP"),
	"scp-many":      claim("scp", "User.Read "+Scope+" profile"),
	"scp-last":      claim("scp", "User.Read "+Scope),
	"scp-roles":     claims(map[string]any{"scp": "User.Read", "roles": []string{Scope}}),

	"roles-only": func(t *Token) {
		delete(t.Claims, "scp")
		t.Claims["roles"] = []string{Scope}
	},
	"idtyp-app": func(t *Token) {
		delete(t.Claims, "scp")
		maps.Copy(t.Claims, map[string]any{"idtyp": "app", "roles": []string{Scope}, "azpacr": "2"})
	},
	"idtyp-app-v1": version1(without("scp"),
		claims(map[string]any{"idtyp": "app", "roles": []string{Scope}, "appidacr": "2"})),
	"idtyp-scp":  claim("idtyp", "app"),
	"idtyp-user": claim("idtyp", "user"),
	"id-token": func(t *Token) { // what the service's own sign-in page would get
		for _, name := range []string{"scp", "azp", "azpacr"} {
			delete(t.Claims, name)
		}
		t.Claims["nonce"] = OtherUserID
	},

	"azp-other":        claim("azp", ClientID),
	"azp-ourselves":    claim("azp", ServiceID),
	"azp-missing":      without("azp"),
	"azp-null":         claim("azp", nil),
	"azp-empty":        claim("azp", ""),
	"azp-array":        claim("azp", []string{MakerAppID}),
	"azp-list":         claim("azp", ClientID+","+MakerAppID),
	"azp-substring":    claim("azp", MakerAppID[:35]),
	"azp-name-case":    rename("azp", "AZP"),
	"azp-as-appid":     rename("azp", "appid"),
	"appid-other":      version1(claim("appid", ClientID)),
	"appid-missing":    version1(without("appid")),
	"appid-as-azp":     version1(rename("appid", "azp")),
	"appid-beside-azp": claims(map[string]any{"azp": ClientID, "appid": MakerAppID}),

	"claims-more": claims(
		map[string]any{"groups": []string{OtherUserID}, "xms_cc": []string{"CP1"}, "amr": []string{"pwd", "mfa"},
			"acct": 0, "xms_st": map[string]any{"sub": CallerOnly}}),
}

// timeMutations change the times between which the token is valid.
var timeMutations = map[string]mutation{
	"expired":      ends(-10 * time.Minute),
	"exp-over":     ends(-62 * time.Second), // just beyond the leeway
	"exp-leeway":   ends(-40 * time.Second), // within
	"exp-day":      ends(28 * time.Hour),    // as Entra ID gives where it evaluates access continuously
	"exp-zero":     claim("exp", 0),
	"exp-negative": claim("exp", -1),
	"exp-missing":  without("exp"),
	"exp-null":     claim("exp", nil),
	"exp-true":     claim("exp", true),
	"exp-array":    change("exp", func(exp int64) any { return []int64{exp} }),
	"exp-string":   change("exp", func(exp int64) any { return time.Unix(exp, 0).UTC().Format(time.RFC3339) }),
	"exp-quoted":   change("exp", func(exp int64) any { return strconv.FormatInt(exp, 10) }),
	"exp-float":    change("exp", func(exp int64) any { return json.RawMessage(strconv.FormatInt(exp, 10) + ".5") }),
	"exp-point":    change("exp", func(exp int64) any { return json.RawMessage(strconv.FormatInt(exp, 10) + ".0") }),
	"exp-exponent": claim("exp", json.RawMessage("4e9")),
	"exp-huge":     claim("exp", json.RawMessage("99999999999999999999")),
	"exp-infinite": claim("exp", json.RawMessage("1e999")),
	"exp-min":      claim("exp", json.RawMessage("-9223372036854775808")), // less a leeway it is far off
	"exp-max":      claim("exp", json.RawMessage("9223372036854775807")),
	"exp-shadow":   func(t *Token) { t.Claims["EXP"] = t.Claims["exp"]; t.Claims["exp"] = 1 },

	"nbf-future":   begins(10 * time.Minute),
	"nbf-over":     begins(90 * time.Second),
	"nbf-leeway":   begins(40 * time.Second),
	"nbf-missing":  without("nbf"),
	"nbf-null":     claim("nbf", nil),
	"nbf-string":   change("nbf", func(nbf int64) any { return strconv.FormatInt(nbf, 10) }),
	"nbf-float":    change("nbf", func(nbf int64) any { return json.RawMessage(strconv.FormatInt(nbf, 10) + ".5") }),
	"nbf-exponent": claim("nbf", json.RawMessage("1e9")),
	"nbf-huge":     claim("nbf", json.RawMessage("99999999999999999999")),
	"nbf-max":      claim("nbf", json.RawMessage("9223372036854775807")), // plus a leeway it is negative
	"nbf-min":      claim("nbf", json.RawMessage("-9223372036854775808")),
}

// claim sets a claim.
func claim(name string, value any) mutation { return claims(map[string]any{name: value}) }

// claims sets claims.
func claims(some map[string]any) mutation {
	return func(t *Token) { maps.Copy(t.Claims, some) }
}

// without removes a claim.
func without(name string) mutation { return func(t *Token) { delete(t.Claims, name) } }

// change sets a claim to a function of its value in a good token.
func change[T any](name string, to func(T) any) mutation {
	return func(t *Token) { t.Claims[name] = to(t.Claims[name].(T)) }
}

// rename renames a claim.
func rename(name, to string) mutation {
	return func(t *Token) {
		t.Claims[to] = t.Claims[name]
		delete(t.Claims, name)
	}
}

// tenant moves the token to another tenant, with its issuer.
func tenant(id string) mutation {
	return func(t *Token) {
		t.Claims["tid"], t.Claims["iss"] = id, t.issuer.URL+"/"+id+"/v2.0"
	}
}

// version1 applies mutations to a good token of version 1.
func version1(mutate ...mutation) mutation {
	return func(t *Token) {
		*t = *t.issuer.NewTokenV1()
		for _, m := range mutate {
			m(t)
		}
	}
}

// ends sets the expiry, from now.
func ends(from time.Duration) mutation {
	return func(t *Token) { t.Claims["exp"] = time.Now().Add(from).Unix() }
}

// begins sets the beginning of the validity, from now.
func begins(from time.Duration) mutation {
	return func(t *Token) { t.Claims["nbf"] = time.Now().Add(from).Unix() }
}
