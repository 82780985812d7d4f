package partnercenter

import (
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/fault"
)

func TestKindOf(t *testing.T) {
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
		if got := kindOf(c.status, c.code, c.path); got != c.want {
			t.Errorf("%d %q %s: got %s, want %s", c.status, c.code, c.path, got, c.want)
		}
	}
}

func TestComplaint(t *testing.T) {
	for _, c := range []struct {
		body string
		want complaint
	}{
		{`{"code":2000,"description":"x"}`, complaint{code: "2000"}},
		{`{"code":"2000"}`, complaint{code: "2000"}},
		{"\xef\xbb\xbf" + `{"code":2000}`, complaint{code: "2000"}},
		{`{"code":2000,"description":1}`, complaint{code: "2000"}},
		{`{"statusCode":429,"message":"x"}`, complaint{}},
		{`{"error":{"code":"invalid"}}`, complaint{}},
		{`{"code":{"x":1}}`, complaint{}},
		{`{"code":-1}`, complaint{}},
		{`{"code":null}`, complaint{}},
		{`<html>`, complaint{}},
		{``, complaint{}},
		{`{"code":1` + strings.Repeat(" ", 70_000) + `}`, complaint{}},
		{`{"code":9,"description":"MFA is required."}`, complaint{"9", true}},
		{`{"message":"The user must use multi-factor authentication."}`, complaint{"", true}},
		{`{"description":"no multifactor claim"}`, complaint{"", true}},
		{`{"description":"the amfax machine"}`, complaint{}},
		{`{"error":{"code":"x","message":"MFA is needed"}}`, complaint{"", true}},
		{`MFA is needed`, complaint{"", true}},
	} {
		if got := readComplaint(answerWith(401, c.body)); got != c.want {
			t.Errorf("%.40s: got %v, want %v", c.body, got, c.want)
		}
	}
	for claims, want := range map[string]bool{
		`{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`:        true,
		`{"access_token":{"amr":{"essential":true,"values":["mfa"]}}}`:     true,
		`{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}`: false, // a session that was ended
	} {
		challenged := answerWith(401, "")
		challenged.Header.Set("WWW-Authenticate", `Bearer realm="", error="insufficient_claims", claims="`+base64.StdEncoding.EncodeToString([]byte(claims))+`"`)
		if got := readComplaint(challenged).wantsMFA; got != want {
			t.Errorf("a challenge for %s: %t", claims, got)
		}
	}
}

func answerWith(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
}

// TestRefusalOfWhom tells the service's token from the caller's own: only its owner can do something about it.
func TestRefusalOfWhom(t *testing.T) {
	for _, c := range []struct {
		status        int
		body          string
		service, ours fault.Code
	}{
		{401, ``, fault.PartnerCenterUnauthorized, fault.PartnerCenterRefusedToken},
		{401, `{"code":900420}`, fault.PartnerCenterWrongAudience, fault.PartnerCenterRefusedToken},
		{401, `{"code":900421}`, fault.MfaRequired, fault.MultifactorSignInRequired},
		{401, `{"description":"no MFA claim"}`, fault.MfaRequired, fault.MultifactorSignInRequired},
		{403, `{"code":900308}`, fault.InsufficientPrivileges, fault.InsufficientPrivileges},
		{403, `{"code":900329}`, fault.AppOnlyNotSupported, fault.AppOnlyNotSupported},
		{403, `{"description":"no MFA claim"}`, fault.PartnerCenterForbidden, fault.PartnerCenterForbidden},
		{500, ``, fault.PartnerCenterError, fault.PartnerCenterError},
	} {
		for own, want := range map[bool]fault.Code{false: c.service, true: c.ours} {
			f := refusal(answerWith(c.status, c.body), "/customers", own)
			if f.Code != want {
				t.Errorf("%d %s own=%t: got %s, want %s", c.status, c.body, own, f.Code, want)
			}
			if own && strings.Contains(f.Text(), "service") {
				t.Errorf("%d %s: the caller is told of the service: %s", c.status, c.body, f.Text())
			}
		}
	}
}

func kindOfError(err error) fault.Code {
	var f *fault.Error
	if !errors.As(err, &f) {
		return fault.Code("")
	}
	return f.Code
}

func TestCheckHeader(t *testing.T) {
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
		h := http.Header{"Content-Type": strings.Split(c.contentType, "|")}
		if c.encoding != "" {
			h["Content-Encoding"] = []string{c.encoding}
		}
		if err := checkHeader(h); (err == nil) != c.ok {
			t.Errorf("%q %q: %v", c.contentType, c.encoding, err)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 5, 4, 3, 2, 1, 500, time.UTC)
	for _, c := range []struct {
		header string
		want   int
	}{
		{"", 10}, {"soon", 10}, {"-5", 10}, {"+5", 10}, {"0x10", 10}, {"1e2", 10}, {"NaN", 10}, {" ", 10},
		{"0", 1}, {"1", 1}, {"17", 17}, {"1.2", 2}, {"600", 600}, {"601", 600}, {"99999999999999999999999", 600}, {strings.Repeat("9", 400), 600},
		{now.Add(17 * time.Second).Format(http.TimeFormat), 17},
		{now.Add(time.Hour).Format(http.TimeFormat), 600},
		{"Fri, 31 Dec 9999 23:59:59 GMT", 600},
		{now.Format(http.TimeFormat), 1},
		{now.Add(-time.Hour).Format(http.TimeFormat), 10},
	} {
		if got := retryAfter(c.header, now); got != time.Duration(c.want)*time.Second {
			t.Errorf("%q: got %v, want %d s", c.header, got, c.want)
		}
	}
}
