package partnercenter

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/fault"
)

func TestCodeOf(t *testing.T) {
	const customer, list = "/customers/x/orders", "/customers"
	for _, c := range []struct {
		status int
		code   string
		path   string
		want   fault.Code
	}{
		{101, "", list, fault.PartnerCenterError},
		{201, "", list, fault.PartnerCenterError},
		{204, "", list, fault.PartnerCenterError},
		{206, "", list, fault.PartnerCenterError},
		{301, "", list, fault.PartnerCenterRedirect},
		{304, "", customer, fault.PartnerCenterRedirect},
		{400, "", list, fault.PartnerCenterRejected},
		{400, "2000", list, fault.PartnerCenterRejected},
		{400, "2204", customer, fault.PartnerIdNotValid},
		{400, "900118", customer, fault.PartnerCenterInvalidCustomer},
		{400, "12345", customer, fault.PartnerCenterRejected},
		{401, "", list, fault.PartnerCenterUnauthorized},
		{401, "400", list, fault.PartnerCenterUnauthorized},
		{401, "900420", list, fault.PartnerCenterWrongAudience},
		{401, "900421", list, fault.MfaRequired},
		{403, "", customer, fault.PartnerCenterForbidden},
		{403, "900308", list, fault.InsufficientPrivileges},
		{403, "12345", list, fault.PartnerCenterForbidden},
		{403, "20002", customer, fault.NoCustomerRelationship},
		{403, "400036", customer, fault.TargetViewNotAllowed},
		{403, "900329", list, fault.AppOnlyNotSupported},
		{400, "400036", customer, fault.PartnerCenterRejected},
		{404, "", list, fault.PartnerCenterNotFound},
		{404, "", customer, fault.CustomerNotFound},
		{404, "", "/customers/x", fault.CustomerNotFound},
		{404, "60003", customer, fault.CustomerNotFound},
		{404, "20003", customer, fault.SubscriptionNotFound},
		{404, "1000", customer, fault.CustomerNotFound},
		{404, "60003", list, fault.CustomerNotFound},
		{404, "", "/invoices/G1/documents/statement", fault.InvoiceNotFound},
		{404, "", "/invoices", fault.PartnerCenterNotFound},
		{404, "60003", "/invoices/G1", fault.InvoiceNotFound},
		{404, "20000", "/invoices/G1/documents/statement", fault.InvoiceNotFound},
		{400, "3000", "/invoices/G1", fault.PartnerCenterInvalidProperty},
		{403, "900329", "/invoices/G1", fault.AppOnlyNotSupported},
		{403, "900308", "/invoices", fault.InsufficientPrivileges},
		{405, "", list, fault.PartnerCenterRejected},
		{408, "", list, fault.PartnerCenterRejected},
		{409, "", list, fault.PartnerCenterRejected},
		{429, "", list, fault.PartnerCenterThrottled},
		{451, "", list, fault.PartnerCenterRejected},
		{500, "800003", customer, fault.PartnerCenterError},
		{501, "0", list, fault.PartnerCenterError},
		{502, "", list, fault.PartnerCenterError},
		{503, "", list, fault.PartnerCenterUnavailable},
		{504, "", list, fault.PartnerCenterError},
		{599, "", list, fault.PartnerCenterError},
		{999, "", list, fault.PartnerCenterError},
	} {
		t.Run(fmt.Sprintf("%d_code_%s_of%s", c.status, c.code, strings.ReplaceAll(c.path, "/", "_")),
			func(t *testing.T) {
				if got := codeOf(c.status, c.code, c.path); got != c.want {
					t.Errorf("got %s, want %s", got, c.want)
				}
			})
	}
}

func TestReadErrorBody(t *testing.T) {
	for _, c := range []struct {
		body string
		want errorBody
	}{
		{`{"code":2000,"description":"x"}`, errorBody{code: "2000"}},
		{`{"code":"2000"}`, errorBody{code: "2000"}},
		{"\xef\xbb\xbf" + `{"code":2000}`, errorBody{code: "2000"}},
		{`{"code":2000,"description":1}`, errorBody{code: "2000"}},
		{`{"statusCode":429,"message":"x"}`, errorBody{}},
		{`{"error":{"code":"invalid"}}`, errorBody{}},
		{`{"code":{"x":1}}`, errorBody{}},
		{`{"code":-1}`, errorBody{}},
		{`{"code":null}`, errorBody{}},
		{`<html>`, errorBody{}},
		{``, errorBody{}},
		{`{"code":1` + strings.Repeat(" ", 70_000) + `}`, errorBody{}},
		{`{"code":9,"description":"MFA is required."}`, errorBody{"9", true}},
		{`{"message":"The user must use multi-factor authentication."}`, errorBody{"", true}},
		{`{"description":"no multifactor claim"}`, errorBody{"", true}},
		{`{"description":"the amfax machine"}`, errorBody{}},
		{`{"error":{"code":"x","message":"MFA is needed"}}`, errorBody{"", true}},
		{`MFA is needed`, errorBody{"", true}},
	} {
		t.Run(fmt.Sprintf("%.40s", c.body), func(t *testing.T) {
			if got := readErrorBody(answerWith(401, c.body)); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestClaimsChallenge(t *testing.T) {
	for _, c := range []struct {
		name, claims string
		want         bool
	}{
		{"for_an_authentication_context", `{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`, true},
		{"for_a_method", `{"access_token":{"amr":{"essential":true,"values":["mfa"]}}}`, true},
		{"for_a_later_sign_in", `{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			claims := base64.StdEncoding.EncodeToString([]byte(c.claims))
			resp := answerWith(401, "")
			resp.Header.Set("WWW-Authenticate", `Bearer realm="", error="insufficient_claims", claims="`+claims+`"`)
			if got := readErrorBody(resp).wantsMFA; got != c.want {
				t.Errorf("wants MFA: %t", got)
			}
		})
	}
}

func answerWith(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
}

// TestRefusedToken checks that a refusal blames the token that was sent: only its owner can do
// something about it.
func TestRefusedToken(t *testing.T) {
	for _, c := range []struct {
		name, body       string
		status           int
		service, callers fault.Code
	}{
		{"without_code", ``, 401, fault.PartnerCenterUnauthorized, fault.PartnerCenterRefusedToken},
		{"of_another_audience", `{"code":900420}`, 401, fault.PartnerCenterWrongAudience,
			fault.PartnerCenterRefusedToken},
		{"without_MFA", `{"code":900421}`, 401, fault.MfaRequired, fault.MultifactorSignInRequired},
		{"without_MFA_in_words", `{"description":"no MFA claim"}`, 401, fault.MfaRequired,
			fault.MultifactorSignInRequired},
		{"without_privileges", `{"code":900308}`, 403, fault.InsufficientPrivileges, fault.InsufficientPrivileges},
		{"of_an_app", `{"code":900329}`, 403, fault.AppOnlyNotSupported, fault.AppOnlyNotSupported},
		{"forbidden", `{"description":"no MFA claim"}`, 403, fault.PartnerCenterForbidden,
			fault.PartnerCenterForbidden},
		{"by_a_failure", ``, 500, fault.PartnerCenterError, fault.PartnerCenterError},
	} {
		t.Run(c.name, func(t *testing.T) {
			if f := refusal(answerWith(c.status, c.body), "/customers"); f.Code != c.service {
				t.Errorf("the service's: got %s, want %s", f.Code, c.service)
			}
			f := callerRefusal(answerWith(c.status, c.body), "/customers")
			if f.Code != c.callers {
				t.Errorf("the caller's: got %s, want %s", f.Code, c.callers)
			}
			if strings.Contains(f.Text(), "service") {
				t.Errorf("the text for the caller speaks of the service: %s", f.Text())
			}
		})
	}
}

func codeOfError(err error) fault.Code {
	var f *fault.Error
	if !errors.As(err, &f) {
		return ""
	}
	return f.Code
}

func TestCheckJSON(t *testing.T) {
	for _, c := range []struct {
		contentType, encoding string
		ok                    bool
	}{
		{"application/json", "", true},
		{"application/json; charset=utf-8", "", true},
		{"Application/JSON;charset=UTF-8", "", true},
		{`text/json; charset="utf-8"`, "", true},
		{"application/json; odata=verbose", "", true},
		{"", "", false},
		{"text/html", "", false},
		{"application/problem+json", "", false},
		{"application/json; charset=iso-8859-1", "", false},
		{"application/json; charset=", "", false},
		{"application/json; charset", "", false},
		{"application/json|text/html", "", false},
		{"application/json", "gzip", false},
		{"application/json", "identity", false},
	} {
		t.Run(c.contentType+" "+c.encoding, func(t *testing.T) {
			h := http.Header{"Content-Type": strings.Split(c.contentType, "|")}
			if c.encoding != "" {
				h["Content-Encoding"] = []string{c.encoding}
			}
			if err := checkJSON(h); (err == nil) != c.ok {
				t.Error(err)
			}
		})
	}
}
