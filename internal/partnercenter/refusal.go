package partnercenter

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/partner-center/connector/internal/fault"
)

// refusal returns the fault for a response with a status other than 200 to a call of path with the
// service's own token. It does not close the body.
func refusal(resp *http.Response, path string) *fault.Error {
	var e errorBody
	if _, ok := codeFaults[resp.StatusCode]; ok { // other bodies add nothing, and that of a 101 never ends
		e = readErrorBody(resp)
	}
	code := codeOf(resp.StatusCode, e.code, path)
	if resp.StatusCode == http.StatusUnauthorized && e.wantsMFA {
		code = fault.MfaRequired
	}
	f := &fault.Error{Code: code, Cause: fmt.Errorf("answer %d of Partner Center, code %q", resp.StatusCode, e.code)}
	if resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable {
		f.RetryAfter = retryAfter(resp.Header.Get("Retry-After"), time.Now())
	}
	return f
}

// callerRefusal is refusal for a call with a token that the caller brought.
func callerRefusal(resp *http.Response, path string) *fault.Error {
	f := refusal(resp, path)
	f.Message = callerTexts[f.Code]
	if code, ok := callerCodes[f.Code]; ok {
		f.Code = code
	}
	return f
}

// An errorBody is the relevant content of an error response.
type errorBody struct {
	code     string // digits; empty: none
	wantsMFA bool   // the user has not signed in with multifactor authentication
}

var digits = regexp.MustCompile(`^[0-9]{1,9}$`)

// Partner Center documents neither the code nor the text with which it refuses a call for lack of
// multifactor authentication:
// https://learn.microsoft.com/partner-center/developer/partner-center-authentication. A claims
// challenge can ask for it too, by the claims amr or acrs:
// https://learn.microsoft.com/entra/identity-platform/claims-challenge.
var (
	mfaText       = regexp.MustCompile(`(?i)\bmfa\b|multi-?\s?factor`)
	claimsHeader  = regexp.MustCompile(`\bclaims="([A-Za-z0-9+/_-]+)=*"`)
	mfaClaimNames = regexp.MustCompile(`"(amr|acrs)"`)
)

// readErrorBody reads up to 64 KiB of an error response. Partner Center sends the code as a number
// or as a string.
func readErrorBody(resp *http.Response) errorBody {
	e := errorBody{wantsMFA: challengesMFA(resp.Header.Get("WWW-Authenticate"))}
	text, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return e
	}
	e.wantsMFA = e.wantsMFA || mfaText.Match(text)
	var body struct{ Code json.RawMessage }
	_ = json.Unmarshal(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), &body) // a body that is not JSON has no code
	if code := strings.Trim(string(body.Code), `"`); digits.MatchString(code) {
		e.code = code
	}
	return e
}

// challengesMFA reports whether a WWW-Authenticate header requests multifactor authentication.
func challengesMFA(header string) bool {
	if mfaText.MatchString(header) {
		return true
	}
	parts := claimsHeader.FindStringSubmatch(header)
	if parts == nil {
		return false
	}
	claims, err := base64.RawURLEncoding.DecodeString(strings.NewReplacer("+", "-", "/", "_").Replace(parts[1]))
	return err == nil && mfaClaimNames.Match(claims)
}

// usualContentType is the Content-Type of Partner Center's JSON.
const usualContentType = "application/json; charset=utf-8"

// checkJSON returns an error unless the header of a 200 announces uncompressed JSON in UTF-8.
func checkJSON(h http.Header) error {
	if len(h["Content-Encoding"]) > 0 {
		return errors.New("a Content-Encoding that was not asked for")
	}
	if types := h["Content-Type"]; len(types) == 1 && types[0] == usualContentType {
		return nil
	}
	media, parameters, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || len(h.Values("Content-Type")) > 1 || (media != "application/json" && media != "text/json") {
		return errors.New("a Content-Type other than application/json")
	}
	if charset, ok := parameters["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return errors.New("a charset other than UTF-8")
	}
	return nil
}
