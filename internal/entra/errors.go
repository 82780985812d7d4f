package entra

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/secretfile"
)

// A RefusedError is a response with a status other than 200. It holds only what may be logged.
type RefusedError struct {
	Peer      string // EntraID, ManagedIdentity or SignInPage
	Status    int    // HTTP status; 0: the browser brought the error in a redirect
	Name      string // OAuth error, such as invalid_client; empty: none that may be logged
	Suberror  string // empty: none that may be logged
	Codes     []int  // AADSTS numbers: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
	GrantType string // the refused grant, such as refresh_token; empty: no grant was sent

	retryAfter time.Duration // zero: not stated
}

// Error returns the peer with the status, name and numbers of its response.
func (e *RefusedError) Error() string {
	text := "answer of " + e.Peer
	if e.Status != 0 {
		text = fmt.Sprintf("answer %d of %s", e.Status, e.Peer)
	}
	if e.Name != "" {
		text += ": " + e.Name
	}
	for _, code := range e.Codes {
		text += fmt.Sprintf(" AADSTS%d", code)
	}
	return text
}

// A NoAnswerError means that a peer did not answer, or not with anything usable.
type NoAnswerError struct {
	Peer string
	Err  error
}

// Error returns the peer and the reason.
func (e *NoAnswerError) Error() string { return "no usable answer of " + e.Peer + ": " + e.Err.Error() }

// Unwrap returns the reason.
func (e *NoAnswerError) Unwrap() error { return e.Err }

// maxCodes bounds the numbers that are taken from one response.
const maxCodes = 8

// errorName matches names that may be logged: they are too short and plain to be a credential.
var errorName = regexp.MustCompile(`^[a-z_]{1,40}$`)

// newRefusedError parses a response with a status other than 200. Whatever is malformed is left
// empty.
func newRefusedError(from origin, resp *http.Response, body []byte) *RefusedError {
	e := &RefusedError{
		Peer:       from.peer,
		Status:     resp.StatusCode,
		GrantType:  from.grant,
		retryAfter: retryAfter(resp.Header.Get("Retry-After"), time.Now()),
	}
	var answer struct {
		Error       json.RawMessage `json:"error"`
		Suberror    json.RawMessage `json:"suberror"`
		Codes       json.RawMessage `json:"error_codes"`
		Description json.RawMessage `json:"error_description"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return e
	}
	e.Name, e.Suberror = nameOrEmpty(text(answer.Error)), nameOrEmpty(text(answer.Suberror))
	if e.Codes = numbers(answer.Codes); len(e.Codes) == 0 {
		e.Codes = firstNumber(text(answer.Description))
	}
	return e
}

// SignInError returns the refusal in the query of the redirect from the sign-in page. Such an error
// has its number in the description only.
func SignInError(answer url.Values) *RefusedError {
	return &RefusedError{
		Peer:  SignInPage,
		Name:  nameOrEmpty(answer.Get("error")),
		Codes: firstNumber(answer.Get("error_description")),
	}
}

// nameOrEmpty returns s if it has the form of an error name, which may be logged, else an empty
// string.
func nameOrEmpty(s string) string {
	if errorName.MatchString(s) {
		return s
	}
	return ""
}

// text returns the value of a member that is a string, else an empty string.
func text(member json.RawMessage) (s string) {
	if json.Unmarshal(member, &s) != nil {
		return ""
	}
	return s
}

// number matches an AADSTS number, with or without quotes.
var number = regexp.MustCompile(`^"?([0-9]{1,9})"?$`)

// numbers returns the AADSTS numbers in a member that is a list or a single number.
func numbers(member json.RawMessage) (codes []int) {
	var list []json.RawMessage
	if json.Unmarshal(member, &list) != nil {
		list = []json.RawMessage{member}
	}
	for _, item := range list {
		if found := number.FindSubmatch(item); (found != nil) && (len(codes) < maxCodes) {
			code, _ := strconv.Atoi(string(found[1])) // at most nine digits
			codes = append(codes, code)
		}
	}
	return codes
}

var aadsts = regexp.MustCompile(`AADSTS([0-9]{1,9})\b`)

// firstNumber returns the first AADSTS number in an error description, which is not used otherwise.
func firstNumber(description string) []int {
	found := aadsts.FindStringSubmatch(description)
	if found == nil {
		return nil
	}
	code, _ := strconv.Atoi(found[1]) // at most nine digits
	return []int{code}
}

// retryAfter parses a Retry-After header, in seconds or as a date. It returns zero if the header is
// absent or malformed.
func retryAfter(header string, now time.Time) time.Duration {
	if n, err := strconv.ParseUint(header, 10, 31); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(n) * time.Second
	}
	if date, err := http.ParseTime(header); err == nil {
		return max(date.Sub(now), 0)
	}
	return 0
}

// throttled returns how long the peer that caused err asked to wait before the next request.
func throttled(err error) time.Duration {
	var r *RefusedError
	if errors.As(err, &r) && (r.Status == http.StatusTooManyRequests || r.Status == http.StatusServiceUnavailable) {
		return r.retryAfter
	}
	return 0
}

var (
	mfaCodes       = []int{50072, 50074, 50076, 50078, 50079, 53004, 500121}
	transientCodes = []int{50033, 50196, 90006, 90012, 90024, 90033, 90055} // sent with status 400
)

// Code distinguishes a refused credential from a peer that is not available at the moment.
func (e *RefusedError) Code() fault.Code {
	switch e.Status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
	default:
		return fault.IdentityUnavailable
	}
	switch {
	case e.WantsMFA():
		return fault.MfaRequired
	case e.has(transientCodes), e.Name == "temporarily_unavailable":
		return fault.IdentityUnavailable
	}
	return fault.PartnerCenterUnauthorized
}

// WantsMFA reports whether the user has to sign in with multifactor authentication.
func (e *RefusedError) WantsMFA() bool { return e.has(mfaCodes) || strings.Contains(e.Suberror, "mfa") }

func (e *RefusedError) has(codes []int) bool {
	return slices.ContainsFunc(e.Codes, func(code int) bool { return slices.Contains(codes, code) })
}

// asFault converts an error of a fetch to the fault that calls fail with.
func asFault(err error) *fault.Error {
	f := &fault.Error{Code: fault.IdentityUnavailable, Cause: err}
	var r *RefusedError
	var file *secretfile.Error
	switch {
	case errors.As(err, &r):
		f.Code = r.Code()
	case errors.As(err, &file):
		f.Code = fault.PartnerCenterUnauthorized
	}
	if f.Code == fault.IdentityUnavailable {
		f.RetryAfter = fault.DefaultRetry
	}
	return f
}
