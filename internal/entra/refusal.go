package entra

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/partner-center/connector/internal/fault"
)

// Refused is an answer other than 200: what of it may be logged.
type Refused struct {
	Peer   string // who answered, such as Entra ID
	Status int    // of HTTP; 0: the answer was a redirect of the browser
	Name   string // error of OAuth, such as invalid_client; empty: none that may be logged
	Codes  []int  // AADSTS numbers, which https://learn.microsoft.com/entra/identity-platform/reference-error-codes explains

	sub        string        // suberror; empty: none that means anything here
	user       bool          // a user's grant was refused, not one of the app alone
	retryAfter time.Duration // zero: none was named
}

// Error names the peer and what the answer says in numbers.
func (r *Refused) Error() string {
	text := "answer of " + r.Peer
	if r.Status != 0 {
		text = fmt.Sprintf("answer %d of %s", r.Status, r.Peer)
	}
	if r.Name != "" {
		text += ": " + r.Name
	}
	for _, code := range r.Codes {
		text += fmt.Sprintf(" AADSTS%d", code)
	}
	return text
}

// silence is a peer that did not answer, or with nothing that is of use.
type silence struct {
	peer string
	err  error
}

func (s *silence) Error() string { return "no usable answer of " + s.peer + ": " + s.err.Error() }
func (s *silence) Unwrap() error { return s.err }

const maxCodes = 8 // of one answer

var errorName = regexp.MustCompile(`^[a-z_]{1,40}$`)

// refused reads an answer other than 200.
func refused(peer string, resp *http.Response, body []byte) *Refused {
	r := &Refused{Peer: peer, Status: resp.StatusCode, retryAfter: retryAfter(resp.Header.Get("Retry-After"), time.Now())}
	var said struct {
		Error       json.RawMessage `json:"error"`
		Sub         json.RawMessage `json:"suberror"`
		Codes       json.RawMessage `json:"error_codes"`
		Description json.RawMessage `json:"error_description"`
	}
	if json.Unmarshal(body, &said) != nil {
		return r
	}
	if name := text(said.Error); errorName.MatchString(name) {
		r.Name = name
	}
	if sub := text(said.Sub); errorName.MatchString(sub) {
		r.sub = sub
	}
	if r.Codes = numbers(said.Codes); len(r.Codes) == 0 {
		r.Codes = described(text(said.Description))
	}
	return r
}

// text is a member that is a string; empty: it is none. Members are read one by one, because a type that nobody expects
// in one must not cost the others.
func text(member json.RawMessage) (s string) {
	if json.Unmarshal(member, &s) != nil {
		return ""
	}
	return s
}

var number = regexp.MustCompile(`^"?([0-9]{1,9})"?$`)

// numbers are the AADSTS numbers of a list, or of a member that is one number.
func numbers(member json.RawMessage) (codes []int) {
	var list []json.RawMessage
	if json.Unmarshal(member, &list) != nil {
		list = []json.RawMessage{member}
	}
	for _, item := range list {
		if found := number.FindSubmatch(item); found != nil && len(codes) < maxCodes {
			code, _ := strconv.Atoi(string(found[1])) // at most nine digits
			codes = append(codes, code)
		}
	}
	return codes
}

var aadsts = regexp.MustCompile(`AADSTS([0-9]{1,9})\b`)

// described is the first AADSTS number in an error's description, of which nothing else is read.
func described(description string) []int {
	found := aadsts.FindStringSubmatch(description)
	if found == nil {
		return nil
	}
	code, _ := strconv.Atoi(found[1]) // at most nine digits
	return []int{code}
}

// retryAfter reads a Retry-After header, seconds or a date; zero: it is of no use.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(header); err == nil {
		return max(date.Sub(now), 0)
	}
	return 0
}

// throttled is for how long the peer of an error does not want to be asked again.
func throttled(err error) time.Duration {
	var r *Refused
	if errors.As(err, &r) && (r.Status == http.StatusTooManyRequests || r.Status == http.StatusServiceUnavailable) {
		return r.retryAfter
	}
	return 0
}

var (
	mfaCodes       = []int{50072, 50074, 50076, 50078, 50079, 53004, 500121}
	transientCodes = []int{50033, 50196, 90006, 90012, 90024, 90033, 90055} // throttling and outages that come as a 400
)

// kind tells a refused credential from a peer that cannot answer.
func (r *Refused) kind() fault.Code {
	switch r.Status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
	default:
		return fault.IdentityUnavailable
	}
	switch {
	case r.has(mfaCodes), r.wantsMFA():
		return fault.MfaRequired
	case r.has(transientCodes), r.Name == "temporarily_unavailable":
		return fault.IdentityUnavailable
	}
	return fault.PartnerCenterUnauthorized
}

// wantsMFA says whether the suberror asks for multifactor authentication by name.
func (r *Refused) wantsMFA() bool { return strings.Contains(r.sub, "mfa") }

func (r *Refused) has(codes []int) bool {
	return slices.ContainsFunc(r.Codes, func(code int) bool { return slices.Contains(codes, code) })
}

// asFault is the fault that an error of a fetch stands for.
func asFault(err error) *fault.Error {
	f := &fault.Error{Code: fault.IdentityUnavailable, Cause: err}
	var r *Refused
	var bad *badFile
	switch {
	case errors.As(err, &r):
		f.Code = r.kind()
	case errors.As(err, &bad):
		f.Code = fault.PartnerCenterUnauthorized
	}
	if f.Code == fault.IdentityUnavailable {
		f.RetryAfter = fault.DefaultRetry
	}
	return f
}
