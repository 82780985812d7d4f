package entra

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/fault"
)

func TestInspect(t *testing.T) {
	for _, c := range []struct {
		claims map[string]any
		want   Claims
	}{
		{map[string]any{"aud": resource, "tid": contoso, "scp": "user_impersonation", "amr": []string{"pwd", "mfa"}},
			Claims{resource, contoso, true, true}},
		{map[string]any{"aud": resource, "tid": contoso, "scp": "user_impersonation", "amr": []string{"pwd"}},
			Claims{resource, contoso, false, true}},
		{map[string]any{"aud": resource, "tid": contoso, "roles": []string{"x"}, "xms_cc": 1},
			Claims{resource, contoso, false, false}},
		{map[string]any{"aud": []string{resource}, "tid": contoso, "amr": []any{1, "mfa"}}, Claims{resource, contoso, true, true}},
		{map[string]any{"aud": []string{resource, "other"}, "tid": 1, "amr": "mfa"}, Claims{resource, "", false, false}},
		{map[string]any{"aud": []any{}, "tid": contoso, "amr": nil}, Claims{"", contoso, false, false}},
		{map[string]any{"aud": 1, "amr": []string{}}, Claims{"", "", false, true}},
	} {
		if got, ok := Inspect(jwt(c.claims)); !ok || got != c.want {
			t.Errorf("%v: %+v, %v", c.claims, got, ok)
		}
	}
	for _, token := range []string{"", "opaque", "a.b", "a.!.c", "a." + base64.RawURLEncoding.EncodeToString([]byte("[]")) + ".c", "a.b.c.d.e"} {
		if got, ok := Inspect(token); ok {
			t.Errorf("%q: %+v", token, got)
		}
	}
}

func TestProbe(t *testing.T) {
	e := newFakeEntra(t)
	m, err := Probe(t.Context(), e.config())
	if err != nil || m.Cloud != "microsoftonline.com" || m.Ahead.Abs() > time.Second {
		t.Errorf("%+v, %v", m, err)
	}
	for _, c := range []struct {
		ahead time.Duration
		body  string
		want  Metadata
		fails bool
	}{
		{10 * time.Minute, `{"issuer":"i","cloud_instance_name":"microsoftonline.us"}`, Metadata{Cloud: "microsoftonline.us", Ahead: 10 * time.Minute}, false},
		{-2 * time.Hour, `{"issuer":"i","cloud_instance_name":"partner.microsoftonline.cn"}`, Metadata{Cloud: "partner.microsoftonline.cn", Ahead: -2 * time.Hour}, false},
		{0, `{"issuer":"i","cloud_instance_name":"A <b>"}`, Metadata{}, false},
		{0, `{"issuer":"i"}`, Metadata{}, false},
		{0, `{}`, Metadata{}, true},
		{0, `<html>`, Metadata{}, true},
	} {
		e := newFakeEntra(t)
		e.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", time.Now().Add(c.ahead).UTC().Format(http.TimeFormat))
			fmt.Fprint(w, c.body)
		})
		m, err := Probe(t.Context(), e.config())
		if (err != nil) != c.fails || m.Cloud != c.want.Cloud || (m.Ahead-c.want.Ahead).Abs() > time.Second {
			t.Errorf("%s: %+v, %v", c.body, m, err)
		}
	}

	c := e.config()
	c.TenantID = "fabrikam"
	_, err = Probe(t.Context(), c)
	var r *Refused
	if kindOfError(err) != fault.PartnerCenterUnauthorized || !errors.As(err, &r) || !slices.Equal(r.Codes, []int{90002}) || !strings.Contains(Remedy(err), "CONNECTOR_TENANT_ID") {
		t.Errorf("%v: %s", err, Remedy(err))
	}
	c.Authority = "https://127.0.0.1:1"
	if _, err := Probe(t.Context(), c); kindOfError(err) != fault.IdentityUnavailable {
		t.Error(err)
	}
}

// TestRemedies are lines that an administrator can read.
func TestRemedies(t *testing.T) {
	for code, text := range remedies {
		if !strings.HasSuffix(text, ".") || strings.Contains(text, "\n") || text[:1] != strings.ToUpper(text[:1]) {
			t.Errorf("%d: %q", code, text)
		}
		err := fmt.Errorf("more: %w", asFault(&Refused{Peer: entraID, Status: 400, Name: "invalid_grant", Codes: []int{1, code}}))
		if got := Remedy(err); got != text {
			t.Errorf("%d: %q", code, got)
		}
	}
	for _, code := range slices.Concat(mfaCodes, []int{7000215, 7000222, 700027, 7000214, 700016, 90002, 900382, 500011, 650057, 65001, 700082, 70008, 50173,
		53003, 70021, 700211, 700212, 700213, 7002131, 700024, 7000112, 70043}) {
		if remedies[code] == "" {
			t.Errorf("no remedy for %d", code)
		}
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{errors.New("something"), ""},
		{&Refused{Peer: entraID, Status: 400, Name: "invalid_request", Codes: []int{12345}}, "https://login.microsoftonline.com/error?code=12345"},
		{&Refused{Peer: entraID, Status: 400, Name: "invalid_client"}, "credential"},
		{&Refused{Peer: entraID, Status: 400, Name: "interaction_required"}, "connector consent"},
		{&Refused{Peer: entraID, Status: 400}, "sign-in logs"},
		{&Refused{Peer: entraID, Status: 429}, "Wait"},
		{&Refused{Peer: entraID, Status: 500}, "Wait"},
		{&Refused{Peer: entraID, Status: 400, Name: "temporarily_unavailable"}, "Wait"},
		{&Refused{Peer: entraID, Status: 302}, "Check CONNECTOR_AUTHORITY_URL and CONNECTOR_TENANT_ID: what answers there is not Entra ID's token endpoint."},
		{&Refused{Peer: entraID, Status: 404, Name: "invalid_request"}, "Check CONNECTOR_AUTHORITY_URL and CONNECTOR_TENANT_ID"},
		{&Refused{Peer: entraID, Status: 400, Name: "invalid_grant"}, "sign-in logs"},
		{&Refused{Peer: entraID, Status: 400, Name: "invalid_grant", user: true}, "Run connector consent and sign in again."},
		{&Refused{Peer: entraID, Status: 400, Name: "invalid_grant", user: true, Codes: []int{12345}}, "code=12345"},
		{&Refused{Peer: entraID, Status: 400, Name: "invalid_grant", sub: "consent_required"}, remedies[65001]},
		{&Refused{Peer: entraID, Status: 400, Name: "invalid_grant", sub: "consent_required", Codes: []int{12345}}, remedies[65001]},
		{&Refused{Peer: entraID, Status: 400, Name: "invalid_grant", sub: "basic_action", Codes: []int{53003}}, remedies[53003]},
		{&Refused{Peer: entraID, Status: 400, Name: "invalid_grant", sub: "basic_action"}, consentAgain},
		{&Refused{Peer: entraID, Status: 400, Name: "invalid_grant", sub: "mfa_required"}, mfaMissing},
		{&Refused{Peer: managedIdentity, Status: 400, Name: "invalid_request"}, "CONNECTOR_MANAGED_IDENTITY"},
	} {
		if got := Remedy(c.err); !strings.Contains(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%v: %q", c.err, got)
		}
	}
}
