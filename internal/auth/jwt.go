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

// The bounds of a token.
const (
	maxToken   = 16 << 10 // bytes
	maxNesting = 8        // of objects and arrays in its header and payload
)

// refuse returns the fault of a token. What names the part that is wrong, in fixed words: a token's own bytes do not
// get into the log.
func refuse(kind fault.Code, what string) error {
	return &fault.Error{Code: kind, Cause: errors.New(what)}
}

// hasForm says whether a text can be a token in the compact form. It looks at no part and allocates nothing.
func hasForm(token string) bool {
	return len(token) <= maxToken && strings.Count(token, ".") == 2 &&
		!strings.Contains(token, "\r") && !strings.Contains(token, "\n") // base64 skips them, so a token would have many spellings
}

// strictBase64 refuses padding and loose bits at the end, which would be other spellings of a token.
var strictBase64 = base64.RawURLEncoding.Strict()

// forbidden are members of a header that name a key, or change how the token is to be read.
var forbidden = []string{"crit", "jku", "jwk", "x5u", "x5c", "b64", "zip"}

var keyID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)

// readHeader returns the id of the key that signed a token, of which hasForm must hold. Nothing else of the header
// has a say in how the token is verified.
func readHeader(token string) (string, error) {
	var parts [3][]byte
	for i, part := range strings.SplitN(token, ".", len(parts)) {
		var err error
		if parts[i], err = strictBase64.DecodeString(part); err != nil {
			return "", refuse(fault.InvalidToken, "base64url")
		}
	}
	header, ok := readObject(parts[0])
	if !ok {
		return "", refuse(fault.InvalidToken, "header")
	}
	if slices.ContainsFunc(forbidden, header.has) {
		return "", refuse(fault.InvalidToken, "a header that is not allowed")
	}
	if !header.isOneOf("alg", "RS256") {
		return "", refuse(fault.InvalidToken, "alg")
	}
	id, _ := header.text("kid")
	if !keyID.MatchString(id) {
		return "", refuse(fault.InvalidToken, "kid")
	}
	return id, nil
}

// object is a JSON object's members by name.
type object map[string]jsontext.Value

// readObject reads one JSON object of valid UTF-8 without duplicate names or deep nesting, and nothing behind it.
func readObject(data []byte) (object, bool) {
	decoder := jsontext.NewDecoder(bytes.NewReader(data)) // refuses duplicate names and invalid UTF-8
	for {
		_, err := decoder.ReadToken()
		if err == io.EOF {
			break
		}
		if err != nil || decoder.StackDepth() > maxNesting {
			return nil, false
		}
	}
	var o object
	err := json.Unmarshal(data, &o)
	return o, err == nil && o != nil
}

func (o object) has(name string) bool {
	_, ok := o[name]
	return ok
}

// text returns a member that is a string.
func (o object) text(name string) (string, bool) {
	text, err := jsontext.AppendUnquote(nil, o[name])
	return string(text), err == nil
}

// isOneOf says whether a member is a string among those wanted.
func (o object) isOneOf(name string, wanted ...string) bool {
	text, ok := o.text(name)
	return ok && slices.Contains(wanted, text)
}

var guidForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// guid returns a member that is a GUID in its canonical form, in lower case.
func (o object) guid(name string) (string, bool) {
	text, _ := o.text(name)
	return text, guidForm.MatchString(text)
}

// integer returns a member that is a number without fraction and exponent.
func (o object) integer(name string) (int64, bool) {
	n, err := strconv.ParseInt(string(o[name]), 10, 64)
	return n, err == nil
}

// words splits a list at its spaces.
func words(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ' ' })
}

// lifetime is when a token is valid: both ends in seconds since 1970, and a minute of leeway beyond each for clocks
// that differ. It computes with now alone, since the ends can be any integer.
type lifetime struct{ begins, ends int64 }

const leeway = 60 // seconds

func (l lifetime) begun(now time.Time) bool { return l.begins <= now.Unix()+leeway }

func (l lifetime) ended(now time.Time) bool {
	latest := now.Unix() - leeway
	return latest > l.ends || latest == l.ends && now.Nanosecond() > 0
}
