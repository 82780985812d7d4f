package partnercenter

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/partner-center/connector/internal/fault"
)

// statuses are the kinds of Partner Center's statuses; the rest is decided by their class.
var statuses = map[int]fault.Code{
	http.StatusUnauthorized:       fault.PartnerCenterUnauthorized,
	http.StatusForbidden:          fault.PartnerCenterForbidden,
	http.StatusNotFound:           fault.PartnerCenterNotFound,
	http.StatusTooManyRequests:    fault.PartnerCenterThrottled,
	http.StatusServiceUnavailable: fault.PartnerCenterUnavailable,
}

// codes are the kinds of Partner Center's own codes by the status that they come with, where they say more than
// the status alone: https://learn.microsoft.com/partner-center/developer/error-codes.
var codes = map[int]map[string]fault.Code{
	400: {
		"3000":   fault.PartnerCenterInvalidProperty,
		"900118": fault.PartnerCenterInvalidCustomer,
		"900126": fault.PartnerCenterUnknownValue,
		"900127": fault.PartnerCenterWrongEnvironment,
		"800042": fault.PartnerCenterNotSupported,
		"900141": fault.PartnerCenterNotSupported,
		"2200":   fault.PartnerIdNotValid,
		"2201":   fault.PartnerIdNotValid,
		"2202":   fault.PartnerIdNotValid,
		"2203":   fault.PartnerIdNotValid,
		"2204":   fault.PartnerIdNotValid,
		"2205":   fault.PartnerIdNotValid,
		"2206":   fault.PartnerIdNotValid,
	},
	401: {
		"900420": fault.PartnerCenterWrongAudience,
		"900421": fault.MfaRequired,
	},
	403: {
		"2030":   fault.CountryNotOnboarded,
		"2032":   fault.AccessDenied,
		"20002":  fault.NoCustomerRelationship,
		"90000":  fault.TokenIssuanceFailed,
		"400030": fault.TargetSegmentNotAllowed,
		"400036": fault.TargetViewNotAllowed,
		"800039": fault.ResellerProgramNotActive,
		"800043": fault.PricingNotGranted,
		"800075": fault.CustomerNotApproved,
		"900149": fault.ProgramNotActive,
		"900150": fault.RoleNotAllowed,
		"900308": fault.InsufficientPrivileges,
		"900309": fault.ConditionalAccessBlocked,
		"900329": fault.AppOnlyNotSupported,
		"900416": fault.CustomerLocked,
	},
	404: {
		"20000":  fault.OrderNotFound,
		"20003":  fault.SubscriptionNotFound,
		"60002":  fault.UserNotFound,
		"60003":  fault.CustomerNotFound,
		"400013": fault.ProductNotFound,
		"400018": fault.SkuNotFound,
	},
}

// ofCaller are the kinds of a refused token that is the caller's own, who can do something about it.
var ofCaller = map[fault.Code]fault.Code{
	fault.PartnerCenterUnauthorized:  fault.PartnerCenterRefusedToken,
	fault.PartnerCenterWrongAudience: fault.PartnerCenterRefusedToken,
	fault.MfaRequired:                fault.MultifactorSignInRequired,
}

// toCaller are the texts of kinds that speak of the service's sign-in otherwise.
var toCaller = map[fault.Code]string{
	fault.PartnerCenterForbidden:   "Partner Center does not allow you this call. Ask for a role in Partner Center that may make it.",
	fault.InsufficientPrivileges:   "You lack the privileges for this call in Partner Center. Ask for a role there that has them.",
	fault.RoleNotAllowed:           "Your role in Partner Center may not make this call. Ask for another one.",
	fault.ConditionalAccessBlocked: "A Conditional Access policy blocks your sign-in. Ask your administrator to look at the sign-in logs in Entra ID.",
	fault.AppOnlyNotSupported:      "Partner Center answers this call only to a signed-in user, and does not take your token for one. Open the connection and sign in again.",
}

// refusal is the fault that an answer other than 200 to a call of path stands for; own says whether the call had its
// caller's token.
func refusal(resp *http.Response, path string, own bool) *fault.Error {
	var said complaint
	if _, ok := codes[resp.StatusCode]; ok { // no other body is worth a wait, and that of a 101 is a connection without end
		said = readComplaint(resp)
	}
	kind := kindOf(resp.StatusCode, said.code, path)
	if resp.StatusCode == http.StatusUnauthorized && said.wantsMFA {
		kind = fault.MfaRequired
	}
	text := ""
	if own {
		text = toCaller[kind]
		if k, ok := ofCaller[kind]; ok {
			kind = k
		}
	}
	f := &fault.Error{Code: kind, Message: text, Cause: fmt.Errorf("answer %d of Partner Center, code %q", resp.StatusCode, said.code)}
	if resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable {
		f.RetryAfter = retryAfter(resp.Header.Get("Retry-After"), time.Now())
	}
	return f
}

func kindOf(status int, code, path string) fault.Code {
	if kind, ok := codes[status][code]; ok {
		return kind
	}
	switch {
	case status == http.StatusNotFound && strings.HasPrefix(path, "/customers/"):
		return fault.CustomerNotFound
	case status == http.StatusNotFound && strings.HasPrefix(path, "/invoices/"):
		return fault.InvoiceNotFound
	}
	if kind, ok := statuses[status]; ok {
		return kind
	}
	switch status / 100 {
	case 3:
		return fault.PartnerCenterRedirect
	case 4:
		return fault.PartnerCenterRejected
	}
	return fault.PartnerCenterError
}

var digits = regexp.MustCompile(`^[0-9]{1,9}$`)

// complaint is what an error answer says.
type complaint struct {
	code     string // digits; empty: none
	wantsMFA bool   // that its user has not signed in with multifactor authentication
}

// mfa is how a refusal for want of multifactor authentication reads. Partner Center has published neither its code nor
// its text: https://learn.microsoft.com/partner-center/developer/partner-center-authentication. A claims challenge can
// ask for it too, by the claims amr or acrs: https://learn.microsoft.com/entra/identity-platform/claims-challenge.
var (
	mfa       = regexp.MustCompile(`(?i)\bmfa\b|multi-?\s?factor`)
	challenge = regexp.MustCompile(`\bclaims="([A-Za-z0-9+/_-]+)=*"`)
	methods   = regexp.MustCompile(`"(amr|acrs)"`)
)

// readComplaint reads an error body, in which Partner Center writes the code as a number or as a string.
func readComplaint(resp *http.Response) complaint {
	c := complaint{wantsMFA: challengesMFA(resp.Header.Get("WWW-Authenticate"))}
	text, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return c
	}
	c.wantsMFA = c.wantsMFA || mfa.Match(text)
	var e struct{ Code json.RawMessage }
	_ = json.Unmarshal(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), &e) // what cannot be read says nothing
	if code := strings.Trim(string(e.Code), `"`); digits.MatchString(code) {
		c.code = code
	}
	return c
}

// challengesMFA says whether a WWW-Authenticate header asks for multifactor authentication.
func challengesMFA(header string) bool {
	if mfa.MatchString(header) {
		return true
	}
	parts := challenge.FindStringSubmatch(header)
	if parts == nil {
		return false
	}
	claims, err := base64.RawURLEncoding.DecodeString(strings.NewReplacer("+", "-", "/", "_").Replace(parts[1]))
	return err == nil && methods.Match(claims)
}

// checkHeader refuses a 200 whose body cannot be the JSON that was asked for.
func checkHeader(h http.Header) error {
	if len(h.Values("Content-Encoding")) > 0 {
		return errors.New("a Content-Encoding that was not asked for")
	}
	media, parameters, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || len(h.Values("Content-Type")) > 1 || media != "application/json" && media != "text/json" {
		return errors.New("a Content-Type other than application/json")
	}
	if charset, ok := parameters["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return errors.New("a charset other than UTF-8")
	}
	return nil
}

const (
	minRetry = time.Second
	maxRetry = 600 * time.Second
)

var seconds = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)

// retryAfter reads a Retry-After header, seconds or a date, into whole seconds from 1 to 600; where it is of no
// use it is the usual wait.
func retryAfter(header string, now time.Time) time.Duration {
	var wait time.Duration
	if seconds.MatchString(header) {
		s, _ := strconv.ParseFloat(header, 64) // out of range is +Inf
		wait = time.Duration(math.Ceil(min(s, maxRetry.Seconds()))) * time.Second
	} else if date, err := http.ParseTime(header); err == nil && !date.Before(now.Truncate(time.Second)) {
		wait = min(date.Sub(now), maxRetry)
		wait = (wait + time.Second - 1).Truncate(time.Second)
	} else {
		return fault.DefaultRetry
	}
	return min(max(wait, minRetry), maxRetry)
}
