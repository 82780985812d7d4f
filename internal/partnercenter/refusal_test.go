package partnercenter

import (
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
		want   fault.Kind
	}{
		{101, "", list, fault.PartnerCenterError},
		{201, "", list, fault.PartnerCenterError},
		{204, "", list, fault.PartnerCenterError},
		{206, "", list, fault.PartnerCenterError},
		{301, "", list, fault.PartnerCenterRedirect},
		{304, "", customer, fault.PartnerCenterRedirect},
		{400, "", list, fault.PartnerCenterRejected},
		{400, "2000", list, fault.PartnerCenterRejected},
		{400, "2204", customer, fault.PartnerIDNotValid},
		{400, "900118", customer, fault.PartnerCenterInvalidCustomer},
		{400, "12345", customer, fault.PartnerCenterRejected},
		{401, "", list, fault.PartnerCenterUnauthorized},
		{401, "400", list, fault.PartnerCenterUnauthorized},
		{401, "900420", list, fault.PartnerCenterWrongAudience},
		{401, "900421", list, fault.MFARequired},
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
			t.Errorf("%d %q %s: got %s, want %s", c.status, c.code, c.path, got.Code, c.want.Code)
		}
	}
}

func TestErrorCode(t *testing.T) {
	for _, c := range []struct{ body, want string }{
		{`{"code":2000,"description":"x"}`, "2000"},
		{`{"code":"2000"}`, "2000"},
		{"\xef\xbb\xbf" + `{"code":2000}`, "2000"},
		{`{"statusCode":429,"message":"x"}`, ""},
		{`{"error":{"code":"invalid"}}`, ""},
		{`{"code":{"x":1}}`, ""},
		{`{"code":-1}`, ""},
		{`{"code":null}`, ""},
		{`<html>`, ""},
		{``, ""},
		{`{"code":1` + strings.Repeat(" ", 70_000) + `}`, ""},
	} {
		if got := errorCode(strings.NewReader(c.body)); got != c.want {
			t.Errorf("%.40s: got %q, want %q", c.body, got, c.want)
		}
	}
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
