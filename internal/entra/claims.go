package entra

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Claims are claims of an access token. They are not verified: use them only for a token that has
// just come from Entra ID.
type Claims struct {
	Audience string // the first if there are several
	Tenant   string // tenant ID
	ObjectID string // of the user or of the app's service principal
	MFA      bool   // the user signed in with multifactor authentication
	Methods  bool   // the token states how the user signed in
	Expires  time.Time
}

// Inspect returns the claims of an access token without verifying it. It returns false if the token
// is not a readable JWT.
func Inspect(token string) (Claims, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return Claims{}, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return Claims{}, false
	}
	var members struct {
		Audience json.RawMessage `json:"aud"`
		Tenant   json.RawMessage `json:"tid"`
		ObjectID json.RawMessage `json:"oid"`
		Expires  json.RawMessage `json:"exp"`
		Methods  json.RawMessage `json:"amr"`
	}
	if err := json.Unmarshal(payload, &members); err != nil {
		return Claims{}, false
	}
	c := Claims{Audience: text(members.Audience), Tenant: text(members.Tenant), ObjectID: text(members.ObjectID)}
	if seconds, err := strconv.ParseInt(string(members.Expires), 10, 64); err == nil {
		c.Expires = time.Unix(seconds, 0)
	}
	if audiences := list(members.Audience); len(audiences) > 0 {
		c.Audience = text(audiences[0])
	}
	methods := list(members.Methods)
	c.Methods = methods != nil
	c.MFA = slices.ContainsFunc(methods, func(method json.RawMessage) bool { return text(method) == "mfa" })
	return c, true
}

// list returns the elements of a member that is an array. It returns nil for any other type.
func list(member json.RawMessage) (items []json.RawMessage) {
	if json.Unmarshal(member, &items) != nil {
		return nil
	}
	return items
}
