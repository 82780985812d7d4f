package auth

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/partner-center/connector/internal/fault"
)

// Bounds of a token.
const (
	maxToken   = 16 << 10 // bytes
	maxNesting = 8        // of objects and arrays in its header and payload
)

// reject returns the fault for an unacceptable token. part names the offending part and must be a
// fixed text: nothing of a token may be logged before its signature verifies.
func reject(code fault.Code, part string) error {
	return &fault.Error{Code: code, Cause: errors.New(part)}
}

// hasForm reports whether token can be a JWS in compact form. It decodes and allocates nothing.
// Line ends are excluded because base64 decoders skip them, which would give one token many
// spellings and defeat the lookup by digest.
func hasForm(token string) bool {
	return (len(token) <= maxToken) && (strings.Count(token, ".") == 2) && !strings.ContainsAny(token, "\r\n")
}

// strictBase64 rejects padding and non-zero trailing bits, which would be other spellings of the
// same token.
var strictBase64 = base64.RawURLEncoding.Strict()

// forbidden lists the header members that supply a key or change how the token is read. A token
// with any of them is rejected, whatever its value.
var forbidden = []string{"crit", "jku", "jwk", "x5u", "x5c", "b64", "zip"}

// keyID matches the key IDs that are looked up. It bounds what an unverified token can make the
// service store.
var keyID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)

// readHeader returns the ID of the key that signed token. The token must satisfy hasForm. Nothing
// else in the header affects how the token is verified.
func readHeader(token string) (string, error) {
	var parts [3][]byte
	for i, part := range strings.SplitN(token, ".", len(parts)) {
		var err error
		if parts[i], err = strictBase64.DecodeString(part); err != nil {
			return "", reject(fault.InvalidToken, "base64url")
		}
	}
	header, ok := readObject(parts[0])
	if !ok {
		return "", reject(fault.InvalidToken, "header")
	}
	if slices.ContainsFunc(forbidden, header.has) {
		return "", reject(fault.InvalidToken, "a header that is not allowed")
	}
	if !header.isOneOf("alg", "RS256") {
		return "", reject(fault.InvalidToken, "alg")
	}
	id, _ := header.text("kid")
	if !keyID.MatchString(id) {
		return "", reject(fault.InvalidToken, "kid")
	}
	return id, nil
}

// object holds the members of a JSON object by name.
type object map[string]jsontext.Value

// readObject parses data as exactly one JSON object in valid UTF-8. It returns false if names are
// duplicated or values are nested more than maxNesting deep.
func readObject(data []byte) (object, bool) {
	decoder := jsontext.NewDecoder(bytes.NewReader(data)) // rejects duplicate names and invalid UTF-8
	for {
		_, err := decoder.ReadToken()
		if err == io.EOF {
			break
		}
		if (err != nil) || (decoder.StackDepth() > maxNesting) {
			return nil, false
		}
	}
	var o object
	err := json.Unmarshal(data, &o)
	return o, (err == nil) && (o != nil)
}

func (o object) has(name string) bool {
	_, ok := o[name]
	return ok
}

// text returns the value of a member and whether it is a string.
func (o object) text(name string) (string, bool) {
	text, err := jsontext.AppendUnquote(nil, o[name])
	return string(text), err == nil
}

// isOneOf reports whether a member is a string that equals one of wanted.
func (o object) isOneOf(name string, wanted ...string) bool {
	text, ok := o.text(name)
	return ok && slices.Contains(wanted, text)
}

// guidForm matches a GUID in lower case, the form in which Entra ID issues them.
var guidForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// guid returns the value of a member and whether it is a GUID in canonical lower-case form.
func (o object) guid(name string) (string, bool) {
	text, _ := o.text(name)
	return text, guidForm.MatchString(text)
}

// integer returns the value of a member and whether it is a number without fraction or exponent.
func (o object) integer(name string) (int64, bool) {
	n, err := strconv.ParseInt(string(o[name]), 10, 64)
	return n, err == nil
}

// words splits list at spaces only. strings.Fields would also split at line ends, which RFC 6749
// does not allow in a scope.
func words(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ' ' })
}

// A lifetime is the period in which a token is valid. Both ends are in seconds since 1970. A leeway
// of a minute beyond each end allows for clocks that differ. It is applied to the current time
// rather than to the ends, which can be any integer and would overflow.
type lifetime struct{ begins, ends int64 }

const leeway = 60 // seconds

func (l lifetime) begun(now time.Time) bool { return l.begins <= now.Unix()+leeway }

func (l lifetime) ended(now time.Time) bool {
	latest := now.Unix() - leeway
	return (latest > l.ends) || ((latest == l.ends) && (now.Nanosecond() > 0))
}
