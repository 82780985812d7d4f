package entra

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Claims are what an access token says about itself. Nothing of it is verified: it is good for a token that has just
// come from Entra ID.
type Claims struct {
	Audience string // what it is for; the first where there are several
	Tenant   string // ID
	MFA      bool   // whether the user signed in with multifactor authentication
	Methods  bool   // whether it says how the user signed in
}

// Inspect reads the claims of an access token; false: it is none that can be read.
func Inspect(token string) (Claims, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return Claims{}, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return Claims{}, false
	}
	var said struct {
		Audience json.RawMessage `json:"aud"`
		Tenant   json.RawMessage `json:"tid"`
		Methods  json.RawMessage `json:"amr"`
	}
	if err := json.Unmarshal(payload, &said); err != nil {
		return Claims{}, false
	}
	c := Claims{Audience: text(said.Audience), Tenant: text(said.Tenant)}
	if audiences := list(said.Audience); len(audiences) > 0 {
		c.Audience = text(audiences[0])
	}
	methods := list(said.Methods)
	c.Methods = methods != nil
	c.MFA = slices.ContainsFunc(methods, func(method json.RawMessage) bool { return text(method) == "mfa" })
	return c, true
}

// list is a member that is an array; nil: it is none.
func list(member json.RawMessage) (items []json.RawMessage) {
	if json.Unmarshal(member, &items) != nil {
		return nil
	}
	return items
}

// Metadata is what Entra ID says of a tenant to everybody.
type Metadata struct {
	Cloud string        // microsoftonline.com, microsoftonline.us or partner.microsoftonline.cn; empty: it does not say
	Ahead time.Duration // how far its clock is ahead of ours, give or take a second; zero: it does not say
}

var cloudName = regexp.MustCompile(`^[a-z0-9.-]{1,64}$`)

// Probe asks Entra ID for what it says of the tenant. An error is a *fault.Error; its cause is a *Refused with code
// 90002 where the cloud knows no such tenant.
func Probe(ctx context.Context, c Config) (Metadata, error) {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Authority+"/"+c.TenantID+"/v2.0/.well-known/openid-configuration", nil)
	if err != nil {
		return Metadata{}, asFault(err)
	}
	w := c.wire(entraID)
	asked := time.Now()
	resp, err := w.client().Do(req)
	if err != nil {
		return Metadata{}, asFault(w.failure())
	}
	defer resp.Body.Close()
	if w.err != nil {
		return Metadata{}, asFault(w.err)
	}
	var said struct {
		Issuer string `json:"issuer"`
		Cloud  string `json:"cloud_instance_name"`
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil || json.Unmarshal(body, &said) != nil || said.Issuer == "" {
		return Metadata{}, asFault(&silence{entraID, errors.New("it describes no tenant")})
	}
	var m Metadata
	if cloudName.MatchString(said.Cloud) {
		m.Cloud = said.Cloud
	}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		now := asked.Add(time.Since(asked) / 2) // the answer was written about then
		m.Ahead = date.Add(time.Second / 2).Sub(now).Round(time.Second)
	}
	return m, nil
}
